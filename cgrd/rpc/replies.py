"""The reply in an answer, as the caller wants it, or the error that it carries."""

from __future__ import annotations

from typing import Any

from cgrd.codec import decode
from cgrd.errors import CgrdError, Wrong
from cgrd.rpc.lenient import fit
from cgrd.rpc.messages import UNREADABLE, Message, lower_first, read_message
from cgrd.rpc.remote_errors import told_error


def read_reply(answer: Message, wanted: Any = Any) -> Any:
    """The result of an answer as `wanted`; fields that `wanted` does not have are not looked at, null is a zero value.

    Raises:
        CgrdError: the error of the answer, or `Wrong` when its result is of another shape.
    """
    if len(answer.error) and bytes(answer.error) != b"null":
        raise told_error(answer.error)
    result = bytes(answer.result) or b"null"
    try:
        return decode(result, wanted)
    except UNREADABLE:
        pass
    try:
        return fit(decode(result), wanted)
    except UNREADABLE as error:
        raise Wrong(f"the answer is no JSON: {lower_first(str(error))}") from error
    except CgrdError as error:
        raise Wrong(f"the answer does not fit: {error}") from error


def read_answer(data: bytes, wanted: Any = Any) -> Any:
    """The same from the octets of a whole answer."""
    try:
        answer = read_message(data)
    except UNREADABLE as error:
        raise Wrong(f"the answer is no JSON-RPC answer: {lower_first(str(error))}") from error
    return read_reply(answer, wanted)
