"""Who may do what: refusals before Janus hears of anything, whose a session is, and which account a browser speaks for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from cgrd.durations import SECOND
from cgrd.errors import CgrdError, Wrong

OWNER, STRANGER = "10.99.0.11", "10.99.0.66"


def code(answer: dict[str, Any]) -> int:
    return int(answer["error"]["code"])


def refused(word: str) -> CgrdError:
    return Wrong(word)


async def test_unknown_account_never_reaches_janus(world: Any) -> None:
    world.graph.refuse["SessionSv1.AuthorizeEvent"] = refused("RALS_ERROR:ACCOUNT_NOT_FOUND")
    answer = await world.post("/janus", janus="create")
    assert answer == {"janus": "error", "transaction": "tx", "error": {"code": 403, "reason": "RALS_ERROR:ACCOUNT_NOT_FOUND"}}
    assert not world.janus.seen


async def test_grant_of_zero_is_a_refusal(world: Any) -> None:
    world.graph.grants["SessionSv1.AuthorizeEvent"] = [0]
    answer = await world.post("/janus", janus="create")
    assert (code(answer), answer["error"]["reason"]) == (403, "INSUFFICIENT_CREDIT")
    assert not world.janus.seen


async def test_sessions_that_does_not_answer_is_a_refusal(world: Any) -> None:
    world.graph.slow.add("SessionSv1.AuthorizeEvent")
    answers = []

    async def ask() -> None:
        answers.append(await world.post("/janus", janus="create"))

    world.nursery.start_soon(ask)
    await world.clock.advance(3 * SECOND)
    assert code(answers[0]) == 403


async def test_plugin_nobody_has_a_rate_for_is_refused_at_attach(world: Any) -> None:
    session = (await world.post("/janus", janus="create"))["data"]["id"]
    world.graph.refuse["SessionSv1.AuthorizeEvent"] = refused("RALS_ERROR:UNAUTHORIZED_DESTINATION")
    assert code(await world.post(f"/janus/{session}", janus="attach", plugin="janus.plugin.echotest")) == 403
    assert [seen["janus"] for seen in world.janus.seen] == ["create"]


async def test_account_is_usable_although_nobody_has_a_rate_for_opening_a_session(world: Any) -> None:
    world.graph.refuse["SessionSv1.AuthorizeEvent"] = refused("RALS_ERROR:UNAUTHORIZED_DESTINATION")
    assert (await world.post("/janus", janus="create"))["janus"] == "success"


async def test_room_is_authorised_before_the_plugin_hears_of_it_and_is_what_is_charged(world: Any) -> None:
    path, _ = await world.call("janus.plugin.videoroom", body={"request": "join", "room": 1234, "ptype": "publisher"})
    assert [args["Event"]["Destination"] for args in world.graph.of("AuthorizeEvent")] == ["echotest", "videoroom", "videoroom:1234"]
    assert world.graph.of("InitiateSession")[0]["Event"]["Destination"] == "videoroom:1234"
    assert path


async def test_unlisted_sip_uri_never_reaches_janus(world: Any) -> None:
    session = (await world.post("/janus", janus="create"))["data"]["id"]
    handle = (await world.post(f"/janus/{session}", janus="attach", plugin="janus.plugin.sip"))["data"]["id"]
    world.graph.refuse["SessionSv1.AuthorizeEvent"] = refused("RALS_ERROR:UNAUTHORIZED_DESTINATION")
    for body in ({"request": "call", "uri": "sip:+8821234@example.org"}, {"request": "transfer", "uri": "sip:+8821234@example.org"}):
        assert code(await world.post(f"/janus/{session}/{handle}", janus="message", body=body)) == 403
    assert world.graph.of("AuthorizeEvent")[-1]["Event"]["Destination"] == "+8821234"
    assert [seen["janus"] for seen in world.janus.seen] == ["create", "attach"]


async def test_changed_room_splits_the_charge(world: Any) -> None:
    path, handle = await world.call("janus.plugin.audiobridge", body={"request": "join", "room": 1})
    await world.clock.advance(2 * SECOND)
    await world.post(f"{path}/{handle}", janus="message", body={"request": "changeroom", "room": 2})
    await world.clock.advance(3 * SECOND)
    await world.post(path, janus="destroy")
    await trio.testing.wait_all_tasks_blocked()
    found = [(args["Event"]["Destination"], args["Event"]["Usage"]) for args in world.graph.of("ProcessCDR")]
    assert found == [("audiobridge:1", 2 * SECOND), ("audiobridge:2", 3 * SECOND)]


async def test_who_runs_the_daemon_reads_why_a_call_was_refused(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    world.graph.refuse["SessionSv1.AuthorizeEvent"] = Wrong("RALS_ERROR:ACCOUNT_NOT_FOUND", explain="make it with SetAccount")
    await world.post("/janus", janus="create")
    told = capsys.readouterr().out
    assert "a call is not allowed" in told
    for word in (OWNER, "echotest", "RALS_ERROR:ACCOUNT_NOT_FOUND", "make it with SetAccount"):
        assert word in told


async def test_ids_chosen_by_clients_are_refused(world: Any) -> None:
    assert code(await world.post("/janus", janus="create", id=77)) == 403
    assert not world.janus.seen


async def test_foreign_session_is_as_unknown_as_one_that_never_was(world: Any) -> None:
    path, handle = await world.call()
    for message in ({"janus": "destroy"}, {"janus": "claim"}, {"janus": "keepalive"}, {"janus": "attach", "plugin": "janus.plugin.echotest"}):
        assert code(await world.post(path, STRANGER, **message)) == 458
    assert code(await world.post(f"{path}/{handle}", STRANGER, janus="hangup")) == 458
    assert (await world.http("GET", path, client=STRANGER)).status == 404
    assert code(await world.post(f"{path}/4711", janus="hangup")) == 459
    assert world.janus.sessions


async def test_token_owns_its_session_from_any_address_and_nobody_without_it(world: Any) -> None:
    session = (await world.post("/janus", janus="create", token="secret"))["data"]["id"]
    assert (await world.post(f"/janus/{session}", STRANGER, janus="keepalive", token="secret"))["janus"] == "ack"
    assert code(await world.post(f"/janus/{session}", janus="keepalive")) == 458
    assert code(await world.post(f"/janus/{session}", janus="keepalive", token="other")) == 458


async def test_networks_and_tokens_that_are_not_served_never_reach_sessions(make_world: Callable[..., Any]) -> None:
    async with make_world(allowed_networks=["10.99.0.0/24"]).serving() as world:
        assert code(await world.post("/janus", "192.0.2.1", janus="create")) == 403
        assert code(await world.post("/janus", "nonsense", janus="create")) == 403
        assert not world.graph.asked
        assert (await world.post("/janus", janus="create"))["janus"] == "success"
    async with make_world(identity="token").serving() as world:
        assert code(await world.post("/janus", janus="create")) == 403
        await world.post("/janus", janus="create", token="alice")
        assert world.graph.of("AuthorizeEvent")[0]["Event"]["Account"] == "alice"


BEHIND_PROXIES = [
    # the connection, its X-Forwarded-For, and who the account is
    ("127.0.0.1", "192.0.2.7", "192.0.2.7"),
    ("127.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),  # what a browser wrote itself comes first and is not believed
    ("127.0.0.1", "6.6.6.6, 192.0.2.7, 10.1.2.3", "192.0.2.7"),  # two proxies in a row
    ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
    ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
    ("127.0.0.1", "unknown", "127.0.0.1"),
    ("127.0.0.1", "192.0.2.7, unknown", "127.0.0.1"),
    ("127.0.0.1", "", "127.0.0.1"),
    ("192.0.2.9", "192.0.2.7", "192.0.2.9"),  # nobody whom we trust
]


@pytest.mark.parametrize(("connection", "forwarded", "account"), BEHIND_PROXIES)
async def test_a_trusted_proxy_names_the_browser_and_nobody_else_does(make_world: Callable[..., Any], connection: str, forwarded: str, account: str) -> None:
    async with make_world(trusted_proxies=["127.0.0.1/32", "10.0.0.0/8"]).serving() as world:
        body = json.dumps({"janus": "create", "transaction": "tx"}).encode()
        await world.http("POST", "/janus", body, client=connection, forwarded=forwarded)
        assert world.graph.of("AuthorizeEvent")[0]["Event"]["Account"] == account


async def test_nobody_names_another_browser_where_no_proxy_is_trusted(world: Any) -> None:
    await world.http("POST", "/janus", b'{"janus":"create","transaction":"tx"}', client="127.0.0.1", forwarded="192.0.2.7")
    assert world.graph.of("AuthorizeEvent")[0]["Event"]["Account"] == "127.0.0.1"


async def test_account_may_be_the_part_of_a_token_that_is_no_secret(make_world: Callable[..., Any]) -> None:
    field = {"tag": "Account", "path": "*cgreq.Account", "type": "*variable", "value": r"~*vars.Account:s/^([^.]+)\..*$/${1}/"}
    async with make_world(identity="token", request_processors=[{"id": "account", "request_fields": [field]}]).serving() as world:
        await world.post("/janus", janus="create", token="1001.9f86d081884c7d65")
        assert world.graph.of("AuthorizeEvent")[0]["Event"]["Account"] == "1001"
        assert "9f86d081" not in str(world.graph.asked)
