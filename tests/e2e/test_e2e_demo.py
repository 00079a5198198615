"""`make demo` as a person sees it: the page, a call whose money falls until it is cut, and the same without Janus."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from rig.chromium import Chromium
from rig.daemon import wait_for
from rig.network import Network, open_island
from rig.processes import Process

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
"""What the page looked like, for people; not kept in the repository."""
RECORDS = "document.querySelectorAll('#cdrs tr').length"
CUTS = "document.querySelector('#way').textContent.split('AgentV1.DisconnectSession').length"
START = [sys.executable, str(ROOT / "scripts" / "demo.py")]


@pytest.fixture(scope="module")
def island() -> Iterator[Network]:
    """A machine of its own, so that the demo has its usual ports."""
    made = open_island()
    yield made
    made.close()


@pytest.fixture(scope="module")
def demo(island: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The demo, until Ctrl-C."""
    made = Process([*island.wrap, *START], log=tmp_path_factory.mktemp("demo") / "demo.log")
    wait_for(lambda: "Ctrl-C ends it" in made.tail() or made.child.poll() is not None, what="the demo", seconds=40)
    assert made.child.poll() is None, made.tail()
    yield made
    made.child.send_signal(signal.SIGINT)
    assert made.child.wait(10) == 0, made.tail()


@pytest.fixture(scope="module")
def page(demo: Process, island: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """The page in a browser."""
    browser = Chromium(wrap=island.wrap, profile=tmp_path_factory.mktemp("chromium"))
    browser.open("http://localhost:2080/demo", until="document.querySelector('#balance')?.textContent == '1.00'")
    yield browser
    browser.kill()


def text(page: Chromium, selector: str) -> str:
    """What a part of the page says."""
    return str(page.run(f"document.querySelector({selector!r}).textContent"))


def count(page: Chromium, expression: str) -> int:
    """How many of something the page shows."""
    return int(page.run(expression))


def balance(page: Chromium) -> Decimal:
    """The money on the page."""
    return Decimal(text(page, "#balance"))


@pytest.mark.parametrize("over", ["rest", "ws"])
def test_a_call_on_the_page_is_charged_until_it_is_cut_with_the_reason(page: Chromium, over: str) -> None:
    page.run("document.querySelector('[data-fund=\"0.50\"]').click()")
    page.wait("document.querySelector('#balance').textContent == '0.50'")
    records, cuts = count(page, RECORDS), count(page, CUTS)
    page.run(f"document.querySelector('[value={over}]').click()")
    page.run("document.querySelector('#call').click()")
    page.wait("document.querySelector('#state').textContent == 'talking'", seconds=15)
    page.wait("Number(document.querySelector('#balance').textContent) < 0.35")
    assert 0 < balance(page) < Decimal("0.50")
    page.wait("document.querySelector('#way').textContent.includes('Responder.MaxDebit')")
    page.screenshot(SCREENSHOTS / f"demo_{over}_talking.png")
    page.wait("document.querySelector('#why').classList.contains('shown')", seconds=15)
    assert "INSUFFICIENT_CREDIT" in text(page, "#why")
    assert text(page, "#state") == "not in a call"
    page.wait(f"{RECORDS} > {records} && document.querySelector('#cdrs tr').textContent.includes('0.50')")
    page.wait(f"{CUTS} > {cuts} && document.querySelector('#balance').textContent == '0.00'")
    page.wait("document.querySelector('#session').textContent == 'No call is being charged.'")
    page.screenshot(SCREENSHOTS / f"demo_{over}_cut.png")


def test_without_money_the_page_says_why_there_is_no_call(page: Chromium) -> None:
    page.run("document.querySelector('[data-fund=\"0.50\"]').click()")
    page.wait("document.querySelector('#balance').textContent == '0.50'")
    page.run("document.querySelector('[data-fund=\"0\"]').click()")
    page.wait("document.querySelector('#balance').textContent == '0.00'")
    page.run("document.querySelector('#call').click()")
    page.wait("document.querySelector('#why').textContent.includes('403')")
    page.screenshot(SCREENSHOTS / "demo_refused.png")


def test_hanging_up_on_the_page_ends_the_charge(page: Chromium) -> None:
    page.run("document.querySelector('[data-fund=\"5\"]').click()")
    page.wait("document.querySelector('#balance').textContent == '5.00'")
    page.run("document.querySelector('#call').click()")
    page.wait("document.querySelector('#state').textContent == 'talking'", seconds=15)
    page.wait("document.querySelector('#balance').textContent != '5.00'")
    page.run("document.querySelector('#call').click()")
    # What is left and what the newest record cost are what there was; the earlier records cost 0.50.
    left, cost = "Number(document.querySelector('#balance').textContent)", "Number(document.querySelector('#cdrs tr td:nth-child(4)').textContent)"
    page.wait(f"{cost} > 0 && ({left} + {cost}).toFixed(2) == '5.00'")
    assert text(page, "#state") == "not in a call"


def test_without_janus_the_same_flow_runs_on_simulated_events() -> None:
    island = open_island()
    try:
        ran = subprocess.run([*island.wrap, *START, "--once", "--without-janus"], capture_output=True, text=True, timeout=60, check=False)
    finally:
        island.close()
    assert ran.returncode == 0, ran.stderr
    for line in ("authorised for 19 s; balance 1.00", "the call goes on; balance 0.90", "for 0.25; balance 0.75", "may last 0 s", "cgrd serves"):
        assert line in ran.stdout


def test_the_demo_says_which_port_is_taken(demo: Process, island: Network) -> None:
    ran = subprocess.run([*island.wrap, *START, "--once"], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "port 2012 is taken" in ran.stderr
