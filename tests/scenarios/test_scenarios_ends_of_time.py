"""Requests with times at the ends of time: an answer or a clear error, and an error has charged nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cgrd.errors import CgrdError

TIMES = (
    "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:01Z", "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00", "1677-09-21T00:12:43Z", "2262-04-11T23:47:17Z", "0000-01-01T00:00:00Z", "+2562047h47m16.8s", "-2562047h",
)  # fmt: skip
USAGES = ("60s", "-10s", "0", "2562047h47m16.854775807s", "-2562047h")


def requests_about(time: str, usage: str, name: str) -> list[tuple[str, dict[str, Any]]]:
    event = {"OriginID": name, "OriginHost": "switch", "ToR": "*voice", "RequestType": "*prepaid", "Category": "call", "Account": "1001",
             "Destination": "1002", "SetupTime": time, "AnswerTime": time, "Usage": usage}  # fmt: skip
    asked = {"Tenant": "cgrates.org", "ID": name, "Event": event}
    cost = {"Tenant": "cgrates.org", "Category": "call", "Subject": "1001", "Destination": "1002", "AnswerTime": time, "Usage": usage}
    debit = {"Tenant": "cgrates.org", "Category": "call", "Account": "1001", "Destination": "1002", "ToR": "*voice", "TimeStart": time, "TimeEnd": time}
    taking = [(f"Responder.{method}", {**debit, "DurationIndex": 60_000_000_000}) for method in ("GetCost", "Debit", "MaxDebit", "GetMaxSessionTime")]
    return [
        *taking,
        ("APIerSv1.GetCost", cost),
        ("APIerSv1.GetDataCost", {**cost, "Usage": 5}),
        ("SessionSv1.GetCost", asked),
        ("SessionSv1.AuthorizeEvent", {**asked, "GetMaxUsage": True}),
        ("SessionSv1.InitiateSession", {**asked, "InitSession": True}),
        ("SessionSv1.UpdateSession", {**asked, "UpdateSession": True}),
        ("SessionSv1.TerminateSession", {**asked, "TerminateSession": True}),
        ("CDRsV1.ProcessEvent", {**asked, "Flags": ["*rals"]}),
        ("CDRsV1.ProcessExternalCDR", {**event, "Tenant": "cgrates.org"}),
        ("CDRsV1.GetCDRs", {"AnswerTimeStart": time, "SetupTimeEnd": time, "CreatedAtStart": time, "MinUsage": usage}),
        ("APIerSv1.SetBalance", {"Tenant": "cgrates.org", "Account": "1001", "BalanceType": "*voice", "Value": 5, "Balance": {"ID": name, "ExpiryTime": time}}),
        (
            "APIerSv1.SetResourceProfile",
            {"Tenant": "cgrates.org", "ID": name, "Limit": 9, "UsageTTL": usage, "ActivationInterval": {"ActivationTime": time}},
        ),
        ("ResourceSv1.AllocateResources", {**asked, "UsageID": name, "Units": 1, "UsageTTL": usage}),
        ("StatSv1.ProcessEvent", asked),
        ("ThresholdSv1.ProcessEvent", asked),
        ("AttributeSv1.ProcessEvent", {**asked, "Event": {**event, "ID": time}}),
        ("APIerSv1.ExecuteScheduledActions", {"ActionPlanID": "none", "TimeStart": time, "TimeEnd": time}),
    ]


@pytest.mark.parametrize("usage", USAGES)
async def test_an_extreme_time_is_answered_in_words_and_an_error_charges_nothing(office_at: Callable[..., Any], usage: str) -> None:
    others = {name: {"enabled": True} for name in ("resources", "stats", "thresholds", "schedulers")}
    async with office_at(**others) as office:
        await office.account("1001", cash="1000")
        for number, time in enumerate(TIMES):
            for method, arguments in requests_about(time, usage, f"c{number}"):
                before = await office.cash("1001")
                refused = None
                try:  # what is no CgrdError would be told as an internal error, and fails here
                    await office.ask(method, **arguments)
                except CgrdError as error:
                    refused = error
                assert refused is None or await office.cash("1001") == before, (method, arguments, refused)
        assert await office.proved()
    async with office_at(**others) as office:
        assert await office.records()
        assert await office.proved()
