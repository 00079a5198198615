"""Templates and request processors: an agent's message becomes an event, the answer becomes a reply."""

from __future__ import annotations

from typing import Any

import pytest

from cgrd.errors import CgrdError, ConfigurationError
from cgrd.fields import Exchange, Flags, OrderedWriter, Surroundings, Targets, apply, compile_fields, compile_processor, compile_processors
from cgrd.filters import Filters
from cgrd.instants import Instant

AROUND = Surroundings(filters=Filters(), templates={"*err": [{"tag": "Code", "path": "*rep.Code", "type": "*constant", "value": "500"}], "*empty": []})
MESSAGE = {"From": "1001", "To": "0049123", "Start": "2026-01-31T08:00:00Z", "Stop": "2026-01-31T08:01:30Z", "Number": "3"}


def written(*fields: dict[str, Any], roots: dict[str, Any] | None = None) -> dict[str, Any]:
    trees: dict[str, dict[str, Any]] = {"*cgreq": {}, "*rep": {}}
    apply(compile_fields(fields, AROUND), {"*req": MESSAGE, **trees, **(roots or {})}, Targets.of(trees))
    return trees["*cgreq"] or trees["*rep"]


def field(value: str = "", type: str = "*variable", path: str = "*cgreq.X", **more: Any) -> dict[str, Any]:
    return {"path": path, "type": type, "value": value, **more}


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ([field("~*req.From")], {"X": "1001"}),
        ([field("+", "*constant"), field("~*req.To:s/^00(.*)/${1}/", "*composed")], {"X": "+49123"}),
        ([field("~*req.Stop;~*req.Start", "*usage_difference")], {"X": "1m30s"}),
        ([field("~*req.Number;10s;5s", "*cc_usage")], {"X": "20s"}),
        ([field("a", "*group"), field("b", "*group")], {"X": ["a", "b"]}),
        ([field("a", path="*cgreq.A[1].B"), field("c", path="*cgreq.A[0].B")], {"A": [{"B": "c"}, {"B": "a"}]}),
        ([field("v", path="*cgreq.<~*req.From>")], {"1001": "v"}),
        ([field("~*req.Nope")], {}),
        ([field("a"), field("", "*remove")], {}),
        ([field("a"), field("b", path="*cgreq.Y"), field("", "*removeall", path="*cgreq")], {}),
        ([field("a", filters=["*string:~*req.From:1002"]), field("b", path="*cgreq.Y")], {"Y": "b"}),
        ([field("a", blocker=True), field("b")], {"X": "a"}),
        ([field("a", blocker=True, filters=["*string:~*req.From:1002"]), field("b")], {"X": "b"}),
        ([field("~*req.Start", "*datetime", layout="2006-01-02")], {"X": "2026-01-31"}),
        ([field("~*req.From", width=6, padding="*zeroleft")], {"X": "001001"}),
        ([field("~*req.From", width=3, strip="*xright")], {"X": "10x"}),
        ([field("*err", "*template")], {"Code": "500"}),
        ([field("~*req.From"), field("~*cgreq.X;~*cgreq.X", path="*cgreq.Y")], {"X": "1001", "Y": "10011001"}),
    ],
)
def test_a_template_writes(fields: list[dict[str, Any]], event: dict[str, Any]) -> None:
    assert written(*fields) == event


@pytest.mark.parametrize(
    ("one", "error"),
    [
        (field("~*req.Nope", mandatory=True, tag="Account"), "NOT_FOUND:Account"),
        (field("", mandatory=True, tag="Account"), "Empty source value for fieldID: <Account>"),
        (field("~*req.From", width=2, tag="T"), "Value 1001 is too long for field T of width 2"),
        (field("~*req.From", path="*nope.X"), "unsupported field prefix: <*nope> when set field"),
    ],
)
def test_a_field_that_cannot_be_made_is_an_error(one: dict[str, Any], error: str) -> None:
    with pytest.raises(CgrdError) as caught:
        written(one)
    assert str(caught.value) == error


@pytest.mark.parametrize("one", [field("*nope", "*template"), field("*empty", "*template"), field("a", "*nope"), field("~*req.A{*nope}"), {"path": 1}])
def test_a_template_that_cannot_be_used_stops_the_start(one: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        compile_fields([one], AROUND)


def test_an_ordered_target_keeps_order_and_branches() -> None:
    writer = OrderedWriter()
    fields = [
        field("NAPTR", path="*rep.Answer.Type"),
        field("10", path="*rep.Answer.Order"),
        field("20", path="*rep.Answer.Order"),
        field("30", path="*rep.Answer.Order", new_branch=True),
        field("!", "*composed", path="*rep.Answer.Order"),
    ]
    apply(compile_fields(fields, AROUND), {"*req": {}}, Targets({"*rep": writer}))
    assert [(one.path, one.value, one.spot.new_branch) for one in writer.fields] == [
        ("Answer.Type", "NAPTR", False),
        ("Answer.Order", "20", False),
        ("Answer.Order", "30!", True),
    ]


PROCESSORS: list[dict[str, Any]] = [
    {"id": "Other", "filters": ["*string:~*vars.Method:BYE"], "flags": ["*terminate"]},
    {
        "id": "Invite",
        "tenant": "~*req.Realm",
        "filters": ["*string:~*vars.Method:INVITE"],
        "flags": ["*authorize", "*accounts", "*attributes:*ids:A&B", "*routes_maxcost:100", "*continue"],
        "request_fields": [
            {"tag": "Account", "path": "*cgreq.Account", "type": "*variable", "value": "~*req.From", "mandatory": True},
            {"path": "*opts.*usage", "type": "*constant", "value": "1h"},
            {"path": "*tmp.Half", "type": "*divide", "value": "10.0;4"},
            {"path": "*cgreq.Half", "value": "~*tmp.Half"},
        ],
        "reply_fields": [
            {"path": "*rep.MaxUsage", "value": "~*cgrep.MaxUsage{*duration_seconds}"},
            {"path": "*rep.Error", "value": "~*cgrep.Error", "filters": ["*notempty:~*cgrep.Error:"]},
        ],
    },
]


async def test_a_processor_makes_an_event_and_a_reply() -> None:
    processors = compile_processors(PROCESSORS, AROUND)
    exchange = Exchange(request=MESSAGE, vars={"Method": "INVITE"})
    taken = [processor for processor in processors if await processor.takes(exchange.roots)]
    assert [processor.id for processor in taken] == ["Invite"]
    event = await exchange.request(taken[0], default_tenant="cgrates.org", now=Instant(5), id="ab1")
    assert (event.Tenant, event.ID, event.Event, event.APIOpts) == ("cgrates.org", "ab1", {"Account": "1001", "Half": "2.5"}, {"*usage": "1h"})
    exchange.answered({"MaxUsage": 90_000_000_000})
    await exchange.reply_fields(taken[0])
    assert exchange.reply == {"MaxUsage": "90"}
    exchange.answered(None, error="INSUFFICIENT_CREDIT")
    await exchange.reply_fields(taken[0])
    assert exchange.reply["Error"] == "INSUFFICIENT_CREDIT"


def test_flags_say_what_is_to_be_done() -> None:
    flags = compile_processor(PROCESSORS[1], AROUND).flags
    assert flags.main() == "*authorize"
    assert flags.ids("*attributes") == ["A", "B"]
    assert flags.parameter("*routes_maxcost") == "100"
    assert "*accounts" in flags
    assert "*stats" not in flags
    assert Flags(["*radauth"]).main("*radauth") == "*radauth"
    with pytest.raises(CgrdError, match="unknown request type: <>"):
        Flags(["*log"]).main()
