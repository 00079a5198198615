"""Janus' JSON objects: reading requests, making replies and errors, and keeping transactions of many browsers apart. No I/O.

Source: the REST, WebSocket and plugin API pages of Janus 1.x, and the answers of Debian's 1.1.2 (tests/e2e compares them live).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import msgspec

from cgrd import codec

Message = dict[str, Any]
"""One JSON object of the Janus API."""

UNAUTHORIZED = 403
TRANSPORT_SPECIFIC = 450
INVALID_JSON = 454
NOT_AN_OBJECT = 455
MISSING_ELEMENT = 456
UNHANDLED = 457
NO_SUCH_SESSION = 458
NO_SUCH_HANDLE = 459
INVALID_ELEMENT = 467
UNKNOWN = 490

_DEEPEST = 64

REPLIES = frozenset({"success", "ack", "error", "server_info", "pong"})
"""What answers a request; anything else that Janus sends is an event, also where it names a transaction."""


class JanusError(Exception):
    """A refusal in Janus' own form: `{"janus": "error", "error": {"code": 458, "reason": "No such session 1"}}`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    def told(self, request: Mapping[str, Any]) -> Message:
        """The error object that answers `request`."""
        session = {"session_id": request["session_id"]} if request.get("session_id") else {}
        transaction = {"transaction": request["transaction"]} if "transaction" in request else {}
        return {"janus": "error", **session, **transaction, "error": {"code": self.code, "reason": self.reason}}


def read_request(data: bytes | str, *, session_id: int = 0, handle_id: int = 0) -> Message:
    """A request from its bytes, with the ids of its path put in.

    Raises:
        JanusError: 454 no JSON, 455 no object, 456 an element is missing, 467 one has the wrong type.
    """
    try:
        message = codec.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, ArithmeticError) as error:
        raise JanusError(INVALID_JSON, f"JSON error: {error}") from error
    if not isinstance(message, dict):
        raise JanusError(NOT_AN_OBJECT, "JSON error: not an object")
    if _deeper_than(message, _DEEPEST):
        raise JanusError(INVALID_JSON, f"JSON error: nested deeper than {_DEEPEST} objects and arrays")
    for name in ("transaction", "janus"):
        _element(message, name, str, "a string")
    for name, value in (("session_id", session_id), ("handle_id", handle_id)):
        if value:
            message[name] = value
        if name in message:
            _element(message, name, int, "a positive integer")
    return message


def _deeper_than(value: Any, most: int) -> bool:
    """Whether objects and arrays are nested deeper than so many levels; level by level, so that depth costs no stack."""
    level = [value]
    for _ in range(most):
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each) if isinstance(inner, (dict, list))]
    return bool(level)


def _element(message: Message, name: str, wanted: type, words: str) -> None:
    if name not in message:
        raise JanusError(MISSING_ELEMENT, f"Missing mandatory element ({name})")
    value = message[name]
    if not isinstance(value, wanted) or isinstance(value, bool) or (isinstance(value, int) and value < 0):
        raise JanusError(INVALID_ELEMENT, f"Invalid element type ({name} should be {words})")


def write(message: Message | list[Message]) -> bytes:
    """The bytes of an object, or of a list of events."""
    return codec.encode(message)


class Transactions:
    """Transaction ids of our own, with the browser's inside, so that equal ids of two browsers never meet.

    An event of a plugin may name the transaction long after its request was acknowledged; since the browser's id can be read
    from ours, nothing has to be remembered for it.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def outer(self, inner: str = "") -> str:
        """A fresh id that carries `inner`."""
        return f"{next(self._numbers)}.{inner}"

    @staticmethod
    def inner(outer: object) -> str:
        """The browser's part of one of our ids; "" for anything else."""
        return str(outer).partition(".")[2]


def for_browser(message: Message) -> Message:
    """What Janus said, with the browser's own transaction."""
    if "transaction" not in message:
        return message
    inner = Transactions.inner(message["transaction"])
    kept = {name: inner if name == "transaction" else value for name, value in message.items()}
    if not inner:
        del kept["transaction"]
    return kept


def hangup(*, session_id: int, handle_id: int, reason: str) -> Message:
    """The event that tells a browser that its PeerConnection is over, and why."""
    return {"janus": "hangup", "session_id": session_id, "sender": handle_id, "reason": reason}


def notice(*, session_id: int, handle_id: int, plugin: str, data: Mapping[str, Any]) -> Message:
    """An event beside the plugin's own, under `data.cgrd`: warnings that do not end anything."""
    return {"janus": "event", "session_id": session_id, "sender": handle_id, "plugindata": {"plugin": plugin, "data": {"cgrd": dict(data)}}}
