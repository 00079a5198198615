"""One connection that carries requests and answers, in one direction or in both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from time import perf_counter_ns
from typing import Any, Final

import trio

from cgrd.errors import Disconnected
from cgrd.rpc.answering import UNKNOWN, Answerer, Unfinished, busy, unreadable
from cgrd.rpc.crew import Crew
from cgrd.rpc.framing import Splitter, too_deep
from cgrd.rpc.limits import Limits
from cgrd.rpc.links import Link, LinkLost
from cgrd.rpc.messages import UNREADABLE, Message, NotJSON, failed, read_message, request
from cgrd.rpc.replies import read_reply
from cgrd.rpc.seats import Standing
from cgrd.rpc.sender import Sender

_connections = count(1)
_TURN_NS: Final = 5_000_000
"""How long the requests of one read are answered before others have their turn."""


class Connection:
    """Serves the requests that come over a link, and calls the other end where it serves some. It is a `Peer`.

    Args:
        link: what carries the octets.
        answerer: answers what comes.
        limits: what the other end may ask.
        calls_back: whether handlers get this connection as their peer.
    """

    def __init__(self, *, link: Link, answerer: Answerer, limits: Limits, calls_back: bool = False) -> None:
        self.id = f"{link.remote}#{next(_connections)}"
        self.closed = False
        self.ended = trio.Event()
        self._link = link
        self._answerer = answerer
        self._limits = limits
        self._peer = self if calls_back else None
        self._splitter = Splitter(limits)
        self._sender = Sender(link, limits)
        self._reading = trio.CancelScope()
        self._under_way = 0
        self._heard = False
        self._ended = False
        self._calls: dict[int, _Call] = {}
        self._numbers = count(1)

    async def run(self) -> None:
        """Serve until the other end stops sending, or `stop`; then finish what is under way and close."""
        try:
            async with trio.open_nursery() as sending:
                sending.start_soon(self._sender.run)
                async with trio.open_nursery() as requests:
                    self._crew = Crew(requests)
                    await self._read()
                    if self._splitter.partial:
                        self._sender.write(failed(UNKNOWN, NotJSON("json: the request was not whole when its time was over")))
                    self._lose_calls()
                    self._crew.dismiss()
                await self._sender.drained()
                sending.cancel_scope.cancel()
        finally:
            self._lose_calls()
            self.ended.set()
            await self._link.close()

    def standing(self) -> Standing:
        """What the connection is about now. One of which a handler is called back is at work once it has asked something."""
        if self._under_way or self._calls or self._sender.waiting:
            return Standing.AT_WORK
        if self._splitter.partial or not self._heard:
            return Standing.BEGUN
        return Standing.IDLE if self._peer is None else Standing.AT_WORK

    def stop(self) -> None:
        """Read nothing more; what is under way is finished."""
        self._reading.cancel()

    async def _read(self) -> None:
        with self._reading:
            try:
                while not self._sender.lost and (data := await self._link.receive()):
                    await self._take(data)
                    self._watch()
                    if self._ended:
                        return
                    if self._sender.full:
                        await self._sender.drained(below=self._limits.unsent)
            except LinkLost:
                return

    def _watch(self) -> None:
        """A value that has begun must end in time; between values there is no hurry."""
        if not self._splitter.partial:
            self._heard = True
            if self._reading.deadline != float("inf"):
                self._reading.deadline = float("inf")
        elif self._reading.deadline == float("inf"):
            self._reading.deadline = trio.current_time() + self._limits.value_seconds

    async def _take(self, data: bytes) -> None:
        """Answer what is whole, all of it with one send; start what has to wait. Others have their turn when this takes long."""
        answers: list[bytes] = []
        until = perf_counter_ns() + _TURN_NS
        for _ in self._take_values(data, answers) if self._splitter.partial else self._take_lines(data.split(b"\n"), answers):
            if perf_counter_ns() > until:
                self._send(answers)
                answers.clear()
                # Not a checkpoint that can be cancelled: what has come in time is answered.
                await trio.lowlevel.cancel_shielded_checkpoint()
                if self._sender.full:
                    await self._sender.drained(below=self._limits.unsent)
                until = perf_counter_ns() + _TURN_NS
        self._send(answers)

    def _send(self, answers: list[bytes]) -> None:
        if answers:
            self._sender.write(answers[0] if len(answers) == 1 else b"".join(answers))

    def _take_lines(self, lines: list[bytes], answers: list[bytes]) -> Iterator[None]:
        # Nearly every client sends one request a line: a line that decodes is one value. From the first that does not, brackets decide.
        for place, line in enumerate(lines):
            if not line:
                continue
            try:
                message = read_message(line)
            except UNREADABLE:
                yield from self._take_values(b"\n".join(lines[place:]), answers)
                return
            if len(line) > 2 * self._limits.depth and too_deep(line, self._limits):
                yield from self._take_values(line, answers)
                return
            self._take_message(message, answers)
            yield

    def _take_values(self, data: bytes, answers: list[bytes]) -> Iterator[None]:
        for value in self._splitter.feed(data):
            self._take_value(value, answers)
            yield
        if self._splitter.error is not None:
            self._refuse(failed(UNKNOWN, NotJSON(str(self._splitter.error))), answers)

    def _take_value(self, value: bytes, answers: list[bytes]) -> None:
        try:
            found = self._answerer.read(value)
        except NotJSON as error:
            return self._refuse(unreadable(value, error), answers)
        if isinstance(found, Message):
            return self._take_message(found, answers)
        return self._give(found(self._peer), answers)

    def _refuse(self, refusal: bytes, answers: list[bytes]) -> None:
        # Nothing tells where the next request begins: the connection ends. So does that of a browser that was led to send HTTP here.
        answers.append(refusal)
        self._ended = True

    def _take_message(self, message: Message, answers: list[bytes]) -> None:
        if message.method is None and message.is_answer:
            self._resolve(message)
        elif self._under_way >= self._limits.under_way:
            answers.append(busy(message))
        else:
            self._give(self._answerer.answer_message(message, self._peer), answers)

    def _give(self, answer: bytes | Unfinished, answers: list[bytes]) -> None:
        if isinstance(answer, bytes):
            answers.append(answer)
        else:
            self._under_way += 1
            self._crew.do(partial(self._finish, answer))

    async def _finish(self, unfinished: Unfinished) -> None:
        try:
            self._sender.write(await unfinished())
        finally:
            self._under_way -= 1

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Call a method of the other end; how long to wait is the caller's business.

        Raises:
            Disconnected: the connection is closed, or was while we waited.
            CgrdError: what the other end answered.
        """
        number, waiting = next(self._numbers), _Call()
        asked = not self.closed
        if asked:
            self._calls[number] = waiting
            try:
                self._sender.write(request(number, method, args))
                await waiting.done.wait()
            finally:
                self._calls.pop(number, None)
        if waiting.answer is None:
            raise Disconnected(explain=f"the connection with {self._link.remote} closed before {method} was answered", asked=asked)
        return read_reply(waiting.answer, reply)

    def _resolve(self, message: Message) -> None:
        number = bytes(message.id)
        waiting = self._calls.get(int(number)) if number.isdigit() and len(number) < 20 else None
        if waiting is not None:
            waiting.answer = message
            waiting.done.set()

    def _lose_calls(self) -> None:
        self.closed = True
        for waiting in self._calls.values():
            waiting.done.set()


class _Call:
    """A request of ours that waits for its answer."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.answer: Message | None = None
