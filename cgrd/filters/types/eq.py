"""`*eq`: the field equals one of the values as number, time, duration, truth value or text; values are tried in order."""

from __future__ import annotations

from cgrd.fields.missing import MISSING
from cgrd.fields.reading import Roots
from cgrd.fields.text import sniff, sniffed
from cgrd.filters.comparing import equal
from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_eq(subject: Subject) -> Test:
    """The test; raises when field and value are of different sorts."""
    read, values = subject.element.read, subject.values
    known = [sniff(value.constant) for value in values if value.constant is not None]

    def passes(roots: Roots) -> bool:
        raw = read(roots)
        if raw is MISSING:
            return False
        found = sniffed(raw)
        wanted = known if len(known) == len(values) else [sniff(text) for text in texts(values, roots)]
        return any(equal(found, one) for one in wanted)

    return passes


EQ = FilterType(name="*eq", compile=compile_eq)
