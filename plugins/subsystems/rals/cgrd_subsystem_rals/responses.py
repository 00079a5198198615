"""Answers that are given again: where the cache partition `*rpc_responses` is on, a method does its work once for a call.

Source: spec/rating.md §6 (RPC cache); which methods, and that a later piece of the same call gets the first one's answer too: as recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from cgrd.costs import CallDescriptor

if TYPE_CHECKING:
    from cgrd.services import Services

Answer = TypeVar("Answer")
PARTITION: Final = "*rpc_responses"
DEBITS: Final = ("Responder.Debit", "Responder.MaxDebit", "Responder.DebitMonetary")


def answered(services: Services, method: str, call: CallDescriptor, work: Callable[[], Answer]) -> Answer:
    """What the method answered for this call and run while the partition keeps it, else what `work` answers now.

    A refusal is not kept: it changed nothing. An answer whose change is not committed is forgotten with it.
    """
    kept = services.caches.partition(PARTITION)
    if not call.CgrID or call.DryRun or not kept.config.limit:
        return work()
    key = _key(method, call)
    known: Answer | None = kept.get(key)
    if known is not None:
        return known
    with services.store.transaction(why=method) as tx:
        answer = work()
        kept.set(key, answer)
        tx.on_rollback(lambda: kept.remove(key))
    return answer


def forget_debits(services: Services, call: CallDescriptor) -> None:
    """What was given back may be debited again."""
    kept = services.caches.partition(PARTITION)
    if kept.config.limit:
        for method in DEBITS:
            kept.remove(_key(method, call))


def _key(method: str, call: CallDescriptor) -> str:
    return f"{method}:{call.Tenant}:{call.CgrID}:{call.RunID}"
