"""What another daemon answered, as the error that it would have been here: `except NotFound` means the same for both."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cgrd.codec import decode
from cgrd.errors import (
    Busy,
    CgrdError,
    Disconnected,
    Exists,
    InsufficientCredit,
    MandatoryMissing,
    NotConnected,
    NotFound,
    PartiallyExecuted,
    RemoteError,
    ReplyTimeout,
    ServerError,
    UnknownMethod,
    UnknownService,
)
from cgrd.rpc.messages import UNREADABLE

_WORDS: dict[str, Callable[[str], CgrdError]] = {
    "NOT_FOUND": lambda explain: NotFound(explain=explain),
    "EXISTS": lambda explain: Exists(explain=explain),
    "PARTIALLY_EXECUTED": lambda explain: PartiallyExecuted(explain=explain),
    "MAX_CONCURRENT_RPC_EXCEEDED": lambda explain: Busy(explain=explain),
    "DISCONNECTED": lambda explain: Disconnected(explain=explain),
    "REPLY_TIMEOUT": lambda explain: ReplyTimeout(explain=explain),
}

_BEGINNINGS: dict[str, Callable[[str, str], CgrdError]] = {
    "NOT_FOUND:": lambda rest, explain: NotFound.of(rest, explain=explain),
    "MANDATORY_IE_MISSING: ": lambda rest, explain: MandatoryMissing(*rest.strip("[]").split(), explain=explain),
    "NOT_CONNECTED: ": lambda rest, explain: NotConnected(rest, explain=explain),
    "SERVER_ERROR: ": lambda rest, explain: ServerError(rest, explain=explain),
    "INSUFFICIENT_CREDIT": lambda rest, explain: InsufficientCredit(f"INSUFFICIENT_CREDIT{rest}", explain=explain),
    "rpc: can't find service ": lambda rest, explain: UnknownService(rest, explain=explain),
    "rpc: can't find method ": lambda rest, explain: UnknownMethod(rest, explain=explain),
}


def remote_error(word: str, *, explain: str = "") -> CgrdError:
    """The error of a word of the reference's dialect; `RemoteError` for words that have no type of their own."""
    exact = _WORDS.get(word)
    if exact is not None:
        return exact(explain)
    for beginning, make in _BEGINNINGS.items():
        if word.startswith(beginning):
            return make(word.removeprefix(beginning), explain)
    return RemoteError(word, explain=explain)


class _Strict(msgspec.Struct):
    message: str
    data: dict[str, object] | str | None = None


def told_error(raw: msgspec.Raw) -> CgrdError:
    """The error of an answer: a plain text, or the object of JSON-RPC 2.0 §5.1."""
    try:
        told = decode(bytes(raw), str | _Strict)
    except UNREADABLE:
        return RemoteError("the error of the answer is neither a text nor an error object", explain=bytes(raw)[:200].decode("utf-8", "replace"))
    if isinstance(told, str):
        return remote_error(told)
    explain = told.data.get("explain", "") if isinstance(told.data, dict) else told.data or ""
    return remote_error(told.message, explain=str(explain))
