"""JSON-RPC: listeners, connections both ways, and pools of connections to other daemons.

    octets      links       plain sockets, TLS, WebSocket        acceptor   accepting, counting and ending connections
       │        framing     where JSON values begin and end      limits     what a peer may ask
    messages    requests and answers in both dialects
       │
    answering   request → arguments (strict, then lenient) → interface.Directory → answer
       │
    connection  many requests at a time, calls in both directions; crew runs those that wait, sender sends

server is the listener for TCP; http_listeners those for HTTP, with http_rpc, websocket and the faces of components. pool, with
client, http_client and strategies, is the other side: `rpc_conns`. replies and remote_errors make an answer what it was there.
"""
