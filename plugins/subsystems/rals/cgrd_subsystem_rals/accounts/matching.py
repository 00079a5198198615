"""Balance filters: which balances an order means, and what a new one looks like.

Source: spec/rating.md §12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from cgrd.codec import convert, decode
from cgrd.costs import RITiming
from cgrd.errors import CgrdError, NotFound, Wrong
from cgrd.instants import Instant, parse_instant
from cgrd.options import read_flag
from cgrd_subsystem_rals.accounts.purse import Held
from cgrd_subsystem_rals.accounts.records import Account, Balance, BalanceFilter, ValueFormula


def included(text: str) -> dict[str, bool]:
    """A set as columns write it: `a;!b` is a, and not b; `*zero` is the empty set."""
    if text == "*zero":
        return {}
    return {part.lstrip("!"): not part.startswith("!") for part in text.split(";") if part}


def balance_filter(
    fields: Mapping[str, Any],
    *,
    kind: str | None = None,
    units: Decimal | None = None,
    timing: Callable[[str], RITiming | None] = lambda _: None,
    zone: tzinfo = UTC,
    now: Instant | None = None,
) -> BalanceFilter:
    """A filter out of the map that the balance methods take; fields that are empty stay open.

    Raises:
        NotFound: a timing that is not there.
        Wrong: a field that cannot be read.
    """
    made = BalanceFilter(Type=kind or _text(fields, "Type"), Value=None if units is None else ValueFormula(Static=units))
    made.Uuid = _text(fields, "UUID")
    made.ID = _text(fields, "ID")
    subject = _text(fields, "RatingSubject")
    made.RatingSubject = None if subject == "*zero" else subject
    for name in ("DestinationIDs", "Categories", "SharedGroups", "TimingIDs"):
        text = _text(fields, name)
        setattr(made, name, included(text) if text else None)
    made.Timings = [_timing(timing, name) for name in made.TimingIDs or {}] or None
    made.Weight = _number(fields["Weight"]) if "Weight" in fields else None
    if "Value" in fields:
        _number(fields["Value"])
    made.Disabled, made.Blocker = _flag(fields.get("Disabled")), _flag(fields.get("Blocker"))
    expiry = _text(fields, "ExpiryTime") or _text(fields, "ExpirationDate")
    made.ExpirationDate = parse_instant(expiry, zone=zone, now=now) if expiry else None
    made.Factors = _factors(fields.get("Factors"))
    return made


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return None if value in (None, "") else str(value)


def _timing(find: Callable[[str], RITiming | None], name: str) -> RITiming:
    found = find(name)
    if found is None:
        raise NotFound(explain=f"no timing {name}; load it or set it by SetTiming")
    return found


def _number(value: Any) -> Decimal:
    text = "" if value is None else str(value)
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise CgrdError(f'strconv.ParseFloat: parsing "{text}": invalid syntax', explain="Weight and Value are numbers") from error


def _factors(value: Any) -> dict[str, Decimal] | None:
    """Factors as a map of numbers, or as the JSON text of one."""
    if value in (None, ""):
        return None
    try:
        found: dict[str, Decimal] = decode(value, dict[str, Decimal]) if isinstance(value, str) else convert(value, dict[str, Decimal])
    except (msgspec.DecodeError, ValueError) as error:
        raise Wrong(f"json: Factors cannot be read: {error}", explain='write them as {"*voice": 60}') from error
    return found


def _flag(value: Any) -> bool | None:
    return None if value is None else read_flag(value)


def meant(account: Account, wanted: BalanceFilter, *, at: Instant | None) -> Iterator[Held]:
    """The balances that a filter means; those expired at `at` are left out unless it is None."""
    for balance in list(account.balances(wanted.Type or "")):
        if (at is None or not balance.expired(at)) and fits(balance, wanted, skip_expiry=at is None):
            yield Held(account, wanted.Type or "", balance)


def fits(balance: Balance, wanted: BalanceFilter, *, skip_ids: bool = False, skip_expiry: bool = False) -> bool:
    """Whether a balance is as a filter says: by its UUID or id where one is given, else by every field that is not open."""
    if not skip_ids:
        if wanted.Uuid:
            return balance.Uuid == wanted.Uuid
        if wanted.ID:
            return balance.ID == wanted.ID
    return (
        (skip_expiry or wanted.ExpirationDate is None or balance.ExpirationDate == wanted.ExpirationDate)
        and (wanted.Weight is None or balance.Weight == wanted.Weight)
        and (wanted.Blocker is None or balance.Blocker == wanted.Blocker)
        and (wanted.Disabled is None or balance.Disabled == wanted.Disabled)
        and _includes(balance.DestinationIDs, wanted.DestinationIDs)
        and _includes(balance.Categories, wanted.Categories)
        and _includes(balance.TimingIDs, wanted.TimingIDs)
        and _includes(balance.SharedGroups, wanted.SharedGroups)
        and (not wanted.RatingSubject or balance.RatingSubject == wanted.RatingSubject)
    )


def _includes(held: Mapping[str, bool] | None, wanted: Mapping[str, bool] | None) -> bool:
    return not wanted or all((held or {}).get(key) == value for key, value in wanted.items())


def apply(wanted: BalanceFilter, balance: Balance, *, value: Decimal | None) -> None:
    """Set the fields of a balance that a filter names; of `*default` only the value."""
    if value is not None:
        balance.Value = value
    if balance.ID == "*default":
        return
    for name in ("DestinationIDs", "Categories", "SharedGroups", "TimingIDs", "Timings", "RatingSubject", "Weight", "Disabled", "Blocker"):
        given = getattr(wanted, name)
        if given is not None:
            setattr(balance, name, given)
    if wanted.Factors:
        balance.Factors = dict(wanted.Factors)
    if wanted.ExpirationDate is not None:
        balance.ExpirationDate = wanted.ExpirationDate


def new_balance(wanted: BalanceFilter, *, uuid: str, value: Decimal) -> Balance:
    """A balance as a filter describes it."""
    made = Balance(Uuid=uuid, ID=wanted.ID or "")
    apply(wanted, made, value=value)
    return made
