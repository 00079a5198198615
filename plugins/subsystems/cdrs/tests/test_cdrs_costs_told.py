"""The Cost that an event names is a number that a record can hold."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

import pytest
from cgrd_subsystem_cdrs.records import Defaults, cdr_of

from cgrd.errors import Wrong

DEFAULTS = Defaults(tenant="cgrates.org", category="call", request_type="*rated", zone=UTC)


@pytest.mark.parametrize("cost", ["NaN", "sNaN", "Infinity", "-Infinity", "1" * 1000, "0." + "1" * 1000, Decimal("NaN"), "1e400", "x"])
def test_a_cost_that_is_no_such_number_is_refused(cost: Any) -> None:
    with pytest.raises(Wrong, match=r"^Cost .{1,60} is no number"):
        cdr_of({"RequestType": "*directdebit", "Cost": cost}, tenant="", defaults=DEFAULTS)


@pytest.mark.parametrize("cost", ["0.5", 0.5, 3, Decimal("-1")])
def test_others_are_taken(cost: Any) -> None:
    assert cdr_of({"Cost": cost}, tenant="", defaults=DEFAULTS).Cost == Decimal(str(cost))
