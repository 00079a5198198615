"""RatingPlans.csv: rates by destination and time."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.costs import RITiming
from cgrd.errors import MandatoryMissing, NotFound
from cgrd.profiles import NUMBER, Api, Draft, Items, Kind, Method, PaginatorWithTenant, Profiles, Refused, TpApi, column, page
from cgrd_subsystem_rals.kinds.rates import CHUNK, DestinationRates
from cgrd_subsystem_rals.kinds.tags import rating_tag, timing_tag
from cgrd_subsystem_rals.kinds.timings import find_timing
from cgrd_subsystem_rals.rating.records import RatingPlan, RPRate


class _Assembly:
    """A rating plan while its lines are put together; destinations with the same one line share it."""

    def __init__(self, id: str) -> None:
        self.plan = RatingPlan(Id=id, Timings={}, Ratings={}, DestinationRates={})
        self._alone: dict[tuple[str, str, Decimal], list[RPRate]] = {}
        self._tags: dict[int, str] = {}

    def add(self, rates: DestinationRates, timing: RITiming, weight: Decimal) -> Generator[None, None, None]:
        held = msgspec.structs.replace(timing, EndTime="")  # an end does not hold in rating (spec/rating.md §1)
        tag = timing_tag(held)
        self.plan.Timings[tag] = held
        into = self.plan.DestinationRates
        for at, (destination, rating) in enumerate(zip(rates.Destinations, rates.Ratings, strict=True)):
            if not at % CHUNK:
                yield
            key = (tag, self._rating(rating), weight)
            line = self._alone.get(key)
            if line is None:
                line = self._alone[key] = [RPRate(Timing=tag, Rating=key[1], Weight=weight)]
            known = into.get(destination)
            if known is None:
                into[destination] = line
            elif line[0] not in known:
                into[destination] = [*known, line[0]]

    def _rating(self, rating: Any) -> str:
        tag = self._tags.get(id(rating))
        if tag is None:
            tag = self._tags[id(rating)] = rating_tag(rating)
            self.plan.Ratings[tag] = rating
        return tag


def build(row: Any, draft: Draft) -> Generator[None, None, RatingPlan]:
    """The plan of its bindings.

    Raises:
        Refused: a timing or destination rate that is nowhere.
    """
    assembly = _Assembly(row.ID)
    for binding in row.RatingPlanBindings:
        timing = find_timing(draft, binding.TimingId)
        if timing is None:
            raise Refused(f'could not get timing for tag "{binding.TimingId}"', explain="neither in Timings.csv nor built in")
        rates = draft.record("DestinationRates", binding.DestinationRatesId)
        if rates is None:
            raise Refused(f'could not find destination rate for tag "{binding.DestinationRatesId}"', explain="not in DestinationRates.csv")
        yield from assembly.add(rates, timing, binding.Weight)
    return assembly.plan


def is_continuous(plan: RatingPlan) -> bool:
    """Whether some rate holds at every moment of a week: a timing without limits, or all days of the week from midnight on."""
    dateless = [t for t in plan.Timings.values() if not (t.Years or t.Months or t.MonthDays) and t.StartTime == "00:00:00"]
    if any(not timing.WeekDays for timing in dateless):
        return True
    return {day for timing in dateless for day in timing.WeekDays or ()} == set(range(7))


def methods(profiles: Profiles) -> Iterable[Method]:
    """The API of rating plans."""
    table = profiles["RatingPlan"]

    def get(id: str) -> RatingPlan:
        """The rating plan of an id."""
        found: RatingPlan = table.get("", id)
        return found

    def remove(id: str) -> str:
        """Delete a rating plan."""
        if not id:
            raise MandatoryMissing("ID")
        table.remove("", id, why="APIerSv1.RemoveRatingPlan")
        return "OK"

    def ids(args: PaginatorWithTenant) -> list[str]:
        """The ids of rating plans."""
        if not (found := table.ids(search=args.Search)):
            raise NotFound(explain="no rating plan is loaded")
        return page(found, args)

    yield Method("APIerSv1.GetRatingPlan", str, get)
    yield Method("APIerSv1.RemoveRatingPlan", str, remove)
    yield Method("APIerSv1.GetRatingPlanIDs", PaginatorWithTenant, ids)


RATING_PLAN = Kind(
    name="RatingPlan",
    record=RatingPlan,
    file="RatingPlans.csv",
    model="RatingPlanMdl",
    order=50,
    columns=(
        column("Tag", into="ID"),
        column("DestratesTag", into="DestinationRatesId", item="RatingPlanBindings"),
        column("TimingTag", into="TimingId", item="RatingPlanBindings", words="Timings"),
        column("Weight", NUMBER, item="RatingPlanBindings"),
    ),
    key=("Tag",),
    items=Items(field="RatingPlanBindings"),
    early=True,
    cache="*rating_plans",
    api=Api(derive=False, extra=methods),
    tp=TpApi(noun="RatingPlan", ids="RatingPlanIds", mandatory=("ID", "RatingPlanBindings")),
    build=build,
    valid=is_continuous,
    export=False,
    docs="Which destination rates hold at which times; the highest weight wins.",
)
