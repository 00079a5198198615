"""The way of docs/BACKUPS.md, with real daemons: a backup of one that charges, another one started on it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONFIG = "[apiers]\nenabled = true\n[rals]\nenabled = true\n"


def cgrd(*arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run([sys.executable, "-m", "cgrd.cli", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def top_up(daemon: Any, value: int) -> None:
    daemon.ask("APIerSv1.AddBalance", Tenant="cgrates.org", Account="1001", BalanceType="*monetary", Value=value, Balance={"ID": "main"})


def money(daemon: Any) -> float:
    account = daemon.ask("APIerSv2.GetAccount", Tenant="cgrates.org", Account="1001")
    return sum(balance["Value"] for balance in account["BalanceMap"]["*monetary"])


@pytest.mark.parametrize("zipped", ["true", "false"])
def test_a_second_daemon_starts_on_the_backup_of_the_first(tmp_path: Path, daemon: Callable[..., Any], zipped: str) -> None:
    first = daemon(CONFIG)
    top_up(first, 10)
    at = f"127.0.0.1:{first.port()}"
    assert cgrd("console", "-s", at, "APIerSv1.BackupDataDB", f'{{"BackupFolderPath": "{tmp_path}/kept", "Zip": {zipped}}}') == '"OK"\n'
    top_up(first, 5)
    (made,) = (tmp_path / "kept").iterdir()
    assert str(made) in first.log.read_text()
    state = tmp_path / "daemon1" / "state"
    if zipped == "true":
        zipfile.ZipFile(made).extractall(state)
    else:
        state.parent.mkdir()
        made.rename(state)
    cgrd("ledger", "verify", "--state", str(state))
    second = daemon(CONFIG)
    assert (money(first), money(second)) == (15, 10)


def test_the_store_is_made_small_and_checked_while_it_serves(daemon: Callable[..., Any]) -> None:
    running = daemon(CONFIG)
    top_up(running, 10)
    for method in ("DumpDataDB", "RewriteStorDB", "RestoreDataDB"):
        assert cgrd("console", "-s", f"127.0.0.1:{running.port()}", f"APIerSv1.{method}", '""') == '"OK"\n'
    assert money(running) == 10


def test_a_panic_that_is_asked_for_leaves_the_daemon_alone(daemon: Callable[..., Any]) -> None:
    running = daemon(CONFIG)
    assert running.answer({"method": "CoreSv1.Panic", "params": [{"Message": "trial"}], "id": 1})["error"] == "SERVER_ERROR: panic: trial"
    assert running.serves()
    assert "trial" in running.log.read_text()
