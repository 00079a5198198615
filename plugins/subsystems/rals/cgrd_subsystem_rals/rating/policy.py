"""The settings of section `rals` that decide prices."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cgrd.durations import HOUR
from cgrd_subsystem_rals.rating.errors import MaxUsageExceeded

_USUAL_MAX_USAGE = {"*any": 189 * HOUR, "*voice": 72 * HOUR, "*data": 107_374_182_400, "*sms": 10_000, "*mms": 10_000}
_USUAL_ZERO_SUBJECTS = {"*any": "*zero1ns", "*voice": "*zero1s"}


class RatingPolicy(msgspec.Struct, kw_only=True, frozen=True):
    """How to rate.

    Attributes:
        rounding_decimals: places of each increment's cost and each balance (`general.rounding_decimals`).
        max_computed_usage: most usage of one request by type of record, ns or units; `*any` for the types not named.
        max_increments: a rated span of more increments is told by its cost alone; no balance pays for it.
        subject_prefix_matching: whether a rating subject is also looked up with its last letters cut (`rp_subject_prefix_matching`).
        fallback_depth: how many fallback subjects may follow each other.
        balance_rating_subject: rating subject of unit balances that name none, by type of record.
    """

    rounding_decimals: int = 5
    max_computed_usage: Mapping[str, int] = msgspec.field(default_factory=lambda: _USUAL_MAX_USAGE)
    max_increments: int = 1_000_000
    subject_prefix_matching: bool = False
    fallback_depth: int = 3
    balance_rating_subject: Mapping[str, str] = msgspec.field(default_factory=lambda: _USUAL_ZERO_SUBJECTS)

    def check_usage(self, tor: str, usage: int) -> None:
        """Refuse usage beyond the limit of its type.

        Raises:
            MaxUsageExceeded: it is more than the configuration allows.
        """
        limit = self.max_computed_usage.get(tor, self.max_computed_usage.get("*any"))
        if limit is not None and usage > limit:
            raise MaxUsageExceeded(explain=f"usage {usage} is above rals.max_computed_usage {limit} of {tor or '*any'}")

    def zero_subject(self, tor: str) -> str:
        """The rating subject of a unit balance without one."""
        return self.balance_rating_subject.get(tor) or self.balance_rating_subject.get("*any", "")
