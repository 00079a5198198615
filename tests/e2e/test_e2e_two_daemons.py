"""One daemon or two: the same answers; one of them killed and back: clear errors, then the same answers, and nothing charged twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parent.parent / "conformance"
SPLITS = ["sessions", "rals,schedulers", "sessions,cdrs,chargers,attributes", "rals,schedulers,thresholds,resources,stats"]
CASES = ["csv_row", "janus_session"]


def replayed(*arguments: str, case: str) -> str:
    """What the splitting script says of a case."""
    program = Path(sys.executable).parent / "cgrd"
    start = f"{program} run --config {{conf}} --state {{state}}"
    command = [sys.executable, str(_HERE / "split.py"), "--start", start, *arguments, str(_HERE / "cases" / f"{case}.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return f"{done.stdout}{done.stderr}".strip()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("front", SPLITS)
def test_two_daemons_answer_as_one(front: str, case: str) -> None:
    assert replayed("--front", front, case=case).startswith("ok ")


@pytest.mark.parametrize("kill", ["front", "back"])
@pytest.mark.parametrize("front", SPLITS[1:3])
def test_a_daemon_that_is_killed_before_each_request_and_comes_back_costs_nothing(front: str, kill: str) -> None:
    assert replayed("--front", front, "--kill", kill, case="janus_session").startswith("ok ")
