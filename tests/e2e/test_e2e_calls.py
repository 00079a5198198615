"""Calls of a real browser through a real Janus: charged for the talk, refused before media, cut at the money's end."""

from __future__ import annotations

import math
import time
from decimal import Decimal
from typing import Any

import pytest
from rig.chromium import Chromium
from rig.daemon import RATE, Account, Daemon, wait_for
from rig.network import Network
from rig.real_janus import HTTP as JANUS_HTTP
from rig.real_janus import WS as JANUS_WS
from rig.scene import Phone, Refused
from rig.witness import Talk, Witness

CLOSE = 0.3
"""Seconds by which a record may differ from what Janus itself measured."""


def assert_charged(account: Account, talk: Talk, session: int, *, before: str, close: float = CLOSE) -> dict[str, Any]:
    """The record is the talk, its cost is the tariff's, and the balance has lost exactly that."""
    cdr = account.cdr(session)
    assert cdr["Usage"] / 1e9 == pytest.approx(talk.seconds, abs=close)
    assert Decimal(str(cdr["Cost"])) == RATE * math.ceil(cdr["Usage"] / 1e9)
    assert account.balance == Decimal(before) - Decimal(str(cdr["Cost"]))
    return cdr


def test_media_flows_between_browser_and_janus_alone(janus: Any, browser: Any, network: Any, witness: Witness, over: str) -> None:
    base = f"http://{network.server(0)}:{JANUS_HTTP}/janus" if over == "rest" else f"http://{network.server(0)}:{JANUS_WS}"
    call = Phone(browser=browser, base=base).call(over=over)
    wait_for(lambda: call.media_bytes() > 1000, what="media")
    call.end()
    assert witness.wait_for_talk(call.session).seconds > 0


def test_call_is_charged_for_the_talk(account: Account, phone: Phone, witness: Witness, over: str) -> None:
    account.fund("10")
    call = phone.call(over=over)
    time.sleep(2.4)
    assert call.media_bytes() > 1000
    call.do("hangup()")
    talk = witness.wait_for_talk(call.session)
    assert_charged(account, talk, call.session, before="10")
    call.do("detach()")
    call.do("destroy()")
    assert [event["janus"] for event in call.log() if "asked" not in event].count("hangup") == 1
    assert len(account.cdrs(call.session)) == 1


@pytest.mark.parametrize("money", ["unknown", "none", "0"])
def test_nobody_without_money_gets_media(account: Account, phone: Phone, over: str, money: str) -> None:
    if money == "none":
        account.make()
    elif money != "unknown":
        account.fund(money)
    with pytest.raises(Refused, match="403"):
        phone.call(over=over)
    assert phone.log_of_last()[-1]["error"]["code"] == 403
    assert phone.log_of_last()[-1]["asked"] == "create"


def test_cut_at_the_end_of_the_money_and_told_why(account: Account, phone: Phone, witness: Witness, over: str) -> None:
    account.fund("0.03")
    call = phone.call(over=over)
    told = call.told("hangup")
    talk = witness.wait_for_talk(call.session)
    assert told["reason"] == "INSUFFICIENT_CREDIT"
    assert 3 - CLOSE <= talk.seconds <= 4
    assert told["at"] <= talk.end + 0.2
    cdr = account.cdr(call.session)
    assert Decimal(str(cdr["Cost"])) == Decimal("0.03")
    assert account.balance == 0
    with pytest.raises(Refused):
        phone.call(over=over)


def test_three_at_once_on_one_account_do_not_overdraw_it(account: Account, phone: Phone, witness: Witness) -> None:
    account.fund("0.06")
    calls = [phone.call(over="ws" if place else "rest") for place in range(3)]
    talks = [witness.wait_for_talk(call.session, seconds=15) for call in calls]
    costs = [Decimal(str(account.cdr(call.session)["Cost"])) for call in calls]
    assert sum(costs) == Decimal("0.06")
    assert account.balance == 0
    assert all(call.told("hangup")["reason"] == "INSUFFICIENT_CREDIT" for call in calls)
    assert sum(talk.seconds for talk in talks) <= 6 + 3


