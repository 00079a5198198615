"""The rating book over the loaded profiles: what is loaded or set is in force at once, and nothing is held twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from cgrd.durations import parse_duration
from cgrd.profiles import Change, ProfileTable
from cgrd_subsystem_rals.rating import RatingBook, RatingPolicy

if TYPE_CHECKING:
    from cgrd.services import Services

V = TypeVar("V")


class TableView(Mapping[str, V]):
    """A table of profiles as a map by key."""

    def __init__(self, table: ProfileTable) -> None:
        self._table = table
        self.find: Callable[[str], V | None] = table.find

    def __getitem__(self, key: str) -> V:
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """The record under a key."""
        found = self.find(key)
        return default if found is None else found

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._table.items())

    def __len__(self) -> int:
        return len(self._table)


class LiveBook(RatingBook):
    """Destinations, plans and profiles as the tables hold them.

    Args:
        policy: how to rate.
        tables: the tables by the name of their kind.
    """

    def __init__(self, policy: RatingPolicy, tables: Mapping[str, ProfileTable]) -> None:
        super().__init__(policy)
        self.destinations = TableView(tables["Destination"])  # type: ignore[assignment]
        self.plans = TableView(tables["RatingPlan"])  # type: ignore[assignment]
        self.profiles = TableView(tables["RatingProfile"])  # type: ignore[assignment]
        self._destinations = tables["Destination"]
        for name in ("Destination", "RatingPlan", "RatingProfile"):
            tables[name].watch(self._changed)

    def _changed(self, change: Change) -> None:
        self.lasting.forget()
        if change.kind == "RatingPlan":
            for key in (*change.put, *change.dropped):
                self._tables.pop(key, None)

    @property
    def ids_of_prefix(self) -> Mapping[str, tuple[str, ...]]:
        """Prefix → the ids of the destinations that have it; asked anew each time, as a load swaps the whole index."""
        known: dict[str, tuple[str, ...]] = self._destinations.side.ids
        return known

    @property
    def longest_prefix(self) -> int:
        """No prefix has more digits than this."""
        longest: int = self._destinations.side.longest
        return longest


def policy_of(services: Services, config: Mapping[str, Any]) -> RatingPolicy:
    """The rating policy of section `rals`."""
    return RatingPolicy(
        rounding_decimals=services.rounding_decimals,
        max_computed_usage={kind: usage_of(value) for kind, value in config["max_computed_usage"].items()},
        max_increments=int(config["max_increments"]),
        subject_prefix_matching=bool(config["rp_subject_prefix_matching"]),
        fallback_depth=int(config["fallback_depth"]),
        balance_rating_subject=config["balance_rating_subject"],
    )


def usage_of(value: Any) -> int:
    """A configured amount of use: a duration, or units."""
    return value if isinstance(value, int) else parse_duration(str(value))
