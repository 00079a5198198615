"""Filters.csv: rules that an event passes or not; all rules of a filter must pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cgrd.codec import encode
from cgrd.errors import CgrdError, ServerError
from cgrd.filters import Filter, Rule, is_inline, parse_inline
from cgrd.profiles.cells import INTERVAL, LIST
from cgrd.profiles.kind import Api, Items, Kind, TpApi, column
from cgrd.profiles.places import suggested

if TYPE_CHECKING:
    from cgrd.profiles.scope import Scope
    from cgrd.profiles.tables import Profiles


def _check(record: Any, scope: Scope) -> None:
    """Its rules must compile; their types are only looked at when an event comes, as in the reference."""
    if scope.profiles.filters is not None:
        scope.profiles.filters.compile_rules(record)


def _doubt(record: Any, scope: Scope) -> Iterator[str]:
    """A rule of a type that nobody knows fails when an event comes."""
    filters = scope.profiles.filters
    for rule in record.Rules or () if filters is not None else ():
        if filters is not None and filters.types.find(rule.Type) is None:
            yield f"there is no filter type <{rule.Type}>; who asks this filter will fail{suggested(rule.Type, filters.types.names())}"


def _inline(tenant: str, id: str) -> Any:
    """The filter that an inline id stands for: `*string:~*req.Account:1001|1002`."""
    if not is_inline(id):
        return None
    try:
        return parse_inline(tenant, id)
    except CgrdError as error:
        raise ServerError(error) from error


_INDEX_NAMES = {"*attributes": "*attribute_filter_indexes", "*chargers": "*charger_filter_indexes", "*resources": "*resource_filter_indexes"}
_INDEX_NAMES |= {"*stats": "*stat_filter_indexes", "*thresholds": "*threshold_filter_indexes", "*routes": "*route_filter_indexes"}
_INDEX_NAMES |= {"*ips": "*ip_filter_indexes", "*dispatchers": "*dispatcher_filter_indexes"}


def _unused(record: Any, profiles: Profiles) -> None:
    """Refuse to remove a filter that profiles name."""
    users = profiles.users_of_filter(record.Tenant, record.ID)
    if users:
        named: dict[str, dict[str, dict[str, str]]] = {_INDEX_NAMES[item_type]: {id: {} for id in ids} for item_type, ids in users.items()}
        text = f"cannot remove filter <{record.Tenant}:{record.ID}> because will broken the reference to following items: {encode(named).decode()}"
        raise ServerError(text, explain="take the filter out of their FilterIDs first")


FILTER = Kind(
    name="Filter",
    record=Filter,
    file="Filters.csv",
    model="FilterMdl",
    order=120,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Type", item="Filters", words="Filter types"),
        column("Element", item="Filters"),
        column("Values", LIST, item="Filters"),
        column("ActivationInterval", INTERVAL),
    ),
    items=Items(field="Filters", into="Rules", key="Type", type=Rule),
    cache="*filters",
    api=Api(noun="Filter", removable=_unused),
    tp=TpApi(noun="FilterProfile", ids="FilterProfileIds"),
    check=_check,
    doubt=_doubt,
    synthetic=_inline,
    docs="Rules that an event passes or not; a profile names them in FilterIDs.",
)
