"""Types that copy, join and remove."""

from __future__ import annotations

from collections.abc import Callable

from cgrd.fields.reading import Roots
from cgrd.fields.types.source import FieldType, Make, Source, missing

Current = Callable[[], str | None]


def nothing(source: Source) -> Make:
    """`*none`, `*remove`, `*removeall`: no value; `*remove` and `*removeall` are for templates alone and take out what is there."""
    return lambda roots, current: ""


def constant(source: Source) -> Make:
    """`*constant`: the rules as they are written; those that would read a field are nothing."""
    text = "".join(part.constant or "" for part in source.parts)
    return lambda roots, current: text


def variable(source: Source) -> Make:
    """`*variable`, `*composed`, `*group`, `*filler`: the joined text; `*composed` appends it, `*group` and `*filler` are for templates alone."""
    return lambda roots, current: source.text(roots)


def prefix(source: Source) -> Make:
    """`*prefix`: the value before what is there."""
    return lambda roots, current: source.text(roots) + _there(source, current)


def suffix(source: Source) -> Make:
    """`*suffix`: the value behind what is there."""
    return lambda roots, current: _there(source, current) + source.text(roots)


def _there(source: Source, current: Current) -> str:
    found = current()
    if found is None:
        raise missing(f"the path of a {source.type} field")
    return found


def sip_call_id(source: Source) -> Make:
    """`*sipcid`: the first value, then the others sorted, joined by ";"; only the first must be there (RFC 3261 §12: a dialog's ids)."""

    def make(roots: Roots, current: Current) -> str:
        if not source.parts:
            raise missing(f"the first value of {source.type}")
        first = source.parts[0].text(roots)
        rest = sorted(text for part in source.parts[1:] if (text := part.find(roots)) is not None)
        return ";".join([first, *rest])

    return make


PLAIN = (
    FieldType(name="*none", compile=nothing, mode="nothing"),
    FieldType(name="*remove", compile=nothing, mode="remove"),
    FieldType(name="*removeall", compile=nothing, mode="remove_all"),
    FieldType(name="*filler", compile=variable),
    FieldType(name="*constant", compile=constant),
    FieldType(name="*variable", compile=variable),
    FieldType(name="*composed", compile=variable, mode="append"),
    FieldType(name="*group", compile=variable, mode="group"),
    FieldType(name="*prefix", compile=prefix),
    FieldType(name="*suffix", compile=suffix),
    FieldType(name="*sipcid", compile=sip_call_id),
)
