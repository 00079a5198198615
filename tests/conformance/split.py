#!/usr/bin/env python3
"""Run recorded cases with the daemon split in two: some sections in one, the rest in another; the answers must be those of one daemon.

    split.py --start CMD --front sessions,cdrs [--kill front|back] CASE.json...

The front daemon has the sections named, the back one all others, `apiers` and `filters` are in both. An edge from the front to the back
goes over `*localhost`, to SessionS and ThresholdS over `*bijson_localhost`; from the back to the front over a pool of its own. The back
has the usual ports and the front 2112 and so on, so this wants a network namespace of its own: `--inner` says that it runs in one,
without it one is made (Linux, root, `unshare` and `ip`). A request goes to the front, and to the back when the front does not serve it;
a tariff plan is loaded by both. With --kill, one daemon is killed before each step and the step is sent; what fails then must say so, and
succeed when the daemon is back. Exit status 1 if any compared step differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import replay

from cgrd.config.relaxed_json import parse

PORTS = {"front": 2112, "back": 2012}
SHARED = frozenset({"apiers", "filters"})
BOTH_WAYS = frozenset({"sessions", "thresholds"})
SECTIONS = {"scheduler": "schedulers"}
"""Where an edge is not named as the section it leads to."""
SINGLE = frozenset({"general", "listen", "data_db", "stor_db", "rpc_conns", "caches", "loaders"})
UNSERVED = "rpc: can't find"
GONE = "no daemon"
Tree = dict[str, Any]


def split(config: Mapping[str, Any], front: frozenset[str]) -> dict[str, Tree]:
    """The configurations of both daemons.

    Args:
        config: of the one daemon.
        front: the sections that go to the front.
    """
    return {side: _side(config, side, front) for side in PORTS}


def _side(config: Mapping[str, Any], side: str, front: frozenset[str]) -> Tree:
    made: Tree = {name: _section(name, body, side, front) for name, body in config.items()}
    made["general"] = {**made.get("general", {}), "node_id": side}
    made["listen"] = _listen(made.get("listen", {}), PORTS[side] - PORTS["back"])
    other = "front" if side == "back" else "back"
    address = f"127.0.0.1:{PORTS[other]}"
    made["rpc_conns"] = {**made.get("rpc_conns", {}), other: {"conns": [{"address": address, "transport": "*json"}]}}
    return made


def _listen(listen: Mapping[str, str], shift: int) -> dict[str, str]:
    full = {"rpc_json": "127.0.0.1:2012", "rpc_gob": "127.0.0.1:2013", "birpc_json": "127.0.0.1:2014", "http": "127.0.0.1:2080", **listen}
    return {name: _moved(address, shift) for name, address in full.items()}


def _moved(address: str, shift: int) -> str:
    host, colon, port = address.rpartition(":")
    return f"{host}:{int(port) + shift}" if colon else address


def _section(name: str, body: Any, side: str, front: frozenset[str]) -> Any:
    if name in SINGLE or not isinstance(body, dict):
        return body
    made = {key: _edge(key, value, side, front) if key.endswith("_conns") else value for key, value in body.items()}
    if body.get("enabled") and name not in SHARED:
        made["enabled"] = (name in front) == (side == "front")
    return made


def _edge(key: str, value: Any, side: str, front: frozenset[str]) -> Any:
    target = SECTIONS.get(key.removesuffix("_conns"), key.removesuffix("_conns"))
    if target in SHARED or (target in front) == (side == "front"):
        return value
    built_in = "*bijson_localhost" if target in BOTH_WAYS else "*localhost"
    away = "front" if side == "back" else built_in
    return [away if each in ("*internal", "*birpc_internal") else each for each in value]


def config_of(case: Mapping[str, Any]) -> Tree:
    """The configuration of a case: its files merged section by section."""
    merged: Tree = {}
    for text in (case.get("config") or {}).values():
        for name, body in (parse(text) if isinstance(text, str) else text).items():
            merged[name] = {**merged.get(name, {}), **body} if isinstance(body, dict) else body
    return merged


class Node:
    """One daemon of a case; `port` is where it answers."""

    def __init__(self, *, start: str, folder: Path, config: Tree) -> None:
        self.conf, self.state = folder / "conf", folder / "state"
        for made in (self.conf, self.state):
            made.mkdir(parents=True)
        (self.conf / "cgrates.json").write_text(json.dumps(config))
        self.port = int(config["listen"]["rpc_json"].rpartition(":")[2])
        self._log = folder / "log"
        self._argv = [word.replace("{conf}", str(self.conf)).replace("{state}", str(self.state)) for word in shlex.split(start)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Node:
        """Start it; returns when it answers."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._argv, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"port {self.port} does not answer: {self.log()}")

    def log(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-2000:]

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal and wait for its end."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(10)


