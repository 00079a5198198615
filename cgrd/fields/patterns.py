"""Regular expressions of tariff plans: RE2, as the reference's, so that no text can stall the daemon by backtracking."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from cgrd.errors import Wrong

# What RE2's C++ library calls a fault → what Go's calls it; clients compare the text.
_GO_WORDS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
    "invalid named capture group": "invalid named capture",
}
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_GROUP = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))", re.ASCII)


@lru_cache(4096)
def compile_pattern(text: str) -> Any:
    """The compiled expression; its `.search(text)` takes time linear in the text.

    Raises:
        Wrong: the expression is none, in Go's words.
    """
    try:
        return re2.compile(text, _OPTIONS)
    except re2.error as error:
        raise Wrong(f"error parsing regexp: {_go_words(error)}") from error


def _go_words(error: Exception) -> str:
    said = error.args[0] if error.args else error
    word, _, rest = (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)).partition(": ")
    return f"{_GO_WORDS.get(word, word)}: `{rest}`"


def replacer(pattern: str, template: str) -> Callable[[str], str]:
    """A search and replace of the rules (`:s/pattern/template/`): the first match as the template says; no match leaves the text as it is.

    Raises:
        Wrong: the pattern is none.
    """
    try:
        search = compile_pattern(pattern).search
    except Wrong as error:
        raise Wrong(f"invalid Search&Replace subfield rule: <{pattern}>", explain=str(error)) from error
    pieces = _pieces(template)

    def replace(text: str) -> str:
        match = search(text)
        return text if match is None else "".join(piece if type(piece) is str else _group(match, piece[0]) for piece in pieces)

    return replace


def _pieces(template: str) -> list[Any]:
    """Literal texts and one-tuples of group names or numbers."""
    pieces: list[Any] = []
    at = 0
    for found in _GROUP.finditer(template):
        pieces.append(template[at : found.start()])
        pieces.append("$" if found[3] else (found[1] or found[2],))
        at = found.end()
    return [*pieces, template[at:]]


def _group(match: Any, name: str) -> str:
    try:
        return match.group(int(name) if name.isdigit() else name) or ""
    except (IndexError, KeyError, re2.error):
        return ""
