"""Requests and answers as JSON values: the reference's dialect and JSON-RPC 2.0. No I/O.

In the reference's dialect an answer is `{"id":…,"result":…,"error":null}` and an error is a plain text. A request that says
`"jsonrpc":"2.0"` is answered by the rules of https://www.jsonrpc.org/specification.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from cgrd.codec import encode
from cgrd.errors import CgrdError
from cgrd.hops import MOST, hops

NOTHING = msgspec.Raw()
"""A part that is not there."""
LONGEST_ID: Final = 1024
"""Octets of an id that is echoed; a request with a longer one is refused."""
_LONGEST_TEXT: Final = 16_384
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for octets that it cannot use."""


class Message(msgspec.Struct):
    """What travels: a request where `method` is there, an answer where it is not. Raw parts are the sender's own octets."""

    method: str | None = None
    id: msgspec.Raw = NOTHING
    params: msgspec.Raw = NOTHING
    jsonrpc: msgspec.Raw = NOTHING
    result: msgspec.Raw = NOTHING
    error: msgspec.Raw = NOTHING
    hops: msgspec.Raw = NOTHING

    @property
    def depth(self) -> int:
        """`hops`: how deep it is in calls that set off one another (cgrd/hops.py); what is no such number says nothing."""
        told = bytes(self.hops)
        return min(int(told), MOST) if told.isdigit() and len(told) < 3 else 0

    @property
    def is_strict(self) -> bool:
        """Whether the 2.0 rules hold for it."""
        return bytes(self.jsonrpc) == b'"2.0"'

    @property
    def is_notification(self) -> bool:
        """Whether nobody waits for an answer (2.0 §4.1); the reference's dialect answers everything."""
        return not len(self.id) and self.is_strict

    @property
    def is_answer(self) -> bool:
        """Whether it answers a request of ours."""
        return self.method is None and bool(len(self.result) or len(self.error))


class InvalidRequest(CgrdError):
    """JSON, but no request (2.0 §5.1)."""

    code = -32600


class NotJSON(CgrdError):
    """Octets that are no JSON (2.0 §5.1)."""

    code = -32700


class InternalError(CgrdError):
    """A fault of ours; the log has the trace under the reference that the text names (2.0 §5.1)."""

    code = -32603


# What comes before the half is passed in one possessive match: time is linear in the octets whatever they are.
_HALF: Final = re.compile(
    rb"((?:[^\\]++|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?!u[dD][89a-fA-F][0-9a-fA-F]{2}).)*+)\\u[dD][89a-fA-F][0-9a-fA-F]{2}",
    re.DOTALL,
)
_MOST_HALVES: Final = 1000
read_message = msgspec.json.Decoder(Message).decode
"""The message of one JSON value. Raises one of `UNREADABLE`."""


def paired(value: bytes) -> bytes:
    """JSON whose escaped halves of a surrogate pair that stand alone, a thousand at most, are U+FFFD, as Go reads them."""
    parts: list[bytes] = []
    at = 0
    while len(parts) < _MOST_HALVES and (found := _HALF.match(value, at)):
        parts.append(found[1] + rb"\ufffd")
        at = found.end()
    return b"".join(parts) + value[at:]


def request(identity: int, method: str, args: object) -> bytes:
    """A request of ours, in the reference's dialect."""
    if depth := hops():
        return b'{"method":%b,"params":[%b],"id":%d,"hops":%d}\n' % (encode(method), encode(args), identity, depth)
    return b'{"method":%b,"params":[%b],"id":%d}\n' % (encode(method), encode(args), identity)


def answered(message: Message, result: Any) -> bytes:
    """The answer that carries a result, with a newline after it."""
    if not len(message.jsonrpc) or not message.is_strict:
        return b'{"id":%b,"result":%b,"error":null}\n' % (_identity(message), encode(result))
    return b'{"jsonrpc":"2.0","result":%b,"id":%b}\n' % (encode(result), _identity(message))


def failed(message: Message, error: CgrdError) -> bytes:
    """The answer that carries an error, with a newline after it."""
    if not message.is_strict:
        return b'{"id":%b,"result":null,"error":%b}\n' % (_identity(message), encode(shortened(error.word)))
    told: dict[str, Any] = {"code": error.code, "message": shortened(error.word)}
    if error.explain:
        told["data"] = {"explain": shortened(error.explain)}
    return b'{"jsonrpc":"2.0","error":%b,"id":%b}\n' % (encode(told), _identity(message))


def _identity(message: Message) -> bytes:
    """The id as it came, null where there is none or an absurd one. An answer ends at its newline, so one that is spread over lines is put on one."""
    identity = bytes(message.id) or b"null"
    if len(identity) > LONGEST_ID:
        return b"null"
    if identity.isascii() and b"\n" not in identity:
        return identity
    try:
        return msgspec.json.encode(msgspec.json.decode(identity))
    except UNREADABLE:
        return b"null"


def salvaged(value: bytes) -> Message:
    """What can be read of a request that `read_message` refused: its id and dialect, so that the error finds its way.

    Raises:
        NotJSON: it is no JSON at all.
        InvalidRequest: it is JSON, but no map.
    """
    try:
        parts = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        raise InvalidRequest("a request is a JSON object with method, params and id") from error
    except UNREADABLE as error:
        raise NotJSON(f"json: {lower_first(str(error))}") from error
    return Message(id=parts.get("id", NOTHING), jsonrpc=parts.get("jsonrpc", NOTHING))


def shortened(text: str, most: int = _LONGEST_TEXT) -> str:
    """An error's text without the megabytes that a client may have sent where a name belongs."""
    return text if len(text) <= most else f"{text[: most // 2]}… ({len(text)} characters)"


def lower_first(text: str) -> str:
    """Prose after a prefix; an error text that begins with capitals would look like one of the reference's words."""
    return text[:1].lower() + text[1:]
