"""Why a call has no price."""

from __future__ import annotations

from cgrd.errors import CgrdError


class RatingPlanNotFound(CgrdError):
    """No rating profile leads to a plan for the caller."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("RATING_PLAN_NOT_FOUND", explain=explain)


class UnauthorizedDestination(CgrdError):
    """A plan was found, but no rate of it for the destination at that time."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("UNAUTHORIZED_DESTINATION", explain=explain)


class MaxUsageExceeded(CgrdError):
    """More usage in one request than `rals.max_computed_usage` allows."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("MAX_USAGE_EXCEEDED", explain=explain)
