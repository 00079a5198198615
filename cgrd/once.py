"""Requests with a key: the same request again gets the same answer and has no second effect, also after a restart.

A client gives the key in `APIOpts.*idempotencyKey`; it holds for 24 hours. What a transaction asks of another daemon gets a key here,
derived from the transaction's, so that it too is done once whatever happens to either daemon meanwhile.
Source: DESIGN §4 (request keys; the transaction and edges).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from cgrd.codec import decode, encode, plain_tree

if TYPE_CHECKING:
    from cgrd.component import Served
    from cgrd.store import Store

__all__ = [
    "answered_once",
]

OPTION: Final = "*idempotencyKey"

_request_key: ContextVar[str] = ContextVar("cgrd_request_key", default="")


def key_of(args: Any) -> str:
    """The key that a request carries, under its tenant; "" = none."""
    given = _options(args).get(OPTION)
    if not given:
        return ""
    tenant = args.get("Tenant", "") if type(args) is dict else getattr(args, "Tenant", "")
    return f"{tenant}:{given}"


def _options(args: Any) -> dict[str, Any]:
    options = args.get("APIOpts") if type(args) is dict else getattr(args, "APIOpts", None)
    # A lenient request may hold anything where options are expected; its method says so.
    return options if isinstance(options, dict) else {}


def unkeyed(args: Any) -> Any:
    """The request without its key, which is not handed on with what it carries."""
    if not (options := _options(args)).get(OPTION):
        return args
    return _with_options(args, {name: value for name, value in options.items() if name != OPTION})


def keyed(args: Any, key: str) -> Any:
    """The request with this key in the place of any it has."""
    if type(args) is not dict and not hasattr(args, "APIOpts"):
        args = plain_tree(args)
    return _with_options(args, {**_options(args), OPTION: key})


def _with_options(args: Any, options: dict[str, Any]) -> Any:
    return {**args, "APIOpts": options} if type(args) is dict else replace(args, APIOpts=options)


def outgoing(store: Store, method: str, args: Any) -> Any:
    """A request to another daemon as it is sent: with a key of its own inside a transaction; outside it has the one that its maker gave it."""
    key = store.call_key(_request_key.get())
    return keyed(args, f"{method}:{key}") if key else args


async def once(store: Store, key: str, served: Served, args: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
    """Do the request, or answer what it was answered before. `work` gets it without its key.

    Raises:
        Wrong: the key came before with another request.
    """
    return await answered_once(store, key, served.name, args, partial(work, unkeyed(args)), may_wait=served.is_async or served.may_wait)


async def answered_once(store: Store, key: str, method: str, args: Any, work: Callable[[], Awaitable[Any]], *, may_wait: bool = True) -> Any:
    """Do `work` for the first request with this key; its answer for every other one, also after a restart.

    Args:
        store: where the answer is kept.
        key: the request key.
        method: what is asked.
        args: the request; another one under the same key is refused.
        work: gives the answer.
        may_wait: whether it may wait for others. It must not hold up what they do then: its last change and the answer are queued without a
            wait between them. Otherwise they are one transaction.

    Raises:
        Wrong: the key came before with another request.
    """
    digest = hashlib.sha256(method.encode() + b"\n" + encode(args)).digest()
    async with store.request_keys.once(key, digest) as known:
        if known.answer is not None:
            return decode(known.answer)
        token = _request_key.set(key)
        try:
            if may_wait:
                return _kept(store, key, method, digest, await work())
            with store.transaction(why=method):
                return _kept(store, key, method, digest, await work())
        finally:
            _request_key.reset(token)


def _kept(store: Store, key: str, method: str, digest: bytes, answer: Any) -> Any:
    with store.transaction(why=method) as tx:
        tx.remember(key, digest, encode(answer))
    return answer
