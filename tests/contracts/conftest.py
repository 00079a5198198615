"""Real daemons for the contract tests, a stranger's plugin installed beside them, and plugins made up by a test."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STRANGER = Path(__file__).parent / "stranger"
LISTEN = '[listen]\nrpc_json = "127.0.0.1:0"\nhttp = ""\nbirpc_json = ""\n'


class Daemon:
    """A `cgrd run` in a process of its own, on ports that the system chose."""

    def __init__(self, folder: Path, config: str, *, path: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config, self.state, self.log = folder / "cgrd.toml", folder / "state", folder / "log"
        self.config.write_text(config if "[listen]" in config else LISTEN + config)
        self._path = path
        self.start()

    def start(self) -> None:
        """Start it, and return when it serves."""
        command = [sys.executable, "-m", "cgrd.cli", "run", "--config", str(self.config), "--state", str(self.state)]
        environment = {**os.environ, "PYTHONPATH": self._path}
        self.process = subprocess.Popen(command, stderr=self.log.open("wb"), env=environment, cwd=self.state.parent)
        deadline = time.monotonic() + 20
        while "event=listening" not in (told := self.log.read_text()):
            assert self.process.poll() is None, f"it did not start:\n{told}"
            assert time.monotonic() < deadline, f"it does not serve:\n{told}"
            time.sleep(0.02)
        self.addresses = dict(re.findall(r"(\w+)=\['([^']+)'\]", told))

    def port(self, listener: str = "rpc_json") -> int:
        """Where it listens."""
        return int(self.addresses[listener].rpartition(":")[2])

    def connect(self, listener: str = "rpc_json") -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port(listener)), timeout=10)

    def ask(self, method: str, params: Any = None, **arguments: Any) -> Any:
        """Its answer in the reference's dialect: the result; an error is raised as `Refused`."""
        answer = self.answer({"method": method, "params": [arguments if params is None else params], "id": 1})
        if answer["error"] is not None:
            raise Refused(answer["error"])
        return answer["result"]

    def answer(self, request: Any, *, within: float = 10) -> dict[str, Any]:
        """The whole answer of one request."""
        with self.connect() as connection:
            connection.settimeout(within)
            connection.sendall(json.dumps(request).encode() + b"\n")
            return json.loads(connection.makefile("rb").readline())

    def serves(self) -> bool:
        """Whether it is alive and answers."""
        return self.process.poll() is None and self.ask("CoreSv1.Ping") == "Pong"

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(60)


class Refused(Exception):
    """An error answer; its text."""


def readable(connection: socket.socket, seconds: float) -> bool:
    """Whether something can be read within that time."""
    return bool(select.select([connection], [], [], seconds)[0])


@pytest.fixture(scope="session")
def stranger_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the stranger's distribution installed, for PYTHONPATH."""
    target = tmp_path_factory.mktemp("stranger")
    subprocess.run([ROOT / ".venv/bin/uv", "pip", "install", "--quiet", "--no-deps", "--target", target, STRANGER], check=True)
    return str(target)


@pytest.fixture
def with_stranger(stranger_path: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stranger's distribution is installed for this process, too."""
    monkeypatch.syspath_prepend(stranger_path)
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "blocklist"]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def daemons() -> Callable[..., Daemon]:
    """`daemons(folder, config)`: for fixtures that keep one through several tests."""
    return Daemon


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with everything in it, on `conf/cgrd.toml`; plugins that cannot be loaded are told of by another test."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", ROOT.joinpath("conf/cgrd.toml").read_text())
    daemon = Daemon(tmp_path_factory.mktemp("full"), text + '[plugins]\non_start_error = "skip"\n')
    yield daemon
    if daemon.process.poll() is None:
        daemon.stop()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """`daemon(config, path=…)` starts one; all are gone when the test ends."""
    started: list[Daemon] = []

    def start(config: str, *, path: str = "") -> Daemon:
        started.append(Daemon(tmp_path / f"daemon{len(started)}", config, path=path))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`install("acme-rates", "rates", source, schema={…})`: a distribution with one plugin, for this test."""
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    names: list[str] = []

    def put(distribution: str, name: str, source: str, *, group: str = "cgrd.subsystems", schema: dict[str, Any] | None = None) -> None:
        package = tmp_path / "installed" / name
        package.mkdir(parents=True)
        package.joinpath("__init__.py").write_text(source)
        if schema is not None:
            package.joinpath("config.schema.json").write_text(json.dumps(schema))
        info = tmp_path / "installed" / f"{distribution.replace('-', '_')}-1.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        info.joinpath("entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
        names.append(name)

    yield put
    for name in [each for each in sys.modules if each.partition(".")[0] in names]:
        del sys.modules[name]
