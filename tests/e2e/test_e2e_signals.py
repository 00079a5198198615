"""SIGTERM and SIGHUP under load: a stop loses nothing that was acknowledged, a reload fails no request."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from rig.books import FUNDS, PORTS, active, faults, ledger, money_config, open_books
from rig.callers import Callers
from rig.daemon import Daemon

ACCOUNTS = ["4001", "4002"]


def running(daemon: Daemon) -> int:
    """The number of the daemon's process."""
    assert daemon.process is not None
    return daemon.process.child.pid


def test_a_stop_under_load_loses_nothing(tmp_path: Path) -> None:
    daemon = open_books(tmp_path, ACCOUNTS)
    callers = Callers(port=PORTS["rpc_json"], accounts=ACCOUNTS, count=6)
    try:
        callers.start()
        for _ in range(3):
            time.sleep(0.4)
            callers.up.clear()
            os.kill(running(daemon), signal.SIGTERM)
            assert daemon.process is not None
            assert daemon.process.child.wait(10) == 0, daemon.process.tail()
            callers.wait_parked()
            daemon.start()
            callers.up.set()
        callers.finish()
        assert callers.failures == []
        assert faults(daemon, callers.calls, ACCOUNTS) == []
        assert active(daemon) == set()
    finally:
        daemon.stop()
    report, sums = ledger(daemon)
    assert report.ok, report.faults
    assert sum(sums.values()) == FUNDS * len(ACCOUNTS) - sum(call.cost for call in callers.calls)


def test_reloads_under_load_fail_no_request(tmp_path: Path) -> None:
    daemon = open_books(tmp_path, ACCOUNTS)
    callers = Callers(port=PORTS["rpc_json"], accounts=ACCOUNTS, count=6)
    config = money_config()
    try:
        callers.start()
        for number in range(6):
            time.sleep(0.25)
            changed = {**config, "sessions": {**config["sessions"], "session_ttl": f"{3600 + number}s"}, "stats": {"enabled": number % 2 == 0}}
            (daemon.folder / "conf" / "cgrates.json").write_text(json.dumps(changed))
            os.kill(running(daemon), signal.SIGHUP)
        time.sleep(0.25)
        callers.finish()
        assert daemon.process is not None
        assert daemon.process.tail(100_000).count("reloaded") >= 5
        assert not any(caller.breaks for caller in callers.callers)
        assert callers.failures == []
        assert faults(daemon, callers.calls, ACCOUNTS) == []
        assert active(daemon) == set()
    finally:
        daemon.stop()
