"""One network, one Janus, one cgrd and one browser for all end-to-end tests; each test has an account of its own."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rig.chromium import Chromium
from rig.daemon import CONFIG, HTTP, Account, Daemon, wait_for
from rig.network import ACCOUNTS, Network, open_network
from rig.real_janus import RealJanus
from rig.scene import Phone
from rig.witness import Witness

SESSION_TIMEOUT = 6
"""Seconds after which this Janus gives up a session that says nothing; a call that only polls has to outlive it."""
_PAGE = Path(__file__).parent / "rig" / "page.html"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """The browser's own network."""
    made = open_network()
    yield made
    made.close()


@pytest.fixture(scope="session")
def witness() -> Iterator[Witness]:
    """What Janus itself says happened."""
    made = Witness(page=_PAGE)
    yield made
    made.close()


@pytest.fixture(scope="session")
def janus(network: Network, witness: Witness, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealJanus]:
    """Debian's Janus."""
    made = RealJanus(folder=tmp_path_factory.mktemp("janus"), media=network.media, witness=witness.url, session_timeout=SESSION_TIMEOUT)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def daemon(janus: RealJanus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """cgrd, with the tariff plan."""
    made = Daemon(folder=tmp_path_factory.mktemp("cgrd"))
    yield from served(made)


@pytest.fixture(scope="session")
def plain_daemon(janus: RealJanus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """cgrd whose SessionS debits nothing by itself, as in the reference's sample configuration: the agent asks for more."""
    listen = {"rpc_json": "127.0.0.1:18112", "rpc_gob": "", "birpc_json": "", "http": "0.0.0.0:18180"}
    sessions = {name: value for name, value in CONFIG["sessions"].items() if name != "debit_interval"}
    made = Daemon(folder=tmp_path_factory.mktemp("plain"), config={**CONFIG, "listen": listen, "sessions": sessions}, http=18180)
    yield from served(made)


@pytest.fixture(scope="session")
def distant_daemon(janus: RealJanus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """cgrd whose agent speaks to SessionS over a both-way connection, as to one of another machine."""
    listen = {"rpc_json": "127.0.0.1:18212", "rpc_gob": "", "birpc_json": "127.0.0.1:18214", "http": "0.0.0.0:18280"}
    rpc_conns = {"sessions": {"strategy": "*first", "conns": [{"address": "127.0.0.1:18214", "transport": "*birpc_json"}]}}
    agent = {**CONFIG["janus_agent"], "sessions_conns": ["sessions"]}
    made = Daemon(folder=tmp_path_factory.mktemp("distant"), config={**CONFIG, "listen": listen, "rpc_conns": rpc_conns, "janus_agent": agent}, http=18280)
    yield from served(made)


def served(made: Daemon) -> Iterator[Daemon]:
    """The daemon with the tariff plan and a Janus, until the tests end."""
    try:
        made.start()
        made.load_plan()
        wait_for(made.linked, what="the agent's link to Janus")
        yield made
    finally:
        made.stop()
        print(made.process.tail(20000) if made.process else "")


@pytest.fixture(scope="session")
def open_browser(network: Network, witness: Witness, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Chromium]]:
    """Makes browsers with the page loaded."""
    made: list[Chromium] = []

    def make() -> Chromium:
        origin = f"http://{network.server(0)}:{witness.port}"
        browser = Chromium(wrap=network.wrap, profile=tmp_path_factory.mktemp("chromium"), origin=origin)
        made.append(browser)
        browser.open(f"{origin}/page.html")
        return browser

    yield make
    for browser in made:
        browser.kill()


@pytest.fixture(scope="session")
def browser(open_browser: Callable[[], Chromium]) -> Chromium:
    """The browser of most tests."""
    return open_browser()


@pytest.fixture
def number() -> int:
    """An account number that no other test has."""
    found = next(_numbers)
    assert found < ACCOUNTS, "give rig.network more ACCOUNTS"
    return found


@pytest.fixture
def account(daemon: Daemon, network: Network, number: int) -> Account:
    """An account that does not exist yet, named by a client address."""
    return Account(daemon=daemon, name=network.client(number))


@pytest.fixture
def phone(browser: Chromium, network: Network, number: int) -> Phone:
    """Places calls through the agent from the account's address."""
    return Phone(browser=browser, base=f"http://{network.server(number)}:{HTTP}/janus")


@pytest.fixture(params=["rest", "ws"])
def over(request: pytest.FixtureRequest) -> Any:
    """Both faces of the Janus API."""
    return request.param
