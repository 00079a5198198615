"""Stored tariff plans (`SetTP…`, `GetTP…`): row records kept by the id of their plan until they are loaded.

They are kept as they were given, durations and times as text; only loading looks at what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd.codec import decode, encode
from cgrd.errors import MandatoryMissing, NotFound, ServerError
from cgrd.profiles.kind import Kind, Method, TpApi
from cgrd.profiles.paging import TpPaginator, page

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles


class TpKey(msgspec.Struct):
    """Which record of a stored plan; kinds name their key differently."""

    TPid: str = ""
    Tenant: str = ""
    ID: str = ""
    Tag: str = ""
    RatingProfileID: str = ""
    AccountActionsId: str = ""
    LoadId: str = ""


class TpStorage:
    """The stored plans' row records, in the store under `TP<kind>` and in memory.

    Keys are `tpid`, then the row record's own key (after its LoadId, for kinds that have one), with a blank between.
    """

    def __init__(self, profiles: Profiles) -> None:
        self.profiles = profiles
        self._memory: dict[tuple[str, str], bytes] = {}
        for kind in profiles.kinds:
            for key, data in profiles.store.scan(f"TP{kind.name}") if profiles.store is not None else ():
                self._memory[kind.name, key] = data

    def put(self, kind: Kind, tpid: str, records: list[Any], *, load_id: str = "") -> None:
        """Keep row records of a plan, in place of those with the same key."""
        rows = {f"{tpid} {load_id + ':' if load_id else ''}{kind.row_key(record)}": encode(record) for record in records}
        self._write(kind, dict(rows))

    def remove(self, kind: Kind, keys: list[str]) -> None:
        """Forget records by their keys."""
        self._write(kind, dict.fromkeys(keys))

    def _write(self, kind: Kind, rows: dict[str, bytes | None]) -> None:
        before = {key: self._memory.get((kind.name, key)) for key in rows}
        if self.profiles.store is not None:
            with self.profiles.store.transaction(why=f"TP{kind.name}") as tx:
                for key, data in rows.items():
                    tx.delete(f"TP{kind.name}", key) if data is None else tx.put(f"TP{kind.name}", key, data)
                tx.on_rollback(lambda: self._keep(kind, before))
        self._keep(kind, rows)

    def _keep(self, kind: Kind, rows: dict[str, bytes | None]) -> None:
        for key, data in rows.items():
            if data is None:
                self._memory.pop((kind.name, key), None)
            else:
                self._memory[kind.name, key] = data

    def keys(self, kind: Kind, tpid: str) -> list[str]:
        """The record keys of a plan, sorted, without the plan's id."""
        start = f"{tpid} "
        return sorted(key[len(start) :] for name, key in self._memory if name == kind.name and key.startswith(start))

    def get(self, kind: Kind, tpid: str, key: str) -> Any:
        """A row record, or None."""
        data = self._memory.get((kind.name, f"{tpid} {key}"))
        return None if data is None else decode(data, kind.row)

    def all(self, kind: Kind, tpid: str) -> Iterator[Any]:
        """Every row record of a plan."""
        for key in self.keys(kind, tpid):
            yield self.get(kind, tpid, key)

    def ids(self) -> list[str]:
        """The ids of stored plans."""
        return sorted({key.partition(" ")[0] for _, key in self._memory})

    def forget(self, tpid: str) -> None:
        """Delete a whole plan."""
        for kind in self.profiles.kinds:
            if keys := [f"{tpid} {key}" for key in self.keys(kind, tpid)]:
                self.remove(kind, keys)


@lru_cache(64)
def set_args(kind: Kind) -> type[msgspec.Struct]:
    """The row record with TPid and LoadId: what SetTP takes and GetTP answers."""
    fields: list[Any] = [("TPid", str, ""), ("LoadId", str, "")] if kind.tp and kind.tp.load_id else [("TPid", str, "")]
    return msgspec.defstruct(f"{kind.row.__name__}Args", fields, bases=(kind.row,), kw_only=True)


def tp_methods(profiles: Profiles) -> list[Method]:
    """The methods on stored plans of every kind."""
    return [method for kind in profiles.kinds if kind.tp for method in _methods(kind, kind.tp, profiles)]


