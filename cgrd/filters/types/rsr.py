"""`*rsr`: one of several small patterns: `^start`, `end$`, `^all$`, `^$`, `>=n`, `~regex`, plain text; `!` before one negates it.

Source: spec/tariffplans.md §3.
"""

from __future__ import annotations

from collections.abc import Callable

from cgrd.errors import CgrdError
from cgrd.fields.patterns import compile_pattern
from cgrd.fields.reading import Roots
from cgrd.fields.text import sniff
from cgrd.filters.comparing import order
from cgrd.filters.rule import FilterType, Subject, Test, texts

_SIGNS: dict[str, Callable[[int], bool]] = {
    ">=": lambda order: order >= 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    "<": lambda order: order < 0,
}


def compile_pattern_test(text: str) -> Callable[[str], bool]:
    """The test of one pattern; raises Wrong for a bad expression."""
    if text.startswith("!"):
        inner = compile_pattern_test(text[1:])
        return lambda found: not inner(found)
    if text.startswith("~"):
        search = compile_pattern(text[1:]).search
        return lambda found: search(found) is not None
    for sign, accepts in _SIGNS.items():
        if text.startswith(sign):
            return _ordered(sniff(text[len(sign) :]), accepts)
    return _anchored(text)


def _ordered(limit: object, accepts: Callable[[int], bool]) -> Callable[[str], bool]:
    def passes(found: str) -> bool:
        try:
            return accepts(order(sniff(found), limit))
        except CgrdError:
            return False

    return passes


def _anchored(text: str) -> Callable[[str], bool]:
    if not text:
        return lambda found: True
    starts, ends = text.startswith("^"), text.endswith("$")
    body = text[1:] if starts else text
    body = body[:-1] if ends else body
    if starts == ends:
        return lambda found: found == body
    return (lambda found: found.startswith(body)) if starts else (lambda found: found.endswith(body))


def compile_rsr(subject: Subject) -> Test:
    """The test; a missing field passes only when `^$` is the only pattern."""
    find, values = subject.element.find, subject.values
    patterns = [value.constant for value in values]
    only_empty = patterns == ["^$"]
    tests = [compile_pattern_test(text) if text is not None else None for text in patterns]

    def passes(roots: Roots) -> bool:
        found = find(roots)
        if found is None:
            return only_empty
        for value, test in zip(values, tests, strict=True):
            if test is not None:
                if test(found):
                    return True
            elif any(compile_pattern_test(text)(found) for text in texts((value,), roots)):
                return True
        return False

    return passes


RSR = FilterType(name="*rsr", compile=compile_rsr)
