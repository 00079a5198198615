"""Child processes that do not outlive the tests, with what they said."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


class DidNotStart(Exception):
    """A process ended or did not listen in time; the text carries the end of its output."""


class Process:
    """A child with its output in a file; stopped with a grace time, then killed."""

    def __init__(self, command: Sequence[str], *, log: Path, pass_fds: Sequence[int] = ()) -> None:
        self.log = log
        with log.open("ab") as out:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, pass_fds=pass_fds, start_new_session=True)

    def wait_for_port(self, port: int, *, host: str = "127.0.0.1", seconds: float = 20) -> None:
        """Return when something listens.

        Raises:
            DidNotStart: the process ended, or the time is up.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise DidNotStart(f"{self.child.args!r} ended with {self.child.returncode}:\n{self.tail()}")
            try:
                socket.create_connection((host, port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise DidNotStart(f"{self.child.args!r} does not listen on {host}:{port} after {seconds} s:\n{self.tail()}")

    def tail(self, size: int = 4000) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-size:]

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, grace: float = 5) -> None:
        """SIGTERM, and SIGKILL after the grace time."""
        if self.child.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self.child.wait(grace)
            except subprocess.TimeoutExpired:
                self.kill()

    def _signal(self, number: signal.Signals) -> None:
        # Started in a session of its own, so the group is the child and what it started, and nothing else.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)
