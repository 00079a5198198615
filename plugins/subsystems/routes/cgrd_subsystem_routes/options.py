"""What a request asks of RouteS by its options, and what the configuration says where it names none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from cgrd.errors import Wrong
from cgrd.fields import text_of
from cgrd.options import ASKED, read_flag
from cgrd.profiles import read_integer

EVENT_COST = "*event_cost"


class Asked(msgspec.Struct, frozen=True):
    """The options of one request. `max_cost` None is any; `event_cost` asks for what the event costs by its own tariff."""

    ignore_errors: bool
    limit: int | None
    offset: int
    max_cost: Decimal | None
    event_cost: bool


def profile_count(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> int | None:
    """How many profiles are used at most.

    Raises:
        Wrong: it is no number.
    """
    return _whole(given.get("*rouProfileCount", defaults["*profileCount"]))


def read_options(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Asked:
    """The options of a request.

    Raises:
        Wrong: one cannot be read, in the reference's words.
    """
    ignore = read_flag(given.get("*rouIgnoreErrors", defaults["*ignoreErrors"]), dialect=ASKED)
    limit = _whole(given.get("*rouLimit", defaults["*limit"]))
    offset = _whole(given.get("*rouOffset", defaults["*offset"]))
    most = given.get("*rouMaxCost", defaults["*maxCost"])
    by_event = most == EVENT_COST
    return Asked(ignore_errors=ignore, limit=limit, offset=offset or 0, max_cost=None if by_event else _amount(most), event_cost=by_event)


def _whole(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, (int, Decimal, float)):
        return int(value)
    text = text_of(value)
    try:
        return read_integer(text or "x")
    except ValueError:
        raise _refused(text, "ParseInt") from None


def _amount(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = Decimal(text_of(value))
    except InvalidOperation:
        raise _refused(text_of(value), "ParseFloat") from None
    # 0 is no limit, as recorded.
    return found or None


def _refused(text: str, parser: str) -> Wrong:
    return Wrong(f'strconv.{parser}: parsing "{text}": invalid syntax', explain="an option of RouteS cannot be read")
