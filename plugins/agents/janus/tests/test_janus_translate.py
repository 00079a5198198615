"""Where the fields of an event come from."""

from __future__ import annotations

from typing import Any

import pytest
from cgrd_agent_janus.destinations import destination_of, farewell, names_destinations, short_name
from cgrd_agent_janus.flags import Asked, read_flags
from cgrd_agent_janus.translate import Facts, Translator, as_request, authorize_args

from cgrd.errors import CgrdError
from cgrd.fields import Surroundings, compile_processors
from cgrd.filters import Filters
from cgrd.instants import parse_instant

NOW = parse_instant("2026-11-22T08:00:00Z")
FACTS = Facts(account="10.99.0.11", destination="echotest", origin_host="10.99.0.1", origin_id="42", setup=NOW, remote_host="10.99.0.11")


@pytest.mark.parametrize(
    ("plugin", "body", "wanted"),
    [
        ("janus.plugin.videoroom", {"request": "join", "room": 1234, "ptype": "publisher"}, "videoroom:1234"),
        ("janus.plugin.videoroom", {"request": "joinandconfigure", "room": "my-room"}, "videoroom:my-room"),
        ("janus.plugin.videoroom", {"request": "configure", "room": 1}, ""),
        ("janus.plugin.audiobridge", {"request": "changeroom", "room": 7}, "audiobridge:7"),
        ("janus.plugin.streaming", {"request": "watch", "id": 3}, "streaming:3"),
        ("janus.plugin.textroom", {"textroom": "join", "room": 5}, "textroom:5"),
        ("janus.plugin.videocall", {"request": "call", "username": "bob"}, "videocall:bob"),
        ("janus.plugin.recordplay", {"request": "play", "id": 9}, "recordplay:9"),
        ("janus.plugin.sip", {"request": "call", "uri": "sip:+4930123@example.org;transport=tcp"}, "+4930123"),
        ("janus.plugin.sip", {"request": "call", "uri": "tel:+4930123;phone-context=x"}, "+4930123"),
        ("janus.plugin.sip", {"request": "register", "uri": "sip:me@example.org"}, ""),
        ("janus.plugin.echotest", {"request": "join", "room": 1}, ""),
        ("org.example.plugin", {"request": "join", "room": 1}, ""),
        ("janus.plugin.videoroom", {"request": ["join"], "room": {}}, ""),
    ],
)
def test_messages_that_name_destinations(plugin: str, body: dict[str, Any], wanted: str) -> None:
    assert destination_of(plugin, body) == wanted


def test_plugins_by_their_short_name() -> None:
    assert short_name("janus.plugin.echotest") == "echotest"
    assert short_name("org.example.plugin") == "org.example.plugin"
    assert names_destinations("janus.plugin.sip")
    assert not names_destinations("janus.plugin.echotest")
    assert farewell("janus.plugin.sip") == {"request": "hangup"}


def translator(*processors: dict[str, Any]) -> Translator:
    around = Surroundings(filters=Filters(), tenant="cgrates.org")
    asked = read_flags(["*attributes", "*accounts"], Asked())
    compiled = compile_processors(processors, around)
    return Translator(tenant="cgrates.org", request_type="*prepaid", category="call", node_id="n1", asked=asked, processors=compiled)


async def test_fields_that_are_always_set() -> None:
    order = await translator().order(request=as_request({"janus": "create"}), facts=FACTS, event_id="42:authorize:1", at=NOW)
    assert order.event.Tenant == "cgrates.org"
    assert order.event.Event == {
        "Account": "10.99.0.11",
        "Category": "call",
        "Destination": "echotest",
        "OriginHost": "10.99.0.1",
        "OriginID": "42",
        "RequestType": "*prepaid",
        "SetupTime": "2026-11-22T08:00:00Z",
        "Source": "JanusAgent",
        "ToR": "*voice",
    }
    args = authorize_args(order)
    assert (args.GetAttributes, args.GetMaxUsage, args.ForceDuration) == (True, True, False)


