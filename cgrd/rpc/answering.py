"""From a request to its answer: find the method, read its arguments, run it, put what came of it into words. No I/O."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec
import structlog
import trio

from cgrd.component import Peer
from cgrd.errors import Busy, CgrdError
from cgrd.hops import going_on
from cgrd.rpc.arguments import read_arguments
from cgrd.rpc.framing import too_deep
from cgrd.rpc.interface import Directory, Later
from cgrd.rpc.limits import Limits
from cgrd.rpc.messages import (
    LONGEST_ID,
    NOTHING,
    UNREADABLE,
    InternalError,
    InvalidRequest,
    Message,
    NotJSON,
    answered,
    failed,
    lower_first,
    paired,
    read_message,
    salvaged,
    shortened,
)

Unfinished = Callable[[], Awaitable[bytes]]
"""An answer that must be waited for. Its octets are empty where nobody wants one."""

log = structlog.get_logger("rpc")


class Answerer:
    """Answers the requests of one listener.

    Args:
        directory: the methods that are found here.
        limits: depth of a value, size of a batch.
    """

    def __init__(self, directory: Directory, limits: Limits) -> None:
        self._find = directory.find
        self._begin = directory.request_nowait
        self._limits = limits

    def answer(self, value: bytes, peer: Peer | None) -> bytes | Unfinished:
        """The answer of one JSON value: a request, or a batch of them.

        Raises:
            NotJSON: it is none; the caller answers it with `unreadable`.
        """
        return self.answer_message(message, peer) if isinstance(message := self.read(value), Message) else message(peer)

    def read(self, value: bytes) -> Message | Callable[[Peer | None], bytes | Unfinished]:
        """The message in one JSON value; for what is not one message, what gives its answer.

        Raises:
            NotJSON: it is none.
        """
        if too_deep(value, self._limits):
            raise NotJSON(f"json: nested deeper than {self._limits.depth} maps and lists")
        try:
            return read_message(value)
        except UNREADABLE:
            return self._mended(paired(value))

    def _mended(self, value: bytes) -> Message | Callable[[Peer | None], bytes | Unfinished]:
        try:
            return read_message(value)
        except UNREADABLE:
            return self._unusual(value)

    def _unusual(self, value: bytes) -> Callable[[Peer | None], bytes | Unfinished]:
        if value.lstrip()[:1] == b"[":
            return partial(self._answer_batch, _parts(value))
        refusal = _refusal(value)
        return lambda peer: refusal

    def answer_message(self, message: Message, peer: Peer | None) -> bytes | Unfinished:
        """The answer of one request."""
        if message.hops is not NOTHING:
            return self._answer_far(message, peer)
        try:
            if len(message.id) > LONGEST_ID:
                raise InvalidRequest(f"an id of more than {LONGEST_ID} octets is not echoed; number your requests")
            if message.method is None:
                raise InvalidRequest("a request names a method, as Service.Method")
            served = self._find(message.method)
            result = self._begin(served, read_arguments(served.args, message.params), peer)
            if type(result) is Later:
                return partial(self._finish, message, result)
            return b"" if message.is_notification else answered(message, result)
        except Exception as error:
            return _told(message, error)

    def _answer_far(self, message: Message, peer: Peer | None) -> bytes | Unfinished:
        """The answer of a request that calls of ours have set off: it goes on from where they are."""
        depth, message.hops = message.depth, NOTHING
        with going_on(depth):
            answer = self.answer_message(message, peer)
        return answer if isinstance(answer, bytes) else partial(_far, depth, answer)

    async def _finish(self, message: Message, later: Later) -> bytes:
        try:
            result = await later.finish()
            return b"" if message.is_notification else answered(message, result)
        except Exception as error:
            return _told(message, error)

    def _answer_batch(self, parts: list[msgspec.Raw], peer: Peer | None) -> bytes | Unfinished:
        """2.0 §6: a list of requests is answered by the list of their answers."""
        refusal = None
        if not parts:
            refusal = InvalidRequest("a batch holds at least one request")
        if len(parts) > self._limits.under_way:
            refusal = InvalidRequest(f"a batch holds at most {self._limits.under_way} requests")
        if refusal is not None:
            return failed(STRICT, refusal)
        return partial(self._finish_batch, [self._answer_part(bytes(part), peer) for part in parts])

    def _answer_part(self, value: bytes, peer: Peer | None) -> bytes | Unfinished:
        try:
            message = read_message(value)
        except UNREADABLE:
            return failed(STRICT, InvalidRequest("an element of a batch is a request object"))
        return self.answer_message(message, peer)

    async def _finish_batch(self, answers: list[bytes | Unfinished]) -> bytes:
        done = [answer if isinstance(answer, bytes) else b"" for answer in answers]

        async def finish(place: int, unfinished: Unfinished) -> None:
            done[place] = await unfinished()

        async with trio.open_nursery() as nursery:
            for place, answer in enumerate(answers):
                if not isinstance(answer, bytes):
                    nursery.start_soon(finish, place, answer)
        told = [answer.rstrip() for answer in done if answer]
        return b"[" + b",".join(told) + b"]\n" if told else b""


STRICT = Message(jsonrpc=msgspec.Raw(b'"2.0"'), id=msgspec.Raw(b"null"))
"""Who is answered where a 2.0 request cannot be read: id null (2.0 §5)."""

UNKNOWN = Message()
"""Who is answered where nothing of the request can be read, not even its dialect."""


def unreadable(value: bytes, error: CgrdError) -> bytes:
    """The answer of octets that are no JSON; strict where they look like a 2.0 request."""
    return failed(STRICT if b'"jsonrpc"' in value else UNKNOWN, error)


async def _far(depth: int, unfinished: Unfinished) -> bytes:
    with going_on(depth):
        return await unfinished()


def busy(message: Message) -> bytes:
    """The answer when too much is under way already."""
    return b"" if message.is_notification else failed(message, Busy(explain="too many requests under way on this connection"))


def _refusal(value: bytes) -> bytes:
    try:
        return failed(salvaged(value), InvalidRequest("method is the name of a method, as Service.Method"))
    except InvalidRequest as error:
        return failed(UNKNOWN, error)


def _parts(value: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(value, type=list[msgspec.Raw])
    except UNREADABLE as error:
        raise NotJSON(f"json: {lower_first(str(error))}") from error


def _told(message: Message, error: Exception) -> bytes:
    """An error's answer. What is no `CgrdError` is a fault of ours: the log gets its trace, the caller a reference to it."""
    known = _cause(error)
    if known is None:
        reference = secrets.token_hex(4)
        log.error("request failed", method=shortened(str(message.method), 200), reference=reference, exc_info=error)
        known = InternalError(f"SERVER_ERROR: internal error, logged as {reference}", explain="a fault of the daemon, not of the request")
    return b"" if message.is_notification else failed(message, known)


def _cause(error: BaseException) -> CgrdError | None:
    """The error to tell; a nursery wraps the one that ended it in a group."""
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return _cause(error.exceptions[0])
    return error if isinstance(error, CgrdError) else None


def as_bytes(value: Any) -> bytes:
    """What came in, as octets; text of a WebSocket frame may hold what has no UTF-8 form."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
