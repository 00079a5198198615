"""Transactions that are open, and what happens when one of them waits while others go on.

Nearly always a block runs through without a wait: it is alone, and its changes are queued when it ends. A block may wait (a flow asks
another daemon between a debit and its record). What it has changed in memory by then others see and build on, so from the first of
them on these changes and all later ones go into one group, the *held* one, in the order they were made. It is queued when the last
block whose changes it has is over. So nothing is committed that rests on changes which are not, and no older state is written over a
newer one; whoever built on a block that fails in the end is told, and nothing of either remains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgrd.store.changes import Changes
from cgrd.store.tickets import Group

if TYPE_CHECKING:
    from cgrd.store.transaction import Transaction


class OpenBlocks:
    """The blocks that are open, outer ones before theirs inside, and the held group.

    At any moment at most one context has changes that are neither in the held group nor queued: whoever writes next brings them there.
    """

    def __init__(self) -> None:
        self.blocks: list[Transaction] = []
        self.contexts = 0
        self.held: Group | None = None
        self._holders: list[Transaction] = []

    def enter(self, block: Transaction) -> None:
        """A block begins."""
        self.blocks.append(block)
        self.contexts += block.root is block

    def leave(self, block: Transaction) -> None:
        """A block is over."""
        self.blocks.remove(block)
        self.contexts -= block.root is block

    def hold_others(self, root: Transaction) -> None:
        """Before the context of `root` goes on writing: what others have changed and not finished goes into the held group."""
        for block in self.blocks:
            if block.root is not root and not block.is_held and not block.own_changes.empty:
                self._hold(block)

    def _hold(self, block: Transaction) -> None:
        if self.held is None:
            self.held = Group(Changes())
        self.held.changes.merge(block.own_changes)
        block.own_changes = self.held.changes
        if block.root not in self._holders:
            self._holders.append(block.root)
        # Blocks around it that have changed nothing yet: what they do from now on follows what it has done.
        for outer in self.blocks:
            if outer.root is block.root and outer.own_changes.empty and _is_around(outer, block):
                outer.own_changes = self.held.changes

    def released(self, root: Transaction) -> Group | None:
        """A context with changes in the held group is over: the group, if it was the last one."""
        self._holders.remove(root)
        if self._holders:
            return None
        group, self.held = self.held, None
        return group

    def dropped(self) -> tuple[list[Transaction], Group | None]:
        """Everything unfinished is given up: the blocks with changes, newest last, and the held group, which is one no more."""
        losers = [block for block in self.blocks if not block.own_changes.empty]
        group, self.held, self._holders = self.held, None, []
        return losers, group


def _is_around(outer: Transaction, block: Transaction) -> bool:
    inside: Transaction | None = block
    while inside is not None and inside is not outer:
        inside = inside.outer
    return inside is outer
