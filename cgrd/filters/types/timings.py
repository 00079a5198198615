"""`*timings`: the time in the field lies in one of the named timings; `*any` holds every time."""

from __future__ import annotations

from cgrd.errors import NotFound
from cgrd.fields.converters.reading import as_instant
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, texts


def compile_timings(subject: Subject) -> Test:
    """The test; raises when the field is no time, or a timing is not known."""
    find, values, context = subject.element.find, subject.values, subject.context

    def passes(roots: Roots) -> bool:
        text = find(roots)
        if text is None:
            return False
        moment = as_instant(text, context.zone)
        for name in texts(values, roots):
            timing = context.timing(name)
            if timing is None and name != "*any":
                raise NotFound(explain=f"no timing {name}; load it with Timings.csv or APIerSv1.SetTiming")
            if timing is None or timing.contains(moment):
                return True
        return False

    return passes


TIMINGS = FilterType(name="*timings", compile=compile_timings)
