"""Where orders on accounts are carried out: what they share, and how their outcome is kept and told."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import Instant, Subsystem
from cgrd.durations import SECOND, parse_duration
from cgrd.errors import CgrdError, Wrong
from cgrd_subsystem_rals.accounts.owner import Accounts
from cgrd_subsystem_rals.accounts.records import Account, SharedGroup
from cgrd_subsystem_rals.accounts.work import Cause, Later, Work
from cgrd_subsystem_rals.courier import Courier
from cgrd_subsystem_rals.effects import Sender
from cgrd_subsystem_rals.live import LiveBook, TableView, policy_of

if TYPE_CHECKING:
    from cgrd.services import Services


class Desk:
    """The accounts, the rates they are charged by, and the way to keep changes.

    Args:
        subsystem: whose configuration and edges hold.
        senders: how effects of actions are sent, by kind.
    """

    def __init__(self, subsystem: Subsystem, senders: Mapping[str, Sender]) -> None:
        self.subsystem = subsystem
        self.courier = Courier(self, senders)
        self._callers: dict[str, Subsystem] = {}
        tables = subsystem.services.profiles
        self.groups = tables["SharedGroup"]
        self.book = LiveBook(policy_of(subsystem.services, subsystem.config), tables)
        groups: Mapping[str, SharedGroup] = TableView(self.groups)
        self.accounts = Accounts(store=subsystem.services.store, groups=groups, decimals=subsystem.services.rounding_decimals)

    @property
    def services(self) -> Services:
        """What the kernel offers."""
        return self.subsystem.services

    def now(self) -> Instant:
        """The present moment in the daemon's zone."""
        services = self.subsystem.services
        return Instant(services.clock.now_ns(), services.zone)

    @property
    def reply_timeout(self) -> float:
        """How long others have to answer, in seconds."""
        return parse_duration(str(self.services.config.general["reply_timeout"])) / SECOND

    def key(self, tenant: str, account: str) -> str:
        """The key of an account.

        Raises:
            Wrong: the tenant's name has a colon; it would name an account of another tenant.
        """
        if ":" in tenant:
            raise Wrong(f"a tenant's name has no colon: {tenant}")
        return f"{tenant or self.services.default_tenant}:{account}"

    def work(self, why: str, *, event_id: str = "", run_id: str = "") -> Work:
        """A new order."""
        return Work(self.accounts, self.now(), Cause(why, event_id, run_id))

    def keep(self, work: Work) -> None:
        """Make what an order did so, in one transaction; what it left to be done later is the caller's."""
        store = self.services.store
        with store.transaction(why=work.cause.why) as tx:
            work.keep(tx, remove_expired=bool(self.subsystem.config["remove_expired"]))
            ordered = [(each, self.courier.order(tx, each)) for each in work.effects] if work.effects else []
            for account in work.changed.values():
                if account is not None:
                    self._join_groups(account)
        if work.is_waited and not store.in_transaction:
            work.reserved = [record for each, record in ordered if each.waited]
            self.courier.reserve(work.reserved)

    def _join_groups(self, account: Account) -> None:
        for balances in (account.BalanceMap or {}).values():
            for balance in balances or ():
                if balance.SharedGroups:
                    for group_id, shared in balance.SharedGroups.items():
                        if shared:
                            self._join(group_id, account.ID)

    def _join(self, group_id: str, account_id: str) -> None:
        group: SharedGroup | None = self.groups.find(group_id)
        if group is not None and account_id not in (group.MemberIds or {}):
            members = {**(group.MemberIds or {}), account_id: True}
            self.groups.set(msgspec.structs.replace(group, MemberIds=members), why="shared group")

    def in_background(self, work: Work) -> None:
        """Do what a kept order left to be done later, one after the other, when this step is over, while nobody waits for it."""
        if work.reserved:
            self.courier.release(work.reserved)
        if work.later:
            self.services.background.do_soon(self.each, work.cause.why, iter(work.later))

    def each(self, why: str, later: Iterator[Later]) -> Awaitable[None] | None:
        """Do one after the other; what is left from the first on that has to wait is in the coroutine answered. Failures are logged."""
        for each in later:
            try:
                rest = each()
            except CgrdError as error:
                self._not_done(why, error)
                continue
            if rest is not None:
                return self._rest(rest, why, later)
        return None

    async def _rest(self, first: Awaitable[None], why: str, later: Iterator[Later]) -> None:
        """What is left from the first on that has to wait."""
        for each in (lambda: first, *later):
            try:
                if (waiting := each()) is not None:
                    await waiting
            except CgrdError as error:
                self._not_done(why, error)

    def _not_done(self, why: str, error: CgrdError) -> None:
        self.services.log("rals").error("not done after the change", why=why, error=str(error), explain=error.explain)

    async def finish(self, work: Work) -> None:
        """Do what a kept order left to be done later, and deliver what is waited for.

        Raises:
            CgrdError: what went wrong first, when everything was tried.
        """
        try:
            failed = [error for each in work.later if (error := await self._done(work, each))]
            failed += await self._delivered(work)
        finally:
            self.courier.release(work.reserved)
        if failed:
            raise failed[0]

    async def _done(self, work: Work, each: Later) -> CgrdError | None:
        try:
            if (rest := each()) is not None:
                await rest
        except CgrdError as error:
            self.services.log("rals").warning("not done after the change", why=work.cause.why, error=str(error), explain=error.explain)
            return error
        return None

    async def _delivered(self, work: Work) -> list[CgrdError]:
        """Nothing is sent that is not committed."""
        if work.reserved:
            await self.services.store.durable()
        return [error for record in work.reserved if (error := await self.courier.attempt(record, is_waited=True))]

    async def call(self, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over `rals.<edge>_conns`."""
        return await self.subsystem.call(edge, method, args, reply)

    def linked_as(self, section: str, edge: str) -> bool:
        """Whether `<section>.<edge>_conns` leads anywhere."""
        return bool(self.services.config.sections.get(section, {}).get(f"{edge}_conns"))

    async def call_as(self, section: str, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over an edge of another section, whose administrator said where such calls of actions go."""
        caller = self._callers.get(section)
        if caller is None:
            caller = self._callers[section] = Subsystem(services=self.services, config={})
            caller.section = section  # type: ignore[misc]
        caller.services, caller.config = self.services, self.services.config.sections[section]
        return await caller.call(edge, method, args, reply)

    async def call_here(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask a method of this daemon."""
        caller = Subsystem(services=self.services, config={"here_conns": ["*internal"]})
        caller.section = self.subsystem.section  # type: ignore[misc]
        return await caller.call("here", method, args, reply)
