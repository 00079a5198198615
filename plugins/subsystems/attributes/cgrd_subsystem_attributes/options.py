"""What a request asks of AttributeS by its options, and what the configuration says where it names none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

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


def read_options(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Asked:
    """The options of a request.

    Raises:
        Wrong: one cannot be read, in the reference's words; or more runs are asked than anybody needs.
    """
    runs = min(defaults["*processRuns"], MOST_RUNS)
    if "*attrProcessRuns" in given and (runs := _whole(given, "*attrProcessRuns", runs)) > MOST_RUNS:
        raise Wrong(f"*attrProcessRuns {runs} is too many", explain=f"an event goes through the profiles {MOST_RUNS} times at most")
    return Asked(
        ids=asked_ids(given, "*attrProfileIDs", defaults["*profileIDs"]),
        ignore_filters=asked_flag(given, "*attrProfileIgnoreFilters", defaults["*profileIgnoreFilters"]),
        process_runs=runs,
        profile_runs=_whole(given, "*attrProfileRuns", defaults["*profileRuns"]),
    )


def _whole(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if type(value) is int:
        return value
    if isinstance(value, (Decimal, float)):
        return int(value)
    text = text_of(value)
    try:
        return read_integer(text or "x")
    except ValueError:
        raise Wrong(f'strconv.ParseInt: parsing "{text}": invalid syntax', explain=f"{name} is a whole number") from None
