"""Why did this call cost what it did? `cgrd why` tells it from the store, while the daemon runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cgrd.cli.app import app
from cgrd.durations import SECOND


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., str]:
    """What the command says of the office's store."""

    def ask(call: str) -> str:
        (tmp_path / "cgrd.sqlite").unlink(missing_ok=True)
        (tmp_path / "cgrd.sqlite").symlink_to(tmp_path / "office.sqlite")
        return str(CliRunner().invoke(app, ["why", call, "--state", str(tmp_path)]).output)

    return ask


async def test_a_call_s_price_is_told_increment_by_increment_with_who_paid(office_at: Callable[..., Any], told: Callable[..., str]) -> None:
    async with office_at() as office:
        await office.account("1001", cash="3")
        call = office.call("c1")
        await call.start()
        await office.clock.advance(12 * SECOND)
        office.kernel.store.flush()
        (session,) = await office.ask("SessionSv1.GetActiveSessions")
        assert "There is no record of" in told(session["CGRID"])
        assert "run *default has paid 0.2 of *monetary" in told(session["CGRID"])
        await call.end()
        office.kernel.store.flush()
        answer = told("c1")
        assert told(session["CGRID"]) == answer
    assert "Call c1 of cgrates.org:1001 to 1002" in answer
    assert "used 12s of *voice, *prepaid" in answer
    assert "run *default cost 0.12, priced by sessions" in answer
    assert "from 0s on: 0.6 for each 1m0s, in steps of 1s" in answer
    assert "10 × 1s at 0.01 = 0.1, paid by cash (*monetary) of cgrates.org:1001: 0.1\n    2 × 1s at 0.01 = 0.02, paid" in answer
    assert "given back\tResponder.RefundIncrements\t*default" in answer
    assert answer.endswith("run *default has paid 0.12 of *monetary; the record says 0.12\n")


async def test_a_call_that_nobody_knows_is_told(office_at: Callable[..., Any], told: Callable[..., str]) -> None:
    async with office_at() as office:
        office.kernel.store.flush()
        assert "NOT_FOUND:nobody" in told("nobody")
