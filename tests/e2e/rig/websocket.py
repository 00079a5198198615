"""A WebSocket client of the Janus API in plain blocking code."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage


class Closed(Exception):
    """The other end has closed, or never accepted."""


class WebSocketClient:
    """One connection, as a context.

    Args:
        url: ws://host:port/path.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        self._told: list[Any] = []
        self._text = ""
        self._send(Request(host=parts.netloc, target=parts.path, subprotocols=["janus-protocol"]))
        while not isinstance(self._next(), AcceptConnection):
            pass

    def __enter__(self) -> WebSocketClient:
        return self

    def __exit__(self, *failure: object) -> None:
        self._socket.close()

    def ask(self, message: dict[str, Any]) -> Any:
        """The reply to a message; Janus may tell events before it."""
        self._send(TextMessage(json.dumps(message)))
        while (found := self._read())["janus"] not in ("ack", "success", "error"):
            self._told.append(found)
        return found

    def event(self) -> Any:
        """The next event; raises `Closed`, or `TimeoutError` after twenty seconds."""
        return self._told.pop(0) if self._told else self._read()

    def _read(self) -> Any:
        while True:
            event = self._next()
            if isinstance(event, Ping):
                self._send(event.response())
            elif isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    whole, self._text = self._text, ""
                    return json.loads(whole)

    def _next(self) -> Event:
        while not self._events:
            data = self._socket.recv(65536)
            self._protocol.receive_data(data or None)
            self._events += self._protocol.events()
        event = self._events.pop(0)
        if isinstance(event, CloseConnection):
            raise Closed(f"{event.code} {event.reason}")
        return event

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._protocol.send(event))
