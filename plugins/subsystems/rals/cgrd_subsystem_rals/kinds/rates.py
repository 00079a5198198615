"""Rates.csv and DestinationRates.csv: what rating plans are made of; they are not kept by themselves."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from cgrd.costs import RGRate, RIRate
from cgrd.durations import MILLISECOND, format_duration, parse_duration
from cgrd.money import plain
from cgrd.profiles import INTEGER, NUMBER, TEXT, Draft, Items, Kind, Refused, Scope, TpApi, column, every, suggested

ANY = "*any"
ROUNDING = {
    "": "Not rounded.",
    "*up": "Up to the next value of RoundingDecimals places.",
    "*middle": "To the nearest value of RoundingDecimals places, halves up.",
    "*down": "Down to RoundingDecimals places.",
}
MAX_COST = {
    "": "MaxCost is not looked at.",
    "*free": "What the call uses beyond MaxCost is free.",
    "*disconnect": "The call ends when it has cost MaxCost.",
}
SPAN = replace(TEXT, word="duration (`60s`; a bare number is ns: `60` is 60 ns; or octets, pieces, as the use is counted)")
CHUNK = 1_000


class Rates(msgspec.Struct):
    """The slots of a rate, the first one's connect fee for all."""

    ID: str
    ConnectFee: Decimal
    Slots: list[RGRate]
    Doubts: list[str] = []


class DestinationRates(msgspec.Struct):
    """The lines of a tag: destinations, and the rating of each; equal ratings are one object."""

    ID: str
    Destinations: list[str]
    Ratings: list[RIRate]
    Doubts: list[str] = []


def build_rates(row: Any, _: Draft) -> Rates:
    """A rate of its slots.

    Raises:
        Wrong: a duration that is none.
    """
    slots = every(row.RateSlots, _slot)
    fee = row.RateSlots[0].ConnectFee if row.RateSlots else Decimal(0)
    slots.sort(key=lambda slot: slot.GroupIntervalStart)
    return Rates(row.ID, fee, slots, [*_odd_texts(row.RateSlots), *_odd_slots(fee, slots)])


def _slot(row: Any) -> RGRate:
    start, increment, unit = every((row.GroupIntervalStart, row.RateIncrement, row.RateUnit), parse_duration)
    return RGRate(GroupIntervalStart=start, Value=row.Rate, RateIncrement=increment, RateUnit=unit)


def _odd_texts(rows: Iterable[Any]) -> Iterator[str]:
    """Bare numbers that look like seconds: they are nanoseconds. Octets and pieces are bare numbers, too: 1, powers of ten, multiples of 1024."""
    for row in rows:
        texts = {name: getattr(row, name) for name in ("RateUnit", "RateIncrement", "GroupIntervalStart")}
        timed = any(not text.isdecimal() and parse_duration(text) for text in texts.values())
        for name, text in texts.items():
            if text.isdecimal() and 0 < int(text) < MILLISECOND and (timed or not _counts(int(text))):
                yield f"{name} <{text}> means {text} ns; write {text}s if seconds are meant"


def _counts(number: int) -> bool:
    return number == 1 or number % 1024 == 0 or (number >= 1000 and not str(number)[1:].strip("0") and str(number)[0] == "1")


def _odd_slots(fee: Decimal, slots: list[RGRate]) -> Iterator[str]:
    for name, amount in (("ConnectFee", fee), *(("Rate", slot.Value) for slot in slots)):
        if amount < 0:
            yield f"{name} <{plain(amount)}> is below nothing; who uses this is given money"
    if slots and slots[0].GroupIntervalStart:
        yield f"GroupIntervalStart <{format_duration(slots[0].GroupIntervalStart)}> is that of the first slot; what is used before has no rate, begin at 0s"


def build_destination_rates(row: Any, draft: Draft) -> Generator[None, None, DestinationRates]:
    """The lines of a tag, every tag that they name looked up.

    Raises:
        Refused: a rate or a destination that is nowhere.
    """
    found = DestinationRates(row.ID, [], [])
    ratings: dict[tuple[Any, ...], RIRate] = {}

    def rating_of(line: Any) -> RIRate:
        settings = (line.RateId, line.RoundingMethod, line.RoundingDecimals, line.MaxCost, line.MaxCostStrategy)
        if (rating := ratings.get(settings)) is None:
            rating = ratings[settings] = _rating(draft, *settings)
        return rating

    def destination_of(line: Any) -> str:
        return _destination(draft, line.DestinationId)

    looks: tuple[Callable[[Any], Any], ...] = (rating_of, destination_of)
    for start in range(0, len(row.DestinationRates), CHUNK):
        yield
        lines = row.DestinationRates[start : start + CHUNK]
        looked = every(((look, line) for line in lines for look in looks), lambda each: each[0](each[1]))
        found.Ratings += looked[::2]
        found.Destinations += looked[1::2]
    found.Doubts = list(dict.fromkeys(doubt for settings in ratings for doubt in _odd_settings(settings[1], settings[4])))
    return found


