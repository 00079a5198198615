"""Finding the rates of a call: subject → profile → plans in time → destination by prefix, with fallback subjects.

Source: spec/rating.md §3, observed_rating.md (rating).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from cgrd.instants import Instant
from cgrd_subsystem_rals.rating.book import RatingBook
from cgrd_subsystem_rals.rating.errors import RatingPlanNotFound, UnauthorizedDestination
from cgrd_subsystem_rals.rating.lasting import Last, Whose
from cgrd_subsystem_rals.rating.records import RatingPlanActivation, profile_key
from cgrd_subsystem_rals.rating.tables import PlanTables, Tables
from cgrd_subsystem_rals.rating.timings import Wall

ANY = "*any"
_UNKNOWN: Any = object()


class Found(msgspec.Struct, frozen=True):
    """The rates from `since` (unix ns) on; `tables` is empty where only fallback subjects are known."""

    subject: str
    prefix: str
    destination: str
    plan: str
    since: int
    tables: Tables
    fallbacks: tuple[str, ...]


class Asked(msgspec.Struct, frozen=True):
    """Whose rates are looked for: where to and when (unix ns)."""

    destination: str
    start: Instant
    end: int


def find_rates(book: RatingBook, *, tenant: str, category: str, subject: str, asked: Asked) -> list[Found]:
    """The rates of each part of the call, in time; the first covers its start.

    Raises:
        RatingPlanNotFound: no profile for the subject nor for `*any`.
        UnauthorizedDestination: no rate for a part of it.
    """
    last = _last(book, (tenant, category, subject))
    if last is not None and last.tables.unbound and last.since <= asked.start.ns < asked.end:
        matched, destination, hit = match_destination(book, last.tables, asked)
        if hit:
            return [Found(last.profile, matched, destination, last.plan, last.since, hit, last.fallbacks)]
    # Numbers with the same longest known prefix are found alike.
    prefix = "" if asked.destination == ANY else book.prefix_of(asked.destination)
    key = (tenant, category, subject, prefix)
    known: list[Found] | None = book.lasting.rates(key)
    if known is not None and known[0].since <= asked.start.ns and known[0].since < asked.end:
        return known
    found = lookup(book, tenant=tenant, category=category, subject=subject, asked=asked)
    if last is not None and len(found) == 1 and _holds_from_now_on(book, last, found[0], asked):
        book.lasting.keep(key, found)
    if _is_whole(found, asked):
        return found
    whose = f"{profile_key(tenant, category, subject)} to {asked.destination or ANY} at {asked.start}"
    if not found and not _is_known(book, tenant, category, subject):
        raise RatingPlanNotFound(explain=f"no rating profile for {whose}; load one for this subject or for *any")
    raise UnauthorizedDestination(explain=f"no rate for {whose}; {_asked_in_vain(book, tenant, category, subject)}")


def _asked_in_vain(book: RatingBook, tenant: str, category: str, subject: str) -> str:
    """Which profile and plans had no rate, and what would mend it."""
    own, anyone = (profile_key(tenant, category, whose) for whose in (subject, ANY))
    profile = book.profile(own) or book.profile(anyone)
    plans = sorted({each.RatingPlanId for each in profile.RatingPlanActivations if each.RatingPlanId}) if profile else []
    told = f"profile {profile.Id} (plan {', '.join(plans) or 'none'}) has none: add the destination, or *any, to its plan" if profile else ""
    if profile is None or profile.Id == anyone or book.profile(anyone) is None:
        return told
    return f"{told}, or *any to its FallbackSubjects: {anyone} is not asked for a subject that has a profile of its own"


def _is_whole(found: list[Found], asked: Asked) -> bool:
    """Whether there are rates from the start on and for all that follows."""
    return bool(found) and found[0].since <= asked.start.ns and all(part.tables for part in found)


def _last(book: RatingBook, whose: Whose) -> Last | None:
    """The last activation of the subject's own profile, or, where it has none, of `*any`."""
    known = book.lasting.last(whose, _UNKNOWN)
    if known is not _UNKNOWN:
        return known  # type: ignore[no-any-return]
    key = profile_key(*whose)
    profile = book.profile(key) or book.profile(f"{key.rpartition(':')[0]}:{ANY}")
    last = None
    if profile is not None and profile.RatingPlanActivations:
        held = profile.RatingPlanActivations[-1]
        if (tables := book.tables(held.RatingPlanId)) is not None:
            last = Last(profile.Id, held.RatingPlanId, held.ActivationTime.ns, tuple(held.FallbackKeys or ()), tables)
    book.lasting.keep_last(whose, last)
    return last


def _holds_from_now_on(book: RatingBook, last: Last, part: Found, asked: Asked) -> bool:
    """Whether the same would be found at any later time: it is of the last activation, and no timing decides which prefix counts."""
    if not part.tables or (part.subject, part.plan, part.since) != (last.profile, last.plan, last.since) or part.since > asked.start.ns:
        return False
    for _, ids in book.destinations_of(asked.destination):
        for destination in ids:
            if not all(table.calendar.unbound for table in last.tables.of(destination) or ()):
                return False
    return True