def _methods(kind: Kind, tp: TpApi, profiles: Profiles) -> Iterator[Method]:
    storage = profiles.tp
    args_type = set_args(kind)

    def shown(record: Any, tpid: str, key: str) -> Any:
        extra = {"LoadId": key.partition(":")[0]} if tp.load_id else {}
        values = {field: getattr(record, field) for field in kind.row.__struct_fields__}
        return args_type(TPid=tpid, **extra, **values)

    def set_tp(args: Any) -> str:
        """Keep rows of a plan in the store, in place of those with their key; they are not in use until the plan is loaded."""
        if missing := [name for name in ("TPid", *tp.mandatory) if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        if kind.has_tenant and not args.Tenant:
            args = msgspec.structs.replace(args, Tenant=profiles.default_tenant)
        row = kind.row(**{field: getattr(args, field) for field in kind.row.__struct_fields__})
        storage.put(kind, args.TPid, [row], load_id=args.LoadId if tp.load_id else "")
        return "OK"

    def key_of(args: TpKey) -> str:
        id = getattr(args, tp.key) or args.Tag
        if missing := [name for name, value in (("TPid", args.TPid), (tp.key, id)) if not value]:
            raise MandatoryMissing(*missing)
        return f"{args.Tenant or profiles.default_tenant}:{id}" if kind.has_tenant else str(id)

    def get_tp(args: TpKey) -> Any:
        """Rows of a stored plan."""
        key = key_of(args)
        if (found := storage.get(kind, args.TPid, key)) is None:
            raise NotFound(explain=f"plan {args.TPid} has no {kind.name} {key}")
        return shown(found, args.TPid, key)

    def remove_tp(args: TpKey) -> str:
        """Delete rows of a stored plan; what was loaded of it stays."""
        key = key_of(args)
        if storage.get(kind, args.TPid, key) is None:
            raise ServerError(NotFound(explain=f"plan {args.TPid} has no {kind.name} {key}"))
        storage.remove(kind, [f"{args.TPid} {key}"])
        return "OK"

    def ids(args: TpPaginator) -> list[str]:
        """The keys of a stored plan's rows, those in which `Search` occurs."""
        if not args.TPid:
            raise MandatoryMissing("TPid")
        found = [key for key in storage.keys(kind, args.TPid) if args.Search in key]
        if kind.has_tenant:
            tenant = f"{args.Tenant or profiles.default_tenant}:"
            found = [key.removeprefix(tenant) for key in found if key.startswith(tenant)]
        if not found:
            raise NotFound(explain=f"plan {args.TPid} has no {kind.name}")
        return page(found, args)

    yield Method(f"APIerSv1.SetTP{tp.noun}", args_type, set_tp)
    yield Method(f"APIerSv1.GetTP{tp.noun}", TpKey, get_tp)
    yield Method(f"APIerSv1.RemoveTP{tp.noun}", TpKey, remove_tp)
    yield Method(f"APIerSv1.GetTP{tp.ids}", TpPaginator, ids)
    if kind.name == "Destination":
        yield Method("APIerSv2.SetTPDestination", args_type, set_tp)
        yield Method("APIerSv2.GetTPDestination", TpKey, get_tp)
        yield Method("APIerSv2.RemoveTPDestination", TpKey, remove_tp)
    if tp.load_id:
        yield from _by_load_id(kind, tp, profiles, shown)


def _by_load_id(kind: Kind, tp: TpApi, profiles: Profiles, shown: Any) -> Iterator[Method]:
    storage = profiles.tp

    def load_ids(args: TpPaginator) -> list[str]:
        """The LoadIds of a stored plan's rows."""
        if not args.TPid:
            raise MandatoryMissing("TPid")
        found = sorted({key.partition(":")[0] for key in storage.keys(kind, args.TPid)})
        if not found:
            raise NotFound(explain=f"plan {args.TPid} has no {kind.name}")
        return page(found, args)

    def by_load_id(args: TpKey) -> list[Any]:
        """The rows of a stored plan under a LoadId."""
        if not args.TPid:
            raise MandatoryMissing("TPid")
        keys = [key for key in storage.keys(kind, args.TPid) if key.startswith(f"{args.LoadId}:")]
        if not keys:
            raise NotFound(explain=f"plan {args.TPid} has no {kind.name} of load {args.LoadId}")
        return [shown(storage.get(kind, args.TPid, key), args.TPid, key) for key in keys]

    singular = kind.name.removesuffix("s")
    several = "GetTPAccountActionsByLoadId" if kind.instruction else "GetTPRatingProfilesByLoadID"
    yield Method(f"APIerSv1.GetTP{singular}LoadIds", TpPaginator, load_ids)
    yield Method(f"APIerSv1.{several}", TpKey, by_load_id)
