"""Calls of a browser, as tests speak of them."""

from __future__ import annotations

import itertools
import json
from typing import Any

from rig.chromium import Chromium, PageError

_names = itertools.count(1)


class Refused(Exception):
    """The Janus API answered with an error; the text is its code and reason."""


class Talking:
    """A call that is up.

    Attributes:
        session, handle: Janus' ids.
        at: when the browser saw its media connected, unix seconds.
    """

    def __init__(self, *, browser: Chromium, name: str, found: dict[str, Any]) -> None:
        self.browser = browser
        self.name = name
        self.session: int = found["session"]
        self.handle: int = found["handle"]
        self.at: float = found["at"]

    def do(self, what: str) -> Any:
        """Call a method of the page's call (`hangup()`)."""
        return self.browser.run(f"rig.calls.{self.name}.{what}")

    def end(self, pause: float = 0.2) -> None:
        """Hang up, detach and destroy, as a page does."""
        self.do("hangup()")
        self.do("detach()")
        self.do("destroy()")

    def log(self) -> list[dict[str, Any]]:
        """Everything the page was told, with stamps."""
        found: list[dict[str, Any]] = self.do("log")
        return found

    def told(self, kind: str, *, seconds: float = 10) -> dict[str, Any]:
        """The first event of a kind, waited for."""
        found: dict[str, Any] = self.browser.run(f"rig.calls.{self.name}.wait('{kind}')", seconds=seconds)
        return found

    def media_bytes(self) -> int:
        """What it has received so far."""
        return int(self.do("received()"))


class Phone:
    """Places calls from one address."""

    def __init__(self, *, browser: Chromium, base: str) -> None:
        self.browser = browser
        self.base = base

    def call(self, *, over: str = "rest", **more: Any) -> Talking:
        """A call whose media flows.

        Raises:
            Refused: the Janus API did not let it happen.
        """
        name = f"c{next(_names)}"
        wanted = json.dumps({"base": self.base, "over": over, **more})
        try:
            found = self.browser.run(f"rig.start('{name}', {wanted})")
        except PageError as error:
            if "JanusError" in str(error) or str(error).startswith("Error: 4"):
                raise Refused(str(error)) from error
            raise
        return Talking(browser=self.browser, name=name, found=found)

    def log_of_last(self) -> list[dict[str, Any]]:
        """What the page of the latest call was told."""
        found: list[dict[str, Any]] = self.browser.run("Object.values(rig.calls).at(-1).log")
        return found
