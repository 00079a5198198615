"""SIGKILL under load: what was acknowledged is there once, sessions go on, and the books agree to the last digit (goal R1, short form)."""

from __future__ import annotations

import random
import time
from pathlib import Path

from rig.books import FRONT_PORTS, FUNDS, PORTS, active, divided, faults, ledger, open_books
from rig.callers import Callers
from rig.daemon import Daemon

ACCOUNTS = ["4001", "4002", "4003"]
KILLS = 12


def missing_after_restart(daemon: Daemon, callers: Callers) -> set[str]:
    """Acknowledged and not ended sessions that the daemon has lost."""
    return {call.origin for call in callers.calls if call.is_on} - active(daemon)


def test_a_dozen_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    daemon = open_books(tmp_path, ACCOUNTS)
    callers = Callers(port=PORTS["rpc_json"], accounts=ACCOUNTS, count=9)
    chance = random.Random(7)
    try:
        callers.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.6))
            callers.up.clear()
            daemon.kill()
            callers.wait_parked()
            daemon.start()
            lost = missing_after_restart(daemon, callers)
            callers.up.set()
            assert not lost, "sessions that were acknowledged are gone"
        callers.finish()
        assert callers.failures == []
        assert len(callers.calls) > KILLS
        assert faults(daemon, callers.calls, ACCOUNTS) == []
        assert active(daemon) == set()
    finally:
        daemon.stop()
        print(f"{callers.answered} requests answered, {len(callers.calls)} calls, {KILLS} kills")
    report, sums = ledger(daemon)
    assert report.ok, report.faults
    for account in ACCOUNTS:
        assert sums[f"cgrates.org:{account}"] == FUNDS - sum(call.cost for call in callers.calls if call.account == account)


def test_sessions_and_money_in_two_daemons_either_of_which_is_killed(tmp_path: Path) -> None:
    config = divided()
    back = open_books(tmp_path / "back", ACCOUNTS, config=config["back"])
    front = Daemon(folder=tmp_path / "front", config=config["front"], http=FRONT_PORTS["http"])
    callers = Callers(port=FRONT_PORTS["rpc_json"], accounts=ACCOUNTS, count=9)
    chance = random.Random(11)
    try:
        front.start()
        callers.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 0.6))
            if chance.random() < 0.5:
                back.kill()
                back.start()
            else:
                callers.up.clear()
                front.kill()
                front.start()
                callers.up.set()
        callers.finish(60)
        assert callers.failures == []
        assert faults(back, callers.calls, ACCOUNTS) == []
        assert active(front) == set()
    finally:
        front.stop()
        back.stop()
        print(f"{callers.answered} requests answered, {len(callers.calls)} calls, {KILLS} kills of two daemons")
    report, sums = ledger(back)
    assert report.ok, report.faults
    assert sum(sums.values()) == FUNDS * len(ACCOUNTS) - sum(call.cost for call in callers.calls)
