"""Destinations.csv: named sets of number prefixes, and the way back from a prefix to the names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from cgrd.errors import Exists, MandatoryMissing, NotFound
from cgrd.profiles import EACH, Api, Draft, Kind, Method, Profiles, Scope, TpApi, column
from cgrd_subsystem_rals.rating.records import Destination

_ODD = re.compile(r"[ \t+]")


class ReverseDestinations:
    """Prefix → ids of the destinations that hold it; kept beside the table, as `table.side`. No prefix is longer than `longest`."""

    def __init__(self) -> None:
        self.ids: dict[str, tuple[str, ...]] = {}
        self.longest = 0

    def copy(self) -> ReverseDestinations:
        """An empty one, to be filled anew."""
        return ReverseDestinations()

    def put(self, key: str, record: Destination, old: Destination | None) -> None:
        if old is not None:
            self.drop(key, old)
        for prefix in record.Prefixes:
            known = self.ids.get(prefix)
            if known is None:
                self.longest = max(self.longest, len(prefix))
                self.ids[prefix] = (key,)
            elif key not in known:
                self.ids[prefix] = (*known, key)

    def drop(self, key: str, old: Destination) -> None:
        for prefix in old.Prefixes:
            left = tuple(id for id in self.ids.get(prefix, ()) if id != key)
            if left:
                self.ids[prefix] = left
            else:
                self.ids.pop(prefix, None)

    def ids_of(self, number: str) -> set[str]:
        """Ids of all destinations that hold a prefix of the number."""
        return {id for length in range(1, min(len(number), self.longest) + 1) for id in self.ids.get(number[:length], ())}


def build(row: Any, _: Draft) -> Destination:
    """The destination of its rows."""
    return Destination(Id=row.ID, Prefixes=row.Prefixes[:])  # a copy takes no more room than it needs


def doubt(record: Destination, _: Scope) -> Iterator[str]:
    """Prefixes that no number begins with; numbers are compared as events bring them, digit by digit."""
    if _ODD.search("\n".join(record.Prefixes)) is None:  # quickly said of a hundred thousand
        return
    for prefix in filter(_ODD.search, record.Prefixes):
        yield f"the prefix <{prefix}> has a blank or a +; only numbers that are written so match it, usually they are digits alone"


def unbuild(record: Destination) -> Any:
    """Its row record."""
    return DESTINATION.row(ID=record.Id, Prefixes=list(record.Prefixes))


class SetDestination(msgspec.Struct):
    """Arguments of APIerSv1.SetDestination."""

    Id: str = ""
    Prefixes: list[str] | None = None
    Overwrite: bool = False


class RemoveDestination(msgspec.Struct):
    """Arguments of APIerSv1.RemoveDestination: whole destinations, or prefixes of them."""

    DestinationIDs: list[str] | None = None
    Prefixes: list[str] | None = None


class GetDestinations(msgspec.Struct):
    """Arguments of APIerSv2.GetDestinations; no ids = all."""

    DestinationIDs: list[str] | None = None


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of destinations."""
    table = profiles["Destination"]

    def set_destination(args: SetDestination) -> str:
        """Store a destination; one that is there is replaced only with `Overwrite`."""
        if missing := [name for name in ("Id", "Prefixes") if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        if args.Id in table and not args.Overwrite:
            raise Exists(explain=f"there is a destination {args.Id!r}; set Overwrite to replace it")
        table.set(Destination(Id=args.Id, Prefixes=list(dict.fromkeys(args.Prefixes or ()))), why="APIerSv1.SetDestination")
        return "OK"

    def remove_destination(args: RemoveDestination) -> str:
        """Delete destinations, or only these prefixes of them."""
        for id in args.DestinationIDs or ():
            record: Destination = table.get("", id)
            left = [prefix for prefix in record.Prefixes if prefix not in (args.Prefixes or ())]
            if args.Prefixes and left:
                table.set(Destination(Id=id, Prefixes=left), why="APIerSv1.RemoveDestination")
            else:
                table.remove("", id, why="APIerSv1.RemoveDestination")
        return "OK"

    def get_destination(id: str) -> Destination:
        """The destination of an id."""
        found: Destination = table.get("", id)
        return found

    def get_reverse(prefix: str) -> list[str]:
        """The ids of the destinations that hold a prefix."""
        if not prefix:
            raise MandatoryMissing("prefix")
        if (ids := table.side.ids.get(prefix)) is None:
            raise NotFound(explain=f"no destination holds the prefix {prefix!r}")
        return sorted(ids)

    def get_destinations(args: GetDestinations) -> list[Destination]:
        """The destinations of these ids, or all."""
        return [table.get("", id) for id in args.DestinationIDs or table.ids()]

    def compute_reverse(_: str) -> str:
        """Nothing to do: which destinations hold a prefix is known at every change."""
        return "OK"  # the way back is kept up to date with every change

    def health(_: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
        """Nothing can be missing or broken: it changes with the destinations."""
        return {"MissingReverseDestinations": {}, "BrokenReferences": {}}

    yield Method("APIerSv1.GetReverseDestinationsIndexHealth", dict[str, Any], health)
    yield Method("APIerSv1.SetDestination", SetDestination, set_destination)
    yield Method("APIerSv1.RemoveDestination", RemoveDestination, remove_destination)
    yield Method("APIerSv1.GetDestination", str, get_destination)
    yield Method("APIerSv1.GetReverseDestination", str, get_reverse)
    yield Method("APIerSv2.GetDestinations", GetDestinations, get_destinations)
    yield Method("APIerSv1.ComputeReverseDestinations", str, compute_reverse)


DESTINATION = Kind(
    name="Destination",
    record=Destination,
    file="Destinations.csv",
    model="DestinationMdl",
    order=10,
    columns=(column("Tag", into="ID"), column("Prefix", EACH, into="Prefixes")),
    key=("Tag",),
    early=True,
    cache="*destinations",
    caches=("*reverse_destinations",),
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="Destination", ids="DestinationIDs", mandatory=("ID", "Prefixes")),
    build=build,
    doubt=doubt,
    unbuild=unbuild,
    side=ReverseDestinations,
    export=False,
    docs="Named sets of number prefixes; one prefix a row.",
)
