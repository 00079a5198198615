"""Versions of what is kept, under the reference's names: tools that were made for it ask them before they do anything.

The numbers tell which form of the reference's records the API gives and takes. How the store keeps them is its own schema, which it
brings up to date itself when a daemon starts; its step is told as `Schema`.

Source: spec/ops.md §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgrd import method
from cgrd.errors import NotFound, ServerError, Wrong

if TYPE_CHECKING:
    from cgrd.services import Services

OWN: Final = "Schema"
DATA_DB: Final = {
    "Accounts": 3, "ActionPlans": 3, "ActionTriggers": 2, "Actions": 2, "Attributes": 6, "Chargers": 2, "Destinations": 1, "Dispatchers": 2,
    "IP": 1, "LoadIDs": 1, "RQF": 5, "RatingPlan": 1, "RatingProfile": 1, "Resource": 1, "ReverseDestinations": 1, "Routes": 2,
    "SharedGroups": 2, "StatS": 4, "Subscribers": 1, "Thresholds": 4, "Timing": 1,
}  # fmt: skip
_PLANS: Final = (
    "AccountActions", "ActionPlans", "ActionTriggers", "Actions", "Chargers", "DestinationRates", "Destinations", "Dispatchers", "Filters",
    "Rates", "RatingPlan", "RatingPlans", "RatingProfile", "RatingProfiles", "Resource", "Resources", "Routes", "SharedGroups", "Stats",
    "Thresholds", "Timing",
)  # fmt: skip
STOR_DB: Final = {"CDRs": 2, "CostDetails": 2, "SessionSCosts": 3, **{f"Tp{name}": 1 for name in _PLANS}}


class SetVersionsArgs(msgspec.Struct, kw_only=True):
    """Versions by name; `Overwrite` makes no difference, since none can be other than it is."""

    Versions: dict[str, int] | None = None
    Overwrite: bool = False
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Versions:
    """Both of the reference's databases are the one store."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    @method("APIerSv1.GetDataDBVersions")
    def data_db(self, name: str) -> dict[str, int]:
        """The versions of profiles, accounts and states; of one name when it is given."""
        return self._told(DATA_DB, name)

    @method("APIerSv1.GetStorDBVersions")
    def stor_db(self, name: str) -> dict[str, int]:
        """The versions of CDRs, session costs and stored tariff plans; of one name when it is given."""
        return self._told(STOR_DB, name)

    def _told(self, versions: dict[str, int], name: str) -> dict[str, int]:
        known = {**versions, OWN: self.services.store.upkeep.schema}
        if name and name not in known:
            raise NotFound(explain=f"there is no version of {name}; there are {' '.join(known)}")
        return {name: known[name]} if name else known

    @method("APIerSv1.SetDataDBVersions")
    def set_data_db(self, args: SetVersionsArgs) -> str:
        """Agree to the versions that are; any other is refused, since the records would be read as what they are not."""
        return self._agreed(DATA_DB, args)

    @method("APIerSv1.SetStorDBVersions")
    def set_stor_db(self, args: SetVersionsArgs) -> str:
        """Agree to the versions that are; any other is refused."""
        return self._agreed(STOR_DB, args)

    def _agreed(self, versions: dict[str, int], args: SetVersionsArgs) -> str:
        known = self._told(versions, "")
        for name, number in (args.Versions or {}).items():
            if name not in known:
                raise ServerError(Wrong(f"there is no version of {name!r}", explain=f"there are {' '.join(known)}"))
            if number != known[name]:
                why = "a version is changed by a newer cgrd, which then changes the records; nothing was set"
                raise ServerError(Wrong(f"{name} is at version {known[name]}, not {number}", explain=why))
        return "OK"
