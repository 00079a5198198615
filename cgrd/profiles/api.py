"""The methods that every kind has: Get, Set, Remove, IDs, Count, with the reference's words for what is missing or wrong."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd.errors import CgrdError, MandatoryMissing, NotFound, ServerError
from cgrd.garbage import no_collections
from cgrd.profiles.draft import check_record
from cgrd.profiles.kind import Api, Kind, Method
from cgrd.profiles.paging import PaginatorWithTenant, page
from cgrd.profiles.plan import in_pieces
from cgrd.profiles.scope import Scope
from cgrd.profiles.table import MissingProfile

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles

_MANY = 1000
CACHING = frozenset(("", "*none", "*reload", "*load", "*remove", "*clear"))


class TenantID(msgspec.Struct):
    """Which record."""

    Tenant: str = ""
    ID: str = ""
    APIOpts: dict[str, Any] | None = None


class TenantOnly(msgspec.Struct):
    """Whose records."""

    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


def all_methods(profiles: Profiles) -> list[Method]:
    """Every method that the kinds give: theirs, those on stored tariff plans, on loading and on filter indexes."""
    from cgrd.profiles.export_api import export_methods
    from cgrd.profiles.index_api import index_methods
    from cgrd.profiles.load_api import load_methods
    from cgrd.profiles.load_ids_api import load_id_methods
    from cgrd.profiles.tp import tp_methods

    kinds = [method for kind in profiles.kinds for method in crud_methods(kind, profiles)]
    plans = [*tp_methods(profiles), *load_methods(profiles), *export_methods(profiles), *load_id_methods(profiles)]
    return [*kinds, *plans, *index_methods(profiles)]


def crud_methods(kind: Kind, profiles: Profiles) -> list[Method]:
    """The API methods of a kind, its irregular ones too."""
    api = kind.api
    if api is None:
        return []
    found = list(_regular(kind, api, profiles)) if api.derive else []
    found.extend(api.extra(profiles) if api.extra else ())
    return found


def _regular(kind: Kind, api: Api, profiles: Profiles) -> Iterator[Method]:
    table = profiles[kind.name]

    def get(args: TenantID) -> Any:
        """The profile of an id."""
        if not args.ID:
            raise MandatoryMissing("ID")
        return table.get(args.Tenant or profiles.default_tenant, args.ID)

    def remove(args: TenantID) -> str:
        """Delete the profile of an id."""
        if not args.ID:
            raise MandatoryMissing("ID")
        tenant = args.Tenant or profiles.default_tenant
        record = table.find(table.key(tenant, args.ID))
        if record is None:
            raise MissingProfile(kind, table.key(tenant, args.ID))
        if api.removable:
            api.removable(record, profiles)
        table.remove(tenant, args.ID, why=f"APIerSv1.Remove{api.noun}")
        return _cached(args.APIOpts)

    def ids(args: PaginatorWithTenant) -> list[str]:
        """The ids of a tenant's profiles; `Search` is what they begin with."""
        found = table.ids(args.Tenant or profiles.default_tenant, search=args.Search)
        if not found:
            raise NotFound(explain=f"tenant {args.Tenant or profiles.default_tenant} has no {kind.name} that begins with {args.Search!r}")
        return page(found, args)

    def count(args: TenantOnly) -> int:
        """How many profiles a tenant has."""
        found = table.count(args.Tenant or profiles.default_tenant)
        if not found:
            raise NotFound(explain=f"tenant {args.Tenant or profiles.default_tenant} has no {kind.name}")
        return found

    yield Method(f"APIerSv1.Get{api.noun}", TenantID, get)
    yield set_method(profiles, kind.name)
    yield Method(f"APIerSv1.Remove{api.noun}", TenantID, remove)
    if api.ids:
        yield Method(f"APIerSv1.Get{api.noun}IDs", PaginatorWithTenant, ids)
    if api.count:
        yield Method(f"APIerSv1.Get{api.noun}Count", TenantOnly, count)