def find_in_plan(book: RatingBook, *, plan_id: str, subject: str, asked: Asked) -> list[Found]:
    """The rates of a plan for a call, no profile asked; `subject` is what the cost shall show as matched.

    Raises:
        RatingPlanNotFound: no such plan.
        UnauthorizedDestination: it has no rate for the destination at that time.
    """
    tables = book.tables(plan_id)
    if tables is None:
        raise RatingPlanNotFound(explain=f"no rating plan {plan_id}")
    prefix, destination, hit = match_destination(book, tables, asked)
    if not hit:
        raise UnauthorizedDestination(explain=f"plan {plan_id} has no rate for {asked.destination or ANY} at {asked.start}")
    return [Found(subject, prefix, destination, plan_id, asked.start.ns, hit, ())]


def _is_known(book: RatingBook, tenant: str, category: str, subject: str) -> bool:
    return any(book.profile(profile_key(tenant, category, whose)) is not None for whose in (subject, ANY))


def lookup(book: RatingBook, *, tenant: str, category: str, subject: str, asked: Asked) -> list[Found]:
    """What there is for the call, empty or with gaps."""
    key = profile_key(tenant, category, subject)
    parts = _of_key(book, key, asked, depth=0)
    if not parts and subject != ANY and book.profile(key) is None:
        parts = _of_key(book, profile_key(tenant, category, ANY), asked, depth=0)
    return parts


def _of_key(book: RatingBook, key: str, asked: Asked, *, depth: int) -> list[Found]:
    profile = book.profile(key)
    if profile is None or depth > book.policy.fallback_depth:
        return []
    parts = [
        part for activation in _in_time(profile.RatingPlanActivations, key, asked) if (part := _of_activation(book, profile.Id, activation, asked)) is not None
    ]
    if all(part.tables for part in parts):
        return parts
    return _filled(book, parts, asked, depth=depth)


def _in_time(activations: list[RatingPlanActivation], key: str, asked: Asked) -> list[RatingPlanActivation]:
    """Those that touch the call; where the first begins later, `*any` of the same category is asked about the time before."""
    if len(activations) == 1 and activations[0].ActivationTime.ns <= asked.start.ns < asked.end:
        return activations
    relevant = [a for a in activations if a.ActivationTime.ns < asked.end]
    before = [a for a in relevant if a.ActivationTime.ns <= asked.start.ns]
    relevant = relevant[max(0, len(before) - 1) :]
    if before or not relevant or key.endswith(ANY):
        return relevant
    anyone = f"{key.rpartition(':')[0]}:{ANY}"
    return [RatingPlanActivation(ActivationTime=asked.start, FallbackKeys=[anyone]), *relevant]


def _of_activation(book: RatingBook, subject: str, activation: RatingPlanActivation, asked: Asked) -> Found | None:
    fallbacks = tuple(activation.FallbackKeys or ())
    if not activation.RatingPlanId:
        return Found(subject, ANY, ANY, "", activation.ActivationTime.ns, (), fallbacks)
    tables = book.tables(activation.RatingPlanId)
    if tables is None:
        return None
    prefix, destination, hit = match_destination(book, tables, asked)
    if not hit and not fallbacks:
        return None
    return Found(subject, prefix, destination, activation.RatingPlanId, activation.ActivationTime.ns, hit, fallbacks)


def match_destination(book: RatingBook, plan: PlanTables, asked: Asked) -> tuple[str, str, Tables]:
    """The longest prefix of the number for which the plan has a rate that holds at the call's start; at last `*any`, unchecked."""
    wall = None if plan.unbound else Wall(asked.start)
    ids_of, prefix = book.ids_of_prefix, "" if asked.destination == ANY else book.prefix_of(asked.destination)
    while prefix:
        best: tuple[str, Tables] | None = None
        for destination in ids_of[prefix]:
            tables = plan.of(destination)
            if tables is None or (wall is not None and not any(table.calendar.started(wall) for table in tables)):
                continue
            if best is None or _weight(tables) > _weight(best[1]):
                best = (destination, tables)
        if best is not None:
            return prefix, best[0], best[1]
        prefix = book.prefix_of(prefix[:-1])
    return ANY, ANY, plan.of(ANY) or ()


def _weight(tables: Tables) -> Decimal:
    return max(table.weight for table in tables)


def _filled(book: RatingBook, parts: list[Found], asked: Asked, *, depth: int) -> list[Found]:
    """The parts, those without rates replaced by what their fallback subjects have; a part that nobody covers stays empty."""
    filled: list[Found] = []
    for index, part in enumerate(parts):
        if part.tables:
            filled.append(part)
            continue
        start = max(part.since, asked.start.ns)
        end = parts[index + 1].since if index + 1 < len(parts) else asked.end
        filled += _of_fallbacks(book, part, Asked(asked.destination, Instant(start, asked.start.zone), end), depth=depth) or [part]
    return filled


def _of_fallbacks(book: RatingBook, part: Found, asked: Asked, *, depth: int) -> list[Found]:
    for key in part.fallbacks:
        found = _of_key(book, key, asked, depth=depth + 1)
        if _is_whole(found, asked):
            return found
    return []
