"""JSON-RPC: listeners, connections both ways, and pools of connections to other daemons."""
