"""A daemon under measurement: started in an empty folder with everything enabled, asked over TCP, its CPU and memory read from /proc."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

PORT = 2012
CONF = """
{"general": {"log_level": 3},
 "listen": {"rpc_json": "127.0.0.1:2012", "rpc_gob": "", "http": "127.0.0.1:2080"},
 "data_db": {"db_type": "*internal"}, "stor_db": {"db_type": "*internal"},
 "rals": {"enabled": true}, "schedulers": {"enabled": true}, "cdrs": {"enabled": true},
 "attributes": {"enabled": true}, "chargers": {"enabled": true}, "resources": {"enabled": true}, "stats": {"enabled": true},
 "thresholds": {"enabled": true, "store_interval": "-1"}, "routes": {"enabled": true}, "sessions": {"enabled": true},
 "apiers": {"enabled": true}}
"""


class Client:
    """One connection; asks and waits."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", PORT), timeout=600)
        self._lines = self._socket.makefile("rb")

    def ask(self, method: str, params: object) -> Any:
        """The result; exits where there is an error."""
        self._socket.sendall(json.dumps({"method": method, "params": [params], "id": 1}).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if answer["error"]:
            sys.exit(f"{method}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Daemon:
    """A running daemon.

    Args:
        process: it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._proc = Path("/proc") / str(process.pid)
        self._clock = ~process.pid << 3 | 2  # the clock of another process' CPU, as clock_getcpuclockid(3) makes it

    def cpu(self) -> float:
        """Seconds of CPU so far, of all threads, also those that have ended, to the nanosecond."""
        return time.clock_gettime(self._clock)

    def megabytes(self) -> float:
        """Resident memory."""
        return int((self._proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def daemon(start: str) -> Iterator[Daemon]:
    """Start `start` (`{conf}` and `{state}` are filled in), give it once it answers, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        conf, state = Path(folder, "conf"), Path(folder, "state")
        conf.mkdir()
        state.mkdir()
        (conf / "cgrates.json").write_text(CONF)
        argv = [word.format(conf=conf, state=state) for word in start.split()]
        with open(os.path.join(folder, "log"), "w") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            _wait(process)
            yield Daemon(process)
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            Client().close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing answers on {PORT}")


class Heartbeat:
    """Pings beside what is measured, one after the other, and keeps the longest that one took."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        client = Client()
        while not self._stop.is_set():
            began = time.perf_counter()
            client.ask("CoreSv1.Ping", {})
            self.longest = max(self.longest, time.perf_counter() - began)
            time.sleep(0.002)
        client.close()


def cpu_of(running: Daemon, method: str, params: list[object], *, requests: int = 2_000, rounds: int = 5) -> float:
    """Microseconds of the daemon's CPU for one request, 100 sent at once; the least of some rounds, as others use the machine too."""
    lines = cycle(json.dumps({"method": method, "params": [each], "id": 1}).encode() + b"\n" for each in params)
    with socket.create_connection(("127.0.0.1", PORT), timeout=600) as connection, connection.makefile("rb") as answers:
        return min(_round(running, connection, answers, lines, requests) for _ in range(rounds))


def _round(running: Daemon, connection: socket.socket, answers: Any, lines: Iterator[bytes], requests: int) -> float:
    before = running.cpu()
    for _ in range(0, requests, 100):
        connection.sendall(b"".join(islice(lines, 100)))
        told = [answers.readline() for _ in range(100)]
        if b'"error":null' not in told[0]:
            sys.exit(told[0].decode())
    return (running.cpu() - before) / requests * 1e6
