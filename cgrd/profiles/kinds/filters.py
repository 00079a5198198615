"""Filters.csv: rules that an event passes or not; all rules of a filter must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd.profiles.cells import INTERVAL, LIST, ActivationInterval
from cgrd.profiles.kind import Api, Items, Kind, TpApi, column

if TYPE_CHECKING:
    from cgrd.profiles.scope import Scope


class FilterRule(msgspec.Struct):
    """One rule: the type (`*string`), the element it looks at (`~*req.Account`) and the values, one of which must fit."""

    Type: str = ""
    Element: str = ""
    Values: list[str] = []


class Filter(msgspec.Struct):
    """A stored filter."""

    Tenant: str = ""
    ID: str = ""
    Rules: list[FilterRule] = []
    ActivationInterval: ActivationInterval | None = None


def _check(record: Any, scope: Scope) -> None:
    """Its rules must compile; their types are only looked at when an event comes, as in the reference."""
    language = scope.profiles.language
    compile_rules = getattr(language, "compile_rules", None)
    if compile_rules is not None:
        compile_rules(record)


def _inline(tenant: str, id: str) -> Any:
    """The filter that an inline id stands for: `*string:~*req.Account:1001|1002`."""
    from cgrd.profiles.inline import inline_filter

    return inline_filter(tenant, id) if id.startswith("*") else None


FILTER = Kind(
    name="Filter",
    record=Filter,
    file="Filters.csv",
    model="FilterMdl",
    order=120,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Type", item="Filters"),
        column("Element", item="Filters"),
        column("Values", LIST, item="Filters"),
        column("ActivationInterval", INTERVAL),
    ),
    items=Items(field="Filters", into="Rules", key="Type", type=FilterRule),
    cache="*filters",
    api=Api(noun="Filter"),
    tp=TpApi(noun="FilterProfile", ids="FilterProfileIds"),
    check=_check,
    synthetic=_inline,
    docs="Rules that an event passes or not; a profile names them in FilterIDs.",
)
