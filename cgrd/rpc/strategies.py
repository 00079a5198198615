"""Which connections of a pool are asked, in which order, and whose answer counts: one function a strategy.

Source: the reference's `rpc_conns` strategies (spec/config.md §3). Only an error that says that nobody answered makes the next
connection be asked, except with `*first_positive`, where every error does.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio

from cgrd.errors import CgrdError, PartiallyExecuted, Unreachable
from cgrd.rpc.client import Client

Ask = Callable[[Client], Awaitable[Any]]
Strategy = Callable[[Sequence[Client], Ask, trio.Nursery], Awaitable[Any]]


async def first(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """In their order, the next one when one cannot be reached."""
    return await _in_turn(clients, ask, Unreachable)


async def shuffled(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """In random order, the next one when one cannot be reached."""
    return await _in_turn(random.sample(clients, len(clients)), ask, Unreachable)


async def first_positive(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """In their order, the next one after any error."""
    return await _in_turn(clients, ask, CgrdError)


class RoundRobin:
    """Each call begins with the connection after the one that the call before began with."""

    def __init__(self) -> None:
        self._calls = -1

    async def __call__(self, clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
        """In turn, the next one when one cannot be reached."""
        self._calls += 1
        begin = self._calls % len(clients)
        return await _in_turn([*clients[begin:], *clients[:begin]], ask, Unreachable)


async def _in_turn(clients: Sequence[Client], ask: Ask, tolerated: type[CgrdError]) -> Any:
    failure: CgrdError | None = None
    for client in clients:
        try:
            return await ask(client)
        except tolerated as error:
            failure = error
    assert failure is not None
    raise failure


async def first_positive_async(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """All at once; the first answer without an error counts, the others go on unheard."""
    return await _first_of(clients, ask, nursery, CgrdError)


async def broadcast(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """All at once; the first that answers counts, the others go on unheard."""
    return await _first_of(clients, ask, nursery, Unreachable)


async def _first_of(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery, tolerated: type[CgrdError]) -> Any:
    outcomes: list[tuple[Any, CgrdError | None]] = []
    decided = trio.Event()

    async def one(client: Client) -> None:
        outcomes.append(await _outcome(client, ask))
        if len(outcomes) == len(clients) or not isinstance(outcomes[-1][1], tolerated):
            decided.set()

    for client in clients:
        nursery.start_soon(one, client)
    await decided.wait()
    answer, failure = next((each for each in outcomes if not isinstance(each[1], tolerated)), outcomes[-1])
    if failure is not None:
        raise failure
    return answer


async def _outcome(client: Client, ask: Ask) -> tuple[Any, CgrdError | None]:
    try:
        return await ask(client), None
    except CgrdError as error:
        return None, error


async def broadcast_sync(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """All at once, and all are waited for; the answer of the first in their order counts.

    Raises:
        CgrdError: all failed; the error of the first.
        PartiallyExecuted: some failed.
    """
    outcomes: dict[int, tuple[Any, CgrdError | None]] = {}

    async def one(place: int, client: Client) -> None:
        outcomes[place] = await _outcome(client, ask)

    async with trio.open_nursery() as waited:
        for place, client in enumerate(clients):
            waited.start_soon(one, place, client)
    failures = {place: error for place, (_, error) in sorted(outcomes.items()) if error is not None}
    if len(failures) == len(clients):
        raise failures[0]
    if failures:
        told = "; ".join(f"connection {place + 1}: {error} {error.explain}".strip() for place, error in failures.items())
        done = len(clients) - len(failures)
        raise PartiallyExecuted(explain=f"done over {done} of {len(clients)} connections; {told}")
    return outcomes[0][0]


async def broadcast_async(clients: Sequence[Client], ask: Ask, nursery: trio.Nursery) -> Any:
    """All at once, and none is waited for; the answer is empty."""
    for client in clients:
        nursery.start_soon(_outcome, client, ask)


STRATEGIES: dict[str, Callable[[], Strategy]] = {
    "*first": lambda: first,
    "*next": RoundRobin,
    "*random": lambda: shuffled,
    "*first_positive": lambda: first_positive,
    "*first_positive_async": lambda: first_positive_async,
    "*broadcast": lambda: broadcast,
    "*broadcast_sync": lambda: broadcast_sync,
    "*broadcast_async": lambda: broadcast_async,
    "*parallel": lambda: first,
}
"""By the name in the configuration."""
