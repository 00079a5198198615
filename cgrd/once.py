"""Requests with a key: the same request again gets the same answer and has no second effect, also after a restart.

A client gives the key in `APIOpts.*idempotencyKey`; it holds for 24 hours. Source: DESIGN §4 (request keys).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from cgrd.codec import decode, encode

if TYPE_CHECKING:
    from cgrd.component import Served
    from cgrd.store import Store

OPTION: Final = "*idempotencyKey"


def key_of(args: Any) -> str:
    """The key that a request carries, under its tenant; "" = none."""
    options = args.get("APIOpts") if type(args) is dict else getattr(args, "APIOpts", None)
    given = options.get(OPTION) if options else None
    if not given:
        return ""
    tenant = args.get("Tenant", "") if type(args) is dict else getattr(args, "Tenant", "")
    return f"{tenant}:{given}"


async def once(store: Store, key: str, served: Served, args: Any, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do the request, or answer what it was answered before.

    Raises:
        Wrong: the key came before with another request.
    """
    digest = hashlib.sha256(served.name.encode() + b"\n" + encode(args)).digest()
    async with store.request_keys.once(key, digest) as known:
        if known.answer is not None:
            return decode(known.answer)
        answer = await work()
        with store.transaction(why=served.name) as tx:
            tx.remember(key, digest, encode(answer))
        return answer
