"""What columns about balances say: a filter on balances, which for topups is also what a new balance gets."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from cgrd.durations import parse_duration
from cgrd.errors import Wrong
from cgrd.instants import Instant
from cgrd.options import read_flag
from cgrd.profiles import Refused, read_number
from cgrd_subsystem_rals.accounts.records import ValueFormula

_JSON = re.compile(r"\s*\{")
_FAR = Instant(2_524_608_000 * 1_000_000_000)  # 2050-01-01, what *time_desc counts down to
VOICE = "*voice"


def word(text: str) -> str | None:
    """A field's text; "" and `*any` say nothing."""
    return text if text and text != "*any" else None


def words(text: str) -> dict[str, bool] | None:
    """The set of a `;` list: true for members, false for those excluded by `!`; "" and `*any` say nothing."""
    if word(text) is None:
        return None
    return {part.removeprefix("!"): not part.startswith("!") for part in text.split(";") if part}


def joined(members: dict[str, bool] | None) -> str:
    """The list of a set."""
    return ";".join(name if inside else f"!{name}" for name, inside in sorted((members or {}).items()))


def flag(text: str) -> bool | None:
    """A flag's text; "" says nothing.

    Raises:
        Refused: in the words of Go's ParseBool.
    """
    if word(text) is None:
        return None
    try:
        return read_flag(text)
    except Wrong as error:
        raise Refused(error.word, explain=error.explain) from None


def weight(text: str, now: Instant) -> Decimal | None:
    """A weight's text; `*time_asc` and `*time_desc` are the seconds since 1970 and until 2050.

    Raises:
        Refused: in the words of Go's ParseFloat.
    """
    if word(text) is None:
        return None
    if text in ("*time_asc", "*time_desc"):
        seconds = now.ns // 1_000_000_000
        return Decimal(seconds if text == "*time_asc" else _FAR.ns // 1_000_000_000 - seconds)
    try:
        return read_number(text)
    except ValueError:
        raise Refused(f'strconv.ParseFloat: parsing "{text}": invalid syntax', explain="a weight is a number, as 10 or 0.5") from None


def units(text: str, balance_type: str) -> ValueFormula | None:
    """An amount's text: a number, a duration for voice, or a formula in JSON; "" says nothing.

    Raises:
        Refused: `Invalid value: <text>`.
    """
    if word(text) is None:
        return None
    try:
        if _JSON.match(text):
            return msgspec.json.decode(text, type=ValueFormula, strict=False)
        if balance_type == VOICE:
            return ValueFormula(Static=Decimal(parse_duration(text)))
        return ValueFormula(Static=read_number(text))
    except (ValueError, Wrong, msgspec.DecodeError):
        hint = "a number or a duration" if balance_type == VOICE else "a number"
        raise Refused(f"Invalid value: {text}", explain=f"units of {balance_type or 'an action'} are {hint}") from None
