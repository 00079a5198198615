"""The methods that show and rebuild filter indexes. The indexes are kept up to date by every change; rebuilding is never needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd.errors import MandatoryMissing, NotFound
from cgrd.profiles.kind import Method
from cgrd.profiles.matching import ProfileIndex
from cgrd.profiles.paging import Paginator, page
from cgrd.profiles.plan import in_pieces
from cgrd.profiles.table import ProfileTable

if TYPE_CHECKING:
    from cgrd.filters import Index
    from cgrd.profiles.tables import Profiles


class GetFilterIndexes(Paginator, kw_only=True):
    """Which part of which index."""

    Tenant: str = ""
    Context: str = ""
    ItemType: str = ""
    FilterType: str = ""
    FilterField: str = ""
    FilterValue: str = ""


class RemoveFilterIndexes(msgspec.Struct):
    """Which index."""

    Tenant: str = ""
    Context: str = ""
    ItemType: str = ""
    APIOpts: dict[str, Any] | None = None


class ComputeFilterIndexes(msgspec.Struct):
    """Which subsystems' indexes."""

    Tenant: str = ""
    Context: str = ""
    APIOpts: dict[str, Any] | None = None
    AttributeS: bool = False
    ResourceS: bool = False
    StatS: bool = False
    RouteS: bool = False
    ThresholdS: bool = False
    ChargerS: bool = False
    DispatcherS: bool = False


class ComputeFilterIndexIDs(msgspec.Struct):
    """Which profiles."""

    Tenant: str = ""
    Context: str = ""
    APIOpts: dict[str, Any] | None = None
    AttributeIDs: list[str] | None = None
    ResourceIDs: list[str] | None = None
    StatIDs: list[str] | None = None
    RouteIDs: list[str] | None = None
    ThresholdIDs: list[str] | None = None
    ChargerIDs: list[str] | None = None
    DispatcherIDs: list[str] | None = None


class FilterIHReply(msgspec.Struct):
    """What is wrong with an index; never anything, for indexes are derived from the records."""

    MissingObjects: list[str] = []
    MissingIndexes: dict[str, list[str]] = {}
    BrokenIndexes: dict[str, list[str]] = {}
    MissingFilters: dict[str, list[str]] = {}


_WORDS = {"Attribute": "*attributes", "Resource": "*resources", "Stat": "*stats", "Route": "*routes"}
_WORDS |= {"Threshold": "*thresholds", "Charger": "*chargers", "Dispatcher": "*dispatchers"}


def index_methods(profiles: Profiles) -> Iterator[Method]:
    """The methods about filter indexes."""

    def table_of(item_type: str) -> ProfileTable | None:
        return next((t for t in profiles.values() if t.kind.index and t.kind.index.item_type == item_type), None)

    def index_of(args: GetFilterIndexes | RemoveFilterIndexes) -> Index | None:
        if not args.ItemType:
            raise MandatoryMissing("ItemType")
        table = table_of(args.ItemType)
        if table is None or table.index is None:
            return None
        if table.kind.index and table.kind.index.contexts and not args.Context:
            raise MandatoryMissing("Context")
        return table.index.index_of(args.Tenant or profiles.default_tenant, args.Context if table.kind.index and table.kind.index.contexts else "")

    def get(args: GetFilterIndexes) -> list[str]:
        """What the index of an item type holds, line by line."""
        index = index_of(args)
        found = index.listing(kind=args.FilterType, field=args.FilterField, value=args.FilterValue) if index else []
        if not found:
            raise NotFound(explain=f"the index of {args.ItemType} is empty there")
        return page(found, args)

    def remove(args: RemoveFilterIndexes) -> str:
        """Empty the index of an item type, until ComputeFilterIndexes fills it again."""
        if (index := index_of(args)) is not None:
            index.clear()
        return "OK"

    async def compute(args: ComputeFilterIndexes) -> str:
        """Make the indexes of these item types anew; they are right without it."""
        for noun, word in _WORDS.items():
            if getattr(args, f"{noun}S"):
                await _compute(table_of(word), args.Tenant or profiles.default_tenant, args.Context, None)
        return "OK"

    async def compute_ids(args: ComputeFilterIndexIDs) -> str:
        """Index these profiles anew; they are right without it."""
        for noun, word in _WORDS.items():
            if ids := getattr(args, f"{noun}IDs"):
                await _compute(table_of(word), args.Tenant or profiles.default_tenant, args.Context, ids)
        return "OK"

    def health(_: dict[str, Any]) -> FilterIHReply:
        """Nothing can be missing or broken: an index changes with its profiles."""
        return FilterIHReply()

    yield Method("APIerSv1.GetFilterIndexes", GetFilterIndexes, get)
    yield Method("APIerSv1.RemoveFilterIndexes", RemoveFilterIndexes, remove)
    yield Method("APIerSv1.ComputeFilterIndexes", ComputeFilterIndexes, compute)
    yield Method("APIerSv1.ComputeFilterIndexIDs", ComputeFilterIndexIDs, compute_ids)

    def reverse_health(_: dict[str, Any]) -> dict[str, FilterIHReply]:
        """Nothing can be missing or broken: what uses a filter is found when it changes."""
        return {}

    yield Method("APIerSv1.GetReverseFilterHealth", dict[str, Any], reverse_health)
    for noun in _WORDS:
        yield Method(f"APIerSv1.Get{noun}sIndexesHealth", dict[str, Any], health)


async def _compute(table: ProfileTable | None, tenant: str, context: str, ids: list[str] | None) -> None:
    held: ProfileIndex | None = table.index if table is not None else None
    if held is None:
        return
    wanted = [context] if context and held.kind.index and held.kind.index.contexts else held.contexts(tenant)
    for each in wanted:
        if (index := held.index_of(tenant, each)) is not None:
            await in_pieces(index.computing(ids))
