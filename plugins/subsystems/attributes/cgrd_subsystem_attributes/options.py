"""What a request asks of AttributeS by its options, and what the configuration says where it names none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from cgrd.errors import Wrong
from cgrd.fields import text_of
from cgrd.options import asked_flag, asked_ids
from cgrd.profiles import read_integer

MOST_RUNS = 1_000


class Asked(msgspec.Struct, frozen=True):
    """The options of one request."""

    ids: list[str]
    ignore_filters: bool
    process_runs: int
    profile_runs: int


def configured(defaults: Mapping[str, Any]) -> Asked:
    """What is asked where a request names no option: `attributes.opts`."""
    return Asked(
        ids=defaults["*profileIDs"],
        ignore_filters=defaults["*profileIgnoreFilters"],
        process_runs=min(defaults["*processRuns"], MOST_RUNS),
        profile_runs=defaults["*profileRuns"],
    )


def read_options(given: Mapping[str, Any], defaults: Asked) -> Asked:
    """The options of a request.

    Raises:
        Wrong: one cannot be read, in the reference's words; or more runs are asked than anybody needs.
    """
    said: dict[str, Any] = {}
    for name, value in given.items():
        if name in _READ and value is not None:
            option, read = _READ[name]
            said[option] = read(given, name, None)
    if said.get("process_runs", 0) > MOST_RUNS:
        raise Wrong(f"*attrProcessRuns {said['process_runs']} is too many", explain=f"an event goes through the profiles {MOST_RUNS} times at most")
    return replace(defaults, **said) if said else defaults


def _whole(given: Mapping[str, Any], name: str, _: Any) -> int:
    value = given[name]
    if type(value) is int:
        return value
    if isinstance(value, (Decimal, float)):
        return int(value)
    text = text_of(value)
    try:
        return read_integer(text or "x")
    except ValueError:
        raise Wrong(f'strconv.ParseInt: parsing "{text}": invalid syntax', explain=f"{name} is a whole number") from None


_READ: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any], str, Any], Any]]]] = {
    "*attrProcessRuns": ("process_runs", _whole),
    "*attrProfileIDs": ("ids", asked_ids),
    "*attrProfileIgnoreFilters": ("ignore_filters", asked_flag),
    "*attrProfileRuns": ("profile_runs", _whole),
}
"""By option: which part of what is asked it says, and how it is read."""
