"""Golden cases: each folder under cases/ is a story in text, what browser, Janus and SessionS do (`steps.txt`) and what the agent
said to them (`expected.txt`). Run with UPDATE_CASES=1 to write the answers anew, then read the difference.

A step is one line:

    POST /janus/{session} {"janus": …}      the browser asks; {session} and {handle} are the last ids that were given
    GET /janus/{session}?maxev=5            it polls
    up                                      Janus puts the handle through
    janus {…}                               Janus says something; the ids are put in
    grant InitiateSession 5s                what SessionS grants from now on
    refuse AuthorizeEvent RALS_ERROR:X      what it answers instead
    cut INSUFFICIENT_CREDIT                 it disconnects the call
    pass 2.5s                               time goes by
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from cgrd import CGREvent
from cgrd.durations import parse_duration
from cgrd.errors import Wrong

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/steps.txt"))


class Story:
    """Plays the steps and writes down what the agent does, in its order."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.lines: list[str] = []
        self.ids = {"session": 0, "handle": 0}
        self._told = 0

    async def play(self, step: str) -> None:
        self.lines.append(f"* {step}")
        verb, _, rest = step.partition(" ")
        await getattr(self, f"do_{verb.lower()}")(rest)
        await trio.testing.wait_all_tasks_blocked()
        self._note()

    def _filled(self, text: str) -> str:
        return text.replace("{session}", str(self.ids["session"])).replace("{handle}", str(self.ids["handle"]))

    def _note(self) -> None:
        """What Janus and SessionS heard since the last step."""
        for name, item in self.world.said[self._told :]:
            self.lines.append(f"  to {name}: {item[0] + ' ' + compact(item[1]) if isinstance(item, tuple) else compact(item)}")
        self._told = len(self.world.said)

    async def do_post(self, rest: str) -> None:
        path, _, body = rest.partition(" ")
        answer = await self.world.http("POST", self._filled(path), self._filled(body).encode())
        self._note()
        found = answer.json()
        self.lines.append(f"  to browser: {answer.status} {compact(found)}")
        if found["janus"] == "success" and "data" in found:
            self.ids["handle" if "session_id" in found else "session"] = found["data"]["id"]

    async def do_get(self, rest: str) -> None:
        answer = await self.world.http("GET", self._filled(rest))
        self.lines.append(f"  to browser: {answer.status} {answer.body.decode()}")

    async def do_up(self, rest: str) -> None:
        self.world.janus.put_through(self.ids["session"], self.ids["handle"])

    async def do_janus(self, rest: str) -> None:
        self.world.janus.tell({"session_id": self.ids["session"], "sender": self.ids["handle"], **json.loads(rest)})

    async def do_grant(self, rest: str) -> None:
        method, _, length = rest.partition(" ")
        self.world.graph.grants[f"SessionSv1.{method}"] = [parse_duration(length)]

    async def do_refuse(self, rest: str) -> None:
        method, _, word = rest.partition(" ")
        self.world.graph.refuse[f"SessionSv1.{method}"] = Wrong(word)

    async def do_cut(self, rest: str) -> None:
        start = self.world.graph.of("InitiateSession")[-1]["Event"]
        self.world.agent.disconnect_session(CGREvent(Event={**start, "DisconnectCause": rest}))

    async def do_pass(self, rest: str) -> None:
        await self.world.clock.advance(parse_duration(rest))


def compact(value: Any) -> str:
    """JSON with what says nothing left out, so that a line can be read."""
    if isinstance(value, dict):
        value = {name: item for name, item in value.items() if item not in (None, False, "")}
    return json.dumps(value, default=str, separators=(",", ":"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
async def test_case(case: Path, make_world: Callable[..., Any]) -> None:
    async with make_world().serving() as world:
        story = Story(world)
        for step in (case / "steps.txt").read_text().splitlines():
            if step and not step.startswith("#"):
                await story.play(step)
        text = "\n".join(story.lines) + "\n"
    expected = case / "expected.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(text)
    assert text == expected.read_text()