def set_method(profiles: Profiles, kind_name: str, *, name: str = "", args: Any = None, to_record: Callable[[Any], Any] | None = None) -> Method:
    """The method that sets a record of a kind; another version's where its arguments have another shape.

    Args:
        name: the method, `APIerSv1.Set<noun>` by default.
        args: type of the arguments, the record with APIOpts by default.
        to_record: makes the record of them.
    """
    kind = profiles[kind_name].kind
    assert kind.api is not None
    name = name or f"APIerSv1.Set{kind.api.noun}"
    make = to_record or (lambda given: plain_record(kind, given))

    async def set_record(given: Any) -> str:
        """Store a profile, in place of one that has its id."""
        if not given.ID:
            raise MandatoryMissing("ID")
        record = _with_tenant(profiles, kind, make(given))
        # A collection would go over what is made of thousands of entries, and stop everybody meanwhile.
        with no_collections() if _entries(record) >= _MANY else nullcontext():
            await in_pieces(_preparing(profiles, kind, record))
            store_record(profiles, kind, record, why=name)
        return _cached(given.APIOpts)

    return Method(name, args or args_of(kind), set_record)


@lru_cache(256)
def _with_options(record: type[msgspec.Struct]) -> type[msgspec.Struct]:
    options = ("APIOpts", dict[str, Any] | None, None)
    return msgspec.defstruct(f"{record.__name__}WithAPIOpts", [options], bases=(record,), kw_only=True)


def args_of(kind: Kind) -> type[msgspec.Struct]:
    """The record with APIOpts beside its fields: what Set takes."""
    return _with_options(kind.record)


def plain_record(kind: Kind, given: Any) -> Any:
    """The record without the options."""
    return kind.record(**{field: getattr(given, field) for field in kind.record.__struct_fields__})


def store_record(profiles: Profiles, kind: Kind, record: Any, *, why: str) -> None:
    """Check a record and set it.

    Raises:
        ServerError: it cannot be stored; the word is the check's.
    """
    record = _with_tenant(profiles, kind, record)
    if kind.has_tenant and ":" in record.Tenant:
        raise ServerError(f"a tenant's name has no colon: {record.Tenant}", explain=f"{record.Tenant}:{record.ID} could be a record of another tenant")
    try:
        if kind.api and kind.api.check:
            kind.api.check(record)
        check_record(kind, record, Scope(profiles, kind=kind.name, key=kind.record_key(record)))
    except ServerError:
        raise
    except CgrdError as error:
        raise ServerError.unless_known(error) from error
    profiles[kind.name].set(kind.normal(record) if kind.normal else record, why=why)


def _with_tenant(profiles: Profiles, kind: Kind, record: Any) -> Any:
    return msgspec.structs.replace(record, Tenant=profiles.default_tenant) if kind.has_tenant and not record.Tenant else record


def _entries(record: Any) -> int:
    """How many entries the lists of a record hold."""
    return sum(len(held) for field in record.__struct_fields__ if type(held := getattr(record, field)) is list)


def _preparing(profiles: Profiles, kind: Kind, record: Any) -> Generator[None]:
    """Compile the filters of a record, thousands perhaps, before it is set in one step."""
    if profiles.filters is not None and kind.has_tenant:
        filter_ids = kind.filter_ids(record) if kind.index is not None else ()
        yield from profiles.filters.preparing(record.Tenant, filter_ids, record if kind.name == "Filter" else None)


def _cached(options: dict[str, Any] | None) -> str:
    """The answer of a change; what it asks of caches must be known (there is nothing to do: tables are never stale)."""
    asked = (options or {}).get("*cache", "")
    if asked not in CACHING:
        raise ServerError(f"rpc: service/method request ill-formed: {asked}", explain=f"*cache is one of {' '.join(sorted(CACHING - {''}))}")
    return "OK"
