"""The words that tariff plans and accounts may hold, for `cgrd words` and docs/VOCABULARY.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cgrd_subsystem_rals.actions.types import built_in
from cgrd_subsystem_rals.kinds.rates import MAX_COST, ROUNDING
from cgrd_subsystem_rals.kinds.timings import BUILT_IN
from cgrd_subsystem_rals.kinds.triggers import THRESHOLD_TYPES

BALANCE_TYPES: Final = {
    "*monetary": "Money, in the currency of the rates.",
    "*voice": "Time, in nanoseconds; rows may write `60s`.",
    "*data": "Octets.",
    "*sms": "Messages, in pieces.",
    "*mms": "Multimedia messages, in pieces.",
    "*generic": "Units that pay for a use of any type.",
}


def words() -> Mapping[str, Mapping[str, object]]:
    """By heading, as the hook `cgrd_words` gives them."""
    return {
        "Action types": built_in(),
        "Threshold types": THRESHOLD_TYPES,
        "Balance types": BALANCE_TYPES,
        "Timings": BUILT_IN,
        "Rounding methods": {word: told for word, told in ROUNDING.items() if word},
        "Strategies of a maximal cost": {word: told for word, told in MAX_COST.items() if word},
    }
