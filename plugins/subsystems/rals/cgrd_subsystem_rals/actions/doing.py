"""One action as its type's function sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd.codec import decode
from cgrd.errors import CgrdError, Wrong
from cgrd.instants import Instant, parse_instant
from cgrd_subsystem_rals.accounts import operations
from cgrd_subsystem_rals.accounts.formulas import amount_of
from cgrd_subsystem_rals.accounts.purse import Purse
from cgrd_subsystem_rals.accounts.records import Account, BalanceFilter
from cgrd_subsystem_rals.accounts.work import Later, Work
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.effects import PATIENT, Effect, effect
from cgrd_subsystem_rals.kinds.actions import Action

if TYPE_CHECKING:
    from cgrd.services import Services

ASK = "*ask"
Run = Callable[["Doing"], None]


class Question(msgspec.Struct):
    """What another subsystem is asked: see `Doing.ask`."""

    section: str
    edge: str
    args: Any
    harmless: str = ""


async def ask(desk: Desk, ordered: Effect) -> None:
    """Sender: ask another subsystem.

    Raises:
        CgrdError: its answer, or that it cannot be reached.
    """
    question: Question = decode(ordered.body, Question)
    try:
        await desk.call_as(question.section, question.edge, ordered.to, question.args)
    except CgrdError as error:
        if error.word != question.harmless:
            raise


@dataclass(kw_only=True)
class Doing:
    """What is done to whom: an `ActionContext`, with what only our own types use.

    Attributes:
        desk: accounts, rates, edges.
        work: the order that this is a part of.
        key: the account, "" when the set runs without one.
        action: the row.
        actions: all rows of the set, in the order they are carried out.
        event: what set it off, where an event did.
    """

    desk: Desk
    work: Work
    key: str
    action: Action
    actions: Sequence[Action]
    event: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        self._purse: Purse | None = None

    @property
    def services(self) -> Services:
        """What the kernel offers."""
        return self.desk.services

    @property
    def at(self) -> Instant:
        """Now."""
        return self.work.at

    def purse(self) -> Purse:
        """The purse through which the account is changed; what is done with it is taken over when the function returns."""
        if self._purse is None:
            self._purse = self.work.purse(self.key)
        return self._purse

    def account(self) -> Account:
        """The account, to be changed in place."""
        return self.purse().own

    def topup(self, units: Decimal) -> None:
        """Add to the balances meant, or make one."""
        operations.topup(self.purse(), self.wanted, units, at=self.at)

    def debit(self, units: Decimal) -> None:
        """Take from the balances meant."""
        operations.take(self.purse(), self.wanted, units, at=self.at)

    def told(self) -> Any:
        """What others are told of: the account as it is by now, or the event when there is none."""
        return self.account().copy() if self.key else dict(self.event or {})

    @property
    def used(self) -> Purse | None:
        """The purse, when the function asked for it."""
        return self._purse

    @property
    def wanted(self) -> BalanceFilter:
        """Which balances are meant; a relative expiry counts from now, one that cannot be read says nothing."""
        wanted = self.action.Balance or BalanceFilter()
        expiry = self.expiry()
        wanted = msgspec.structs.replace(wanted) if expiry is None else msgspec.structs.replace(wanted, ExpirationDate=expiry)
        if factors := self.factors():
            wanted.Factors = factors
        return wanted

    def expiry(self) -> Instant | None:
        """When what is added ends, None where the row does not say."""
        text = self.action.ExpirationString
        if not text:
            return None
        try:
            return parse_instant(text, zone=self.desk.services.zone, now=self.at)
        except Wrong:
            return None

    def factors(self) -> dict[str, Decimal]:
        """The balance's factors, where ExtraParameters is a map of numbers."""
        if not self.action.ExtraParameters.startswith("{"):
            return {}
        try:
            found: dict[str, Decimal] = decode(self.action.ExtraParameters, dict[str, Decimal])
        except (msgspec.DecodeError, ValueError):
            return {}
        return found

    @property
    def units(self) -> Decimal:
        """The amount, worked out now where it is a formula."""
        return amount_of(self.action.Balance.Value if self.action.Balance else None, now=self.at)

    def extra(self, wanted: Any) -> Any:
        """ExtraParameters read as JSON of a type.

        Raises:
            Wrong: they are none.
        """
        try:
            return decode(self.action.ExtraParameters or "{}", wanted)
        except (msgspec.DecodeError, ValueError) as error:
            raise Wrong(f"{self.action.ActionType}: ExtraParameters cannot be read: {error}") from error

    def later(self, each: Later) -> None:
        """Do this when the set is kept."""
        self.work.later.append(each)

    async def call(self, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over `rals.<edge>_conns`."""
        return await self.desk.call(edge, method, args, reply)

    def send(self, kind: str, to: str, body: Any, *, waited: bool = False, told: bool = False, attempts: int = 0) -> None:
        """Send something when the set is committed, at least once, whatever happens to the daemon meanwhile.

        Args:
            kind: which sender takes it there.
            to: where.
            body: what, as JSON.
            waited: whether who executes the action waits for the first attempt.
            told: whether that one is told when it fails, which ends it.
            attempts: how many there are where nobody can be reached, if more than `general.poster_attempts`.
        """
        most = max(attempts, int(self.desk.services.config.general["poster_attempts"]))
        about = f"{self.action.Id} {self.key}".strip()
        self.work.effects.append(effect(kind, to, body, about=about, attempts=most, waited=waited, told=told))

    def ask(self, section: str, edge: str, method: str, args: object, *, harmless: str = "") -> None:
        """Ask another subsystem over `<section>.<edge>_conns`, as `send` does; who executes the action waits for the answer.

        Args:
            section: whose edge it is.
            edge: over which.
            method: "Service.Method".
            args: its argument.
            harmless: the word of an error that says that all is well.
        """
        question = {"section": section, "edge": edge, "args": args, "harmless": harmless}
        self.send(ASK, method, question, waited=True, told=True, attempts=PATIENT)


class ActionFailed(CgrdError):
    """An action could not be carried out; nothing of its set was kept for the account."""
