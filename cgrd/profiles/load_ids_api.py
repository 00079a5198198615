"""The methods that tell when what was loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

import msgspec

from cgrd.errors import NotFound
from cgrd.instants import Instant, zone_of
from cgrd.profiles.kind import Method
from cgrd.profiles.paging import Paginator

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles


class LoadTimes(msgspec.Struct):
    """Arguments of GetLoadTimes."""

    Timezone: str = ""
    Item: str = ""


def load_id_methods(profiles: Profiles) -> Iterator[Method]:
    """The methods about load ids."""

    def found(item: str) -> dict[str, int]:
        ids = profiles.load_ids if not item else {name: id for name, id in profiles.load_ids.items() if name == item}
        if not ids:
            raise NotFound(explain="nothing was loaded")
        return ids

    def load_ids(item: str) -> dict[str, int]:
        """When each kind was last changed by a load, as a number."""
        return found(item)

    def load_times(args: LoadTimes) -> dict[str, str]:
        """When each kind was last changed by a load, as a time."""
        zone = zone_of(args.Timezone) if args.Timezone else profiles.zone
        return {name: _go_time(Instant(ns, zone)) for name, ns in found(args.Item).items()}

    def history(_: Paginator) -> NoReturn:
        """Always NOT_FOUND, as in the reference: GetLoadIDs and GetLoadTimes tell of loads."""
        raise NotFound(explain="loads are told by GetLoadIDs and GetLoadTimes; the reference's history is always empty too")

    yield Method("APIerSv1.GetLoadIDs", str, load_ids)
    yield Method("APIerSv1.GetLoadTimes", LoadTimes, load_times)
    yield Method("APIerSv1.GetLoadHistory", Paginator, history)


def _go_time(at: Instant) -> str:
    """A time as Go prints it: `2026-01-31 08:00:00.5 +0000 UTC`."""
    moment: datetime = at.datetime()
    fraction = f"{at.ns % 1_000_000_000:09}".rstrip("0")
    return f"{moment:%Y-%m-%d %H:%M:%S}{'.' + fraction if fraction else ''} {moment:%z %Z}"