async def test_processor_takes_account_tenant_and_destination_from_the_message() -> None:
    processor = {
        "id": "rooms",
        "filters": ["*string:~*req.janus:message|webrtcup", "*string:~*req.plugin:janus.plugin.videoroom"],
        "tenant": "~*req.body.tenant",
        "flags": ["*accounts", "*resources", "*log"],
        "request_fields": [
            {"tag": "Account", "path": "*cgreq.Account", "type": "*variable", "value": "~*req.opaque_id:s/^user-(.+)$/${1}/"},
            {"tag": "Destination", "path": "*cgreq.Destination", "type": "*composed", "value": "room-;~*req.body.room"},
            {"tag": "Subject", "path": "*cgreq.Subject", "type": "*variable", "value": "~*vars.RemoteHost"},
            {"tag": "Opt", "path": "*opts.*sessionsDebitInterval", "type": "*constant", "value": "1s"},
        ],
    }
    message = {"janus": "message", "body": {"request": "join", "room": 1234, "tenant": "example.org"}, "jsep": {"sdp": "v=0"}, "apisecret": "s"}
    request = as_request(message, plugin="janus.plugin.videoroom", opaque_id="user-alice")
    assert "jsep" not in request
    assert "apisecret" not in request
    order = await translator(processor).order(request=request, facts=FACTS, event_id="e", at=NOW)
    event = order.event
    assert (event.Tenant, event.Event["Account"], event.Event["Destination"], event.Event["Subject"]) == ("example.org", "alice", "room-1234", "10.99.0.11")
    assert event.APIOpts == {"*sessionsDebitInterval": "1s"}
    assert event.Event["OriginID"] == "42"
    assert (order.asked.accounts, order.asked.resources, order.asked.attributes) == (True, True, False)


async def test_first_processor_that_passes_is_used_and_continue_goes_on() -> None:
    def processor(name: str, *flags: str, filters: tuple[str, ...] = ()) -> dict[str, Any]:
        field = {"tag": name, "path": f"*cgreq.{name}", "type": "*constant", "value": "yes"}
        return {"id": name, "filters": list(filters), "flags": list(flags), "request_fields": [field]}

    made = translator(processor("No", filters=("*string:~*req.janus:attach",)), processor("One", "*continue"), processor("Two"), processor("Three"))
    order = await made.order(request={"janus": "create"}, facts=FACTS, event_id="e", at=NOW)
    assert {"One", "Two"} <= order.event.Event.keys()
    assert not {"No", "Three"} & order.event.Event.keys()
    assert (order.asked.accounts, order.asked.attributes) == (True, True)


async def test_none_means_that_nothing_is_asked() -> None:
    order = await translator({"id": "free", "flags": ["*none"]}).order(request={"janus": "create"}, facts=FACTS, event_id="e", at=NOW)
    assert order.free


async def test_mandatory_field_that_is_missing_is_an_error() -> None:
    field = {"tag": "Account", "path": "*cgreq.Account", "type": "*variable", "value": "~*req.token", "mandatory": True}
    with pytest.raises(CgrdError):
        await translator({"id": "t", "request_fields": [field]}).order(request={"janus": "create"}, facts=FACTS, event_id="e", at=NOW)


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["*attributes:*ids:A&B"], Asked(attributes=True, attribute_ids=["A", "B"])),
        (["*attributes:A"], Asked(attributes=True, attribute_ids=["A"])),
        (["*thresholds", "*stats:*ids:S"], Asked(thresholds=True, stats=True, stat_ids=["S"])),
        (["*routes", "*routes_maxcost:5", "*routes_ignore_errors"], Asked(routes=True, routes_max_cost="5", routes_ignore_errors=True)),
        (["*routes", "*routes_event_cost"], Asked(routes=True, routes_max_cost="*event_cost")),
        (["*ips", "*fd"], Asked(ips=True, force_duration=True)),
        (["*stats", "*attributes:false"], Asked(stats=True)),
        (["*log", "*authorize"], Asked(accounts=True)),
    ],
)
def test_flags(flags: list[str], wanted: Asked) -> None:
    assert read_flags(flags, Asked(accounts=True)) == wanted
