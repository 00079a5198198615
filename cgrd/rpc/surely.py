"""Requests with a key to another daemon: repeated until it is known what became of them.

The other daemon does what comes under a key once and answers its repetition as it answered the first (cgrd/once.py), so asking again is
safe, and it is the only way to learn what a lost connection has hidden. Another connection of the pool may lead to another daemon, which
knows nothing of it: so it is the same one that is asked. Source: DESIGN §4 (the transaction and edges).
"""

from __future__ import annotations

from typing import Any, Final

from cgrd.clock import Clock
from cgrd.durations import MILLISECOND, SECOND
from cgrd.errors import Unanswered, Unreachable
from cgrd.rpc.client import Client

WITHIN: Final = 10 * SECOND
PAUSE: Final = 200 * MILLISECOND


async def surely(client: Client, method: str, args: object, reply: Any, *, clock: Clock) -> Any:
    """Ask, and again while it may have been done and nobody has said so.

    Raises:
        Unreachable: it was not asked; nothing has happened there.
        Unanswered: it may have happened; asked again with the same key, the other end will tell.
        CgrdError: the answer.
    """
    until = clock.monotonic_ns() + WITHIN
    asked = repeated = False
    while True:
        try:
            return await client.call(method, args, reply)
        except Unreachable as error:
            asked = asked or error.asked
            if not asked:
                raise
            if clock.monotonic_ns() >= until:
                raise Unanswered(error, explain=f"{method} may have been done or not; repeat it to learn which. {error.explain}") from error
        if repeated:
            await clock.sleep(PAUSE)
        repeated = True
