"""Where JSON values begin and end in a stream of octets. No I/O.

A stream is JSON values one after another; white space between them is free, newlines are neither needed between values nor
forbidden inside. Only the brackets are looked at: whether a value is good JSON is found out when it is decoded.
"""

from __future__ import annotations

import re

from cgrd.rpc.limits import Limits

_SPACE = re.compile(rb"[ \t\r\n]*+")
# Outside a text the next thing that matters is a bracket or the quote that opens a text; a whole text is passed in one match.
# The quantifiers are possessive: nothing is tried twice, so time is linear in the octets whatever they are.
_MARK = re.compile(rb'[^\[\]{}"]*+(?:([\[{])|([\]}])|(")|\Z)', re.DOTALL)
_TEXT_END = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


class FramingError(Exception):
    """The stream cannot be read any further; the text says why. What follows in the stream has no known beginning."""


class Splitter:
    """Collects octets as they come and gives back whole JSON values.

    Args:
        limits: `body` and `depth` bound what is kept.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept = bytearray()
        self._seen = 0
        self._depth = 0
        self._in_text = False
        self.error: FramingError | None = None

    @property
    def partial(self) -> bool:
        """Whether a value has begun and not ended."""
        return bool(self._kept)

    def feed(self, data: bytes | bytearray) -> list[bytes]:
        """The values that are whole now, each beginning with `{` or `[`.

        When something else begins, or a limit is passed, `error` is set and nothing is read any more.
        """
        values: list[bytes] = []
        if self.error is None:
            try:
                self._collect(data, values)
            except FramingError as error:
                self.error = error
                self._kept.clear()
        return values

    def _collect(self, data: bytes | bytearray, values: list[bytes]) -> None:
        self._kept += data
        begin = self._begin(0)
        while (end := self._end(begin)) is not None:
            values.append(bytes(self._kept[begin:end]))
            begin = self._seen = self._begin(end)
        del self._kept[:begin]
        self._seen -= begin
        if len(self._kept) > self._limits.body:
            raise FramingError(f"a request of more than {self._limits.body} octets is not read")

    def _begin(self, at: int) -> int:
        """Where the next value begins; the end of what is kept when none has."""
        begin = _SPACE.match(self._kept, at).end()  # type: ignore[union-attr]
        if begin < len(self._kept) and self._kept[begin] not in b"{[":
            raise FramingError(f"json: a request begins with {{ or [, not with {_shown(self._kept[begin : begin + 12])}")
        self._seen = max(self._seen, begin)
        return begin

    def _end(self, begin: int) -> int | None:
        """Where the value that begins there ends; None when its end has not come yet."""
        kept, at = self._kept, max(self._seen, begin)
        while at < len(kept):
            if self._in_text:
                text = _TEXT_END.match(kept, at)
                if text is None:
                    at = self._inside_text(at)
                    break
                self._in_text, at = False, text.end()
                continue
            mark = _MARK.match(kept, at)
            assert mark is not None
            at = mark.end()
            if mark.group(3):
                self._in_text = True
            elif mark.group(1):
                self._deeper()
            elif mark.group(2):
                self._depth -= 1
                if self._depth == 0:
                    return at
        self._seen = at
        return None

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise FramingError(f"json: nested deeper than {self._limits.depth} maps and lists")

    def _inside_text(self, at: int) -> int:
        """How far an unfinished text has been read: all of it, but a backslash at the end waits for what it escapes."""
        tail = self._kept[at:]
        backslashes = len(tail) - len(tail.rstrip(b"\\"))
        return len(self._kept) - backslashes % 2


def too_deep(value: bytes, limits: Limits) -> bool:
    """Whether a value is nested deeper than allowed; costs next to nothing for values with few brackets."""
    if value.count(b"{") + value.count(b"[") <= limits.depth:
        return False
    splitter = Splitter(limits)
    splitter.feed(value)
    return splitter.error is not None


def _shown(data: bytes | bytearray) -> str:
    """Octets, for an error."""
    return repr(bytes(data).decode("ascii", "replace"))