class Dispatcher:
    """A client of both: a request goes to the front, and to the back when the front does not serve it."""

    def __init__(self, front: int, back: int) -> None:
        self._clients = [replay.Client(front), replay.Client(back)]

    def call(self, method: str, params: Any) -> dict[str, Any]:
        """Send a request; the answer that counts."""
        answers: list[dict[str, Any]] = []
        for client in self._clients:
            answers.append(told(client, method, params))
            if "LoadTariffPlan" not in method and not str(answers[-1].get("error") or "").startswith(UNSERVED):
                break
        return next((answer for answer in answers if str(answer.get("error")).startswith(GONE)), answers[-1])


def told(client: replay.Client, method: str, params: Any) -> dict[str, Any]:
    """The answer of one daemon; an error when it cannot be reached."""
    try:
        return dict(client.call(method, params))
    except OSError as error:
        client.k = None
        return {"result": None, "error": f"{GONE}: {error}"}


@contextmanager
def two_daemons(case: Mapping[str, Any], *, start: str, front: frozenset[str], folder: Path) -> Iterator[dict[str, Node]]:
    """Both daemons of a case, started; the tariff plan in `folder / "tp"`."""
    (folder / "tp").mkdir()
    for name, text in (case.get("tariffplan") or {}).items():
        (folder / "tp" / name).write_text(text)
    nodes = {side: Node(start=start, folder=folder / side, config=config) for side, config in split(config_of(case), front).items()}
    try:
        for node in reversed(nodes.values()):
            node.start()
        yield nodes
    finally:
        for node in nodes.values():
            node.end()


def difference(step: Mapping[str, Any], answer: Mapping[str, Any], tp: str) -> str:
    """In what an answer differs from the recorded one, "" when it does not."""
    want = replay.canonical({"result": replay.fill(step.get("result"), tp), "error": replay.fill(step.get("error"), tp)}, ordered=step.get("ordered"))
    got = replay.canonical({"result": answer.get("result"), "error": answer.get("error")}, ordered=step.get("ordered"))
    if want.get("error") and replay.same_error(want["error"], got.get("error")):
        got["error"] = want["error"]
    return "; ".join(list(replay.differences(want, got))[:3])


def run_case(case: Mapping[str, Any], *, start: str, front: frozenset[str], kill: str = "") -> tuple[int, int, list[str]]:
    """Steps that agree, steps compared, and what differs."""
    with tempfile.TemporaryDirectory(prefix="split") as made:
        folder, lines, compared = Path(made), list[str](), 0
        with two_daemons(case, start=start, front=front, folder=folder) as nodes:
            client, tp = Dispatcher(nodes["front"].port, nodes["back"].port), str(folder / "tp")
            for number, step in enumerate(case["steps"]):
                time.sleep(step.get("sleep") or 0)
                found = _sent_and_killed(client, step, tp, nodes[kill]) if kill else difference(step, _sent(client, step, tp), tp)
                if not step.get("unstable"):
                    compared += 1
                    if found:
                        lines.append(f"step {number} {step['method']}: {found}")
        return compared - len(lines), compared, lines


def _sent(client: Dispatcher, step: Mapping[str, Any], tp: str) -> dict[str, Any]:
    return client.call(step["method"], replay.fill(step["params"], tp))


def _sent_and_killed(client: Dispatcher, step: Mapping[str, Any], tp: str, victim: Node) -> str:
    victim.end(signal.SIGKILL)
    answer = _sent(client, step, tp)
    unclear = "" if any(word in str(answer.get("error")) for word in (GONE, "DISCONNECTED", "REPLY_TIMEOUT", "PARTIALLY_EXECUTED")) else "while it was killed: "
    victim.start()
    if unclear and not (found := difference(step, answer, tp)):
        return ""
    if not unclear:
        found = difference(step, _sent(client, step, tp), tp)
    return unclear + found if found else ""


def main() -> None:
    """Run the cases named on the command line."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("cases", nargs="+", type=Path)
    asked.add_argument("--start", required=True)
    asked.add_argument("--front", required=True, help="sections in the front daemon, comma-separated")
    asked.add_argument("--kill", choices=PORTS, default="", help="the daemon to be killed before each step")
    asked.add_argument("--inner", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if not given.inner:
        shell = 'ip link set lo up && exec "$@"'
        os.execvp("unshare", ["unshare", "-rn", "sh", "-c", shell, "sh", sys.executable, __file__, "--inner", *sys.argv[1:]])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the daemons end with it
    failed = False
    for path in given.cases:
        case = json.loads(path.read_text())
        agreed, compared, lines = run_case(case, start=given.start, front=frozenset(given.front.split(",")), kill=given.kill)
        failed |= agreed != compared
        verdict = "ok  " if agreed == compared else "FAIL"
        print(f"{verdict} {path.stem} front={given.front} kill={given.kill or 'none'}: {agreed}/{compared}", *lines, sep="\n     ", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
