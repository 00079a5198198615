"""What breaks in the middle of a call: the browser, Janus, cgrd itself. Charged once, for the talk."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from rig.chromium import Chromium
from rig.daemon import HTTP, RATE, Account, Daemon, wait_for
from rig.network import Network
from rig.real_janus import RealJanus
from rig.scene import Phone
from rig.witness import Witness


def assert_consistent(account: Account, session: int, *, before: str, seconds: float = 10) -> float:
    """One record, its cost by the tariff, the balance less by exactly that; the seconds that were charged."""
    cdr = account.cdr(session, seconds=seconds)
    assert Decimal(str(cdr["Cost"])) == RATE * math.ceil(cdr["Usage"] / 1e9)
    assert account.balance == Decimal(before) - Decimal(str(cdr["Cost"]))
    return float(cdr["Usage"]) / 1e9


def test_browser_killed_is_charged_until_its_last_sign(
    account: Account, number: int, network: Network, open_browser: Callable[[], Chromium], over: str
) -> None:
    account.fund("10")
    browser = open_browser()
    phone = Phone(browser=browser, base=f"http://{network.server(number)}:{HTTP}/janus")
    call = phone.call(over=over)
    time.sleep(2.3)
    browser.kill()
    talked = time.time() - call.at
    assert assert_consistent(account, call.session, before="10", seconds=20) == pytest.approx(talked, abs=0.6)


def test_janus_killed_calls_are_charged_and_new_ones_work_when_it_is_back(
    account: Account, phone: Phone, daemon: Daemon, janus: RealJanus, witness: Witness, over: str
) -> None:
    account.fund("10")
    call = phone.call(over=over)
    time.sleep(1.6)
    janus.kill()
    talked = time.time() - call.at
    assert assert_consistent(account, call.session, before="10") == pytest.approx(talked, abs=0.5)
    left = account.balance
    janus.start()
    wait_for(daemon.linked, what="the agent's link to the new Janus")
    again = phone.call(over=over)
    time.sleep(0.5)
    again.end()
    assert assert_consistent(account, again.session, before=str(left)) == pytest.approx(witness.wait_for_talk(again.session).seconds, abs=0.3)


def test_cgrd_killed_in_a_call_charges_it_once_for_the_talk(account: Account, phone: Phone, daemon: Daemon, witness: Witness, over: str) -> None:
    account.fund("10")
    call = phone.call(over=over)
    time.sleep(3.4)
    daemon.kill()
    talk = witness.wait_for_talk(call.session)
    time.sleep(1)
    daemon.start()
    charged = assert_consistent(account, call.session, before="10", seconds=30)
    assert talk.seconds - 1.3 <= charged <= talk.seconds + 0.3
    time.sleep(2)
    assert assert_consistent(account, call.session, before="10") == charged
    wait_for(daemon.linked, what="the agent's link after the restart")
    left = account.balance
    again = phone.call(over=over)
    time.sleep(0.5)
    again.end()
    assert_consistent(account, again.session, before=str(left))
