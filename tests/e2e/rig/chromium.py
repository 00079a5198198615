"""A headless Chromium driven over its DevTools pipe: no driver program, no open port."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rig.needs import program
from rig.processes import Process

_FLAGS = (
    "--headless", "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-gpu",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding", "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
)  # fmt: skip


class PageError(Exception):
    """The page's script threw; the text is the browser's."""


class Chromium:
    """One browser with one page. Every method blocks until the browser answers."""

    def __init__(self, *, wrap: Sequence[str], profile: Path, origin: str = "") -> None:
        profile.mkdir(parents=True, exist_ok=True)
        command_read, self._commands = _high_pipe()
        self._answers, answer_write = _high_pipe()
        # Chromium reads descriptor 3 and writes 4; a shell puts ours there whatever numbers they got.
        shell = f'exec "$@" 3<&{command_read} 4>&{answer_write}'
        browser = [program("chromium", "chromium"), *_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        browser += [f"--unsafely-treat-insecure-origin-as-secure={origin}"] * bool(origin) + ["about:blank"]
        self.process = Process([*wrap, "/bin/bash", "-c", shell, "chromium", *browser], log=profile / "chromium.log", pass_fds=(command_read, answer_write))
        os.close(command_read)
        os.close(answer_write)
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.Queue[dict[str, Any]]] = {}
        threading.Thread(target=self._read, daemon=True).start()
        self._session = self._attach()
        self._send("Page.enable")

    def open(self, url: str, *, until: str = "window.rig") -> None:
        """Load a page and wait until the expression holds there."""
        self._send("Page.navigate", url=url)
        self.wait(until)

    def wait(self, until: str, *, seconds: float = 30) -> None:
        """Return when the expression holds in the page; raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while not self._holds(until):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the page does not come to {until} within {seconds} s")
            time.sleep(0.05)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.run(f"!!({expression})"))
        except PageError:
            return False  # the page is being loaded

    def screenshot(self, path: Path, *, width: int = 1280, height: int = 1100) -> None:
        """Keep what the page looks like, as PNG."""
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        found = self._send("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(found["data"]))

    def run(self, script: str, *, seconds: float = 30) -> Any:
        """The value of an expression; a promise is awaited.

        Raises:
            PageError: it threw.
            TimeoutError: no answer in time.
        """
        found = self._send("Runtime.evaluate", wait=seconds, expression=script, awaitPromise=True, returnByValue=True)
        if wrong := found.get("exceptionDetails"):
            raise PageError(wrong.get("exception", {}).get("description") or wrong["text"])
        return found["result"].get("value")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.process.kill()

    def _attach(self) -> str:
        target = self._send("Target.createTarget", session=False, url="about:blank")["targetId"]
        return str(self._send("Target.attachToTarget", session=False, targetId=target, flatten=True)["sessionId"])

    def _send(self, method: str, *, session: bool = True, wait: float = 30, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._waiting[number] = queue.Queue(1)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": self._session} if session else {})
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        try:
            found = answer.get(timeout=wait)
        except queue.Empty:
            raise TimeoutError(f"Chromium did not answer {method} within {wait} s:\n{self.process.tail()}") from None
        if "error" in found:
            raise PageError(f"{method}: {found['error']}")
        result: dict[str, Any] = found["result"]
        return result

    def _read(self) -> None:
        pending = b""
        while chunk := os.read(self._answers, 65536):
            *whole, pending = (pending + chunk).split(b"\0")
            for message in map(json.loads, whole):
                if waiting := self._waiting.pop(message.get("id", 0), None):
                    waiting.put(message)


def _high_pipe() -> tuple[int, int]:
    """A pipe whose numbers are clear of 3 and 4, which the shell is going to overwrite."""
    read, write = os.pipe()
    high = fcntl.fcntl(read, fcntl.F_DUPFD_CLOEXEC, 20), fcntl.fcntl(write, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(read)
    os.close(write)
    return high