def test_without_a_debit_loop_the_agent_asks_for_more_and_cuts(
    plain_daemon: Daemon, browser: Chromium, network: Network, number: int, witness: Witness
) -> None:
    account = Account(daemon=plain_daemon, name=network.client(number))
    phone = Phone(browser=browser, base=f"http://{network.server(number)}:{plain_daemon.http}/janus")
    account.fund("0.10")
    short = phone.call()
    time.sleep(0.4)
    short.end()
    assert_charged(account, witness.wait_for_talk(short.session), short.session, before="0.10")
    account.fund("0.03")
    call = phone.call(over="ws")
    assert call.told("hangup")["reason"] == "INSUFFICIENT_CREDIT"
    assert 3 - CLOSE <= witness.wait_for_talk(call.session).seconds <= 4
    assert account.cdr(call.session)["Usage"] == 3_000_000_000
    assert account.balance == 0


def test_sessions_over_a_both_way_connection_charge_and_cut(distant_daemon: Daemon, browser: Chromium, network: Network, number: int, witness: Witness) -> None:
    account = Account(daemon=distant_daemon, name=network.client(number))
    phone = Phone(browser=browser, base=f"http://{network.server(number)}:{distant_daemon.http}/janus")
    with pytest.raises(Refused, match="403"):
        phone.call()
    account.fund("0.02")
    call = phone.call()
    assert call.told("hangup")["reason"] == "INSUFFICIENT_CREDIT"
    assert 2 - CLOSE <= witness.wait_for_talk(call.session).seconds <= 3
    assert account.cdr(call.session)["Usage"] == 2_000_000_000
    assert account.balance == 0


def test_browser_that_stops_polling_is_charged(account: Account, phone: Phone, witness: Witness) -> None:
    account.fund("10")
    call = phone.call(maxev=1)
    call.do("deaf()")
    time.sleep(2.5)
    call.do("destroy()")
    assert_charged(account, witness.wait_for_talk(call.session), call.session, before="10")


def test_call_that_only_polls_outlives_the_session_timeout_of_janus(account: Account, phone: Phone, witness: Witness) -> None:
    account.fund("10")
    call = phone.call()
    quiet = phone.call(over="ws")
    time.sleep(9)
    assert call.media_bytes() > 5000
    call.end()
    quiet.end()
    for each in (call, quiet):
        assert account.cdr(each.session)["Usage"] / 1e9 == pytest.approx(witness.wait_for_talk(each.session).seconds, abs=CLOSE)


@pytest.mark.parametrize("step", ["hangup()", "detach()", "peer.close()"])
def test_hangup_detach_and_closed_connection_reach_janus_and_end_the_charge(account: Account, phone: Phone, witness: Witness, over: str, step: str) -> None:
    account.fund("10")
    call = phone.call(over=over)
    time.sleep(1.2)
    call.do(step)
    talk = witness.wait_for_talk(call.session, seconds=3)
    assert_charged(account, talk, call.session, before="10")
    call.do("destroy()")


def test_forced_disconnect_stops_media_and_is_recorded_once(account: Account, phone: Phone, witness: Witness, daemon: Daemon) -> None:
    account.fund("10")
    call = phone.call(over="ws")
    time.sleep(1.2)
    daemon.rpc("SessionSv1.ForceDisconnect", Filters=[f"*string:~*req.OriginID:{call.session}"], APIOpts={"*disconnectCause": "FRAUD"})
    assert call.told("hangup")["reason"] == "FRAUD"
    assert 1 < witness.wait_for_talk(call.session, seconds=3).seconds < 2
    time.sleep(0.5)
    cdr = account.cdr(call.session)
    assert account.balance == Decimal(10) - Decimal(str(cdr["Cost"]))


def test_room_is_what_is_charged(account: Account, phone: Phone, witness: Witness) -> None:
    account.fund("10")
    call = phone.call(plugin="janus.plugin.videoroom", join={"request": "join", "ptype": "publisher", "room": 1234}, body={"request": "publish"})
    time.sleep(1.2)
    call.end()
    cdr = assert_charged(account, witness.wait_for_talk(call.session), call.session, before="10")
    assert cdr["Destination"] == "videoroom:1234"
    assert cdr["OriginID"] == str(call.session)


def test_plugin_that_nobody_has_a_rate_for_is_refused(account: Account, phone: Phone) -> None:
    account.fund("10")
    with pytest.raises(Refused, match="403"):
        phone.call(plugin="janus.plugin.streamingx")