def _odd_settings(rounding: str, strategy: str) -> Iterator[str]:
    if rounding not in ROUNDING:
        yield f"there is no rounding method <{rounding}>; costs will not be rounded{suggested(rounding, ROUNDING)}"
    if strategy not in MAX_COST:
        yield f"there is no strategy of a maximal cost <{strategy}>; MaxCost will not be looked at{suggested(strategy, MAX_COST)}"


def doubt(record: Rates | DestinationRates, _: Scope) -> list[str]:
    """What was odd in the rows."""
    return record.Doubts


def _destination(draft: Draft, tag: str) -> str:
    """The id as the destination itself holds it: a hundred thousand lines keep no text of their own."""
    if tag == ANY:
        return ANY
    known = draft.find("Destination", tag)
    if known is None:
        raise Refused(f'could not get destination for tag "{tag}"', explain="neither in Destinations.csv nor loaded before")
    own: str = known.Id
    return own


def _rating(draft: Draft, tag: str, method: str, decimals: int, max_cost: Decimal, strategy: str) -> RIRate:
    rates = draft.record("Rates", tag)
    if rates is None:
        raise Refused(f'could not find rate for tag "{tag}"', explain="Rates.csv has no such tag")
    return RIRate(
        ConnectFee=rates.ConnectFee,
        RoundingMethod=method,
        RoundingDecimals=decimals,
        MaxCost=max_cost,
        MaxCostStrategy=strategy,
        Rates=rates.Slots,
    )


def is_sane(rates: Rates) -> bool:
    """Whether slots follow each other, each beginning at a whole number of the steps before it."""
    return all(_follows(slot, after) for slot, after in pairwise(rates.Slots))


def _follows(slot: RGRate, after: RGRate) -> bool:
    if not slot.RateUnit or not slot.RateIncrement or after.GroupIntervalStart <= slot.GroupIntervalStart:
        return False
    return after.GroupIntervalStart % slot.RateIncrement == 0


RATES = Kind(
    name="Rates",
    record=Rates,
    file="Rates.csv",
    model="RateMdl",
    order=30,
    columns=(
        column("Tag", into="ID"),
        column("ConnectFee", NUMBER, item="RateSlots"),
        column("Rate", NUMBER, item="RateSlots"),
        column("RateUnit", SPAN, item="RateSlots"),
        column("RateIncrement", SPAN, item="RateSlots"),
        column("GroupIntervalStart", SPAN, item="RateSlots"),
    ),
    key=("Tag",),
    items=Items(field="RateSlots"),
    early=True,
    stored=False,
    tp=TpApi(noun="Rate", ids="RateIds", mandatory=("ID", "RateSlots")),
    build=build_rates,
    doubt=doubt,
    valid=is_sane,
    export=False,
    docs="What a unit of use costs, from which use on, in which steps.",
)

DESTINATION_RATES = Kind(
    name="DestinationRates",
    record=DestinationRates,
    file="DestinationRates.csv",
    model="DestinationRateMdl",
    order=40,
    columns=(
        column("Tag", into="ID"),
        column("DestinationsTag", into="DestinationId", item="DestinationRates"),
        column("RatesTag", into="RateId", item="DestinationRates"),
        column("RoundingMethod", item="DestinationRates", words="Rounding methods"),
        column("RoundingDecimals", INTEGER, item="DestinationRates"),
        column("MaxCost", NUMBER, item="DestinationRates"),
        column("MaxCostStrategy", item="DestinationRates", words="Strategies of a maximal cost"),
    ),
    key=("Tag",),
    items=Items(field="DestinationRates"),
    early=True,
    stored=False,
    tp=TpApi(noun="DestinationRate", ids="DestinationRateIds", mandatory=("ID", "DestinationRates")),
    build=build_destination_rates,
    doubt=doubt,
    export=False,
    docs="Which rate a destination has, and how the total is rounded and capped.",
)
