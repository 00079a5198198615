"""Carrying out sets of actions and triggers on accounts, all or nothing for each account.

Source: spec/tariffplans.md §2, spec/rating.md §11, observed_rating.md (actions).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cgrd import Action as ActionType
from cgrd.errors import CgrdError, NotFound, PartiallyExecuted
from cgrd_subsystem_rals.accounts.counters import init_counters
from cgrd_subsystem_rals.accounts.records import Account, ActionTrigger
from cgrd_subsystem_rals.accounts.triggers import fired, in_order
from cgrd_subsystem_rals.accounts.work import Work
from cgrd_subsystem_rals.actions import balances
from cgrd_subsystem_rals.actions.doing import ActionFailed, Doing, Run
from cgrd_subsystem_rals.actions.types import built_in
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.kinds.actions import Action, Actions
from cgrd_subsystem_rals.publishing import announce

Event = Mapping[str, Any] | None


class NotMeant(Exception):
    """A filter of an action cannot be evaluated: the set ends for this account and leaves nothing."""


class Executor:
    """Runs actions.

    Args:
        desk: the accounts.
        more: action types of plugins, by name.
    """

    def __init__(self, desk: Desk, more: Mapping[str, ActionType] | None = None) -> None:
        self.desk = desk
        self.types: dict[str, Run | ActionType] = {**built_in(), **(more or {})}

    def actions(self, actions_id: str) -> Sequence[Action]:
        """The set of that id.

        Raises:
            NotFound: there is none.
        """
        found: Actions | None = self.desk.services.profiles["Actions"].find(actions_id)
        if found is None:
            raise NotFound(explain=f"no actions {actions_id!r} are stored; load Actions.csv or use SetActions")
        return found.Actions

    def execute(self, actions: Sequence[Action], keys: Iterable[str], *, why: str, event: Event = None, is_waited: bool = False) -> list[Work]:
        """Carry a set out on accounts (none: without one); what waits is left in the orders answered, which are kept.

        Args:
            actions: the set.
            keys: the accounts.
            why: for the ledger and the log.
            event: what set it off.
            is_waited: whether the caller is going to `finish` the orders; else they go `in_background`.

        Raises:
            PartiallyExecuted: it failed for some account, for which nothing was kept.
            CgrdError: what it has done cannot be kept.
        """
        done: list[Work] = []
        failed: list[str] = []
        try:
            for key in list(keys) or [""]:
                work = self.desk.work(why)
                work.is_waited = is_waited
                if failure := self._tried(work, key, actions, event):
                    failed.append(failure)
                    continue
                self.desk.keep(work)
                done.append(work)
            if failed:
                raise PartiallyExecuted(explain="; ".join(failed))
        except CgrdError:
            # What was kept for the accounts before goes on by itself.
            for work in done:
                self.desk.in_background(work)
            raise
        return done

    def _tried(self, work: Work, key: str, actions: Sequence[Action], event: Event) -> str:
        """Carry a set out on one account; why it failed, "" when it did not."""
        try:
            self.run(work, key, actions, event=event)
        except NotMeant:
            return ""
        except CgrdError as error:
            self.desk.services.log("rals").warning("actions failed", why=work.cause.why, account=key, error=str(error), explain=error.explain)
            return f"{key or 'without account'}: {error} {error.explain}".strip()
        return ""

    def run(self, work: Work, key: str, actions: Sequence[Action], *, event: Event = None) -> None:
        """Carry a set out on one account, which is made where there is none.

        Raises:
            CgrdError: an action failed; the order is as it was before.
            NotMeant: a filter cannot be evaluated; likewise.
        """
        mark = work.mark()
        ordered = sorted(actions, key=lambda action: -action.Weight)
        try:
            if key and work.find(key) is None:
                work.accept({key: Account(ID=key)}, ())
            for action in ordered:
                self._do(Doing(desk=self.desk, work=work, key=key, action=action, actions=ordered, event=event))
        except (CgrdError, NotMeant):
            work.back_to(mark)
            raise

    def _do(self, doing: Doing) -> None:
        run = self.types.get(doing.action.ActionType)
        if doing.action.Filters and not self._is_gone(doing) and not self._is_meant(doing):
            return
        if run is None:
            raise ActionFailed(f"NOT_FOUND:{doing.action.ActionType}", explain=f"no installed plugin has the action type {doing.action.ActionType}")
        if self._is_gone(doing) and not getattr(run, "cgrd_without_account", False):
            return
        run(doing)
        if doing.used is not None:
            self._take(doing)

    def _is_gone(self, doing: Doing) -> bool:
        """Whether there is no account to work on: none was named, or an action before has removed it."""
        return not doing.key or doing.work.find(doing.key) is None

    def _is_meant(self, doing: Doing) -> bool:
        account = doing.work.find(doing.key)
        tenant = doing.key.partition(":")[0]
        try:
            return self.desk.services.filters.compile(tenant, doing.action.Filters or ()).passes({"*req": account})
        except CgrdError as error:
            self.desk.services.log("rals").warning("filter of an action", action=doing.action.Id, error=str(error), explain=error.explain)
            raise NotMeant from error

    def _take(self, doing: Doing) -> None:
        assert doing.used is not None
        own = doing.used.own
        if own.ActionTriggers or own.UnitCounters:
            init_counters(own)
        changes = doing.work.take(doing.used, why=f"{doing.action.Id} {doing.action.ActionType}".strip())
        # A trigger that may fire again looks at all balances, whenever they changed.
        met = held(own) if doing.action.ActionType == "*reset_triggers" else doing.used.met()
        if doing.action.ActionType in balances.TRYING or (changes and doing.action.ActionType not in balances.TYPES):
            for key in dict.fromkeys([doing.key, *(change.account for change in changes)]):
                self.fire(doing.work, key, met)

    # -- triggers

    def fire(self, work: Work, key: str, changed: frozenset[str], *, begun: Collection[tuple[str, str]] = ()) -> None:
        """Set off the triggers of an account whose time has come.

        Args:
            changed: UUIDs of the balances that changed.
            begun: triggers whose threshold was passed on the way, by group and unique id.
        """
        account = work.find(key)
        if account is None or not account.ActionTriggers:
            return
        self._put_in_order(work, key)
        tried: set[tuple[str, str]] = set()
        while (trigger := self._next(work, key, changed, begun, tried)) is not None:
            tried.add(_name(trigger))
            self._set_off(work, key, trigger)

    def _put_in_order(self, work: Work, key: str) -> None:
        purse = work.purse(key)
        ordered = in_order(purse.own.ActionTriggers or [], at=work.at)
        if ordered != purse.own.ActionTriggers:
            purse.own.ActionTriggers = ordered
            work.take(purse)

    def _next(self, work: Work, key: str, changed: frozenset[str], begun: Collection[tuple[str, str]], tried: set[tuple[str, str]]) -> ActionTrigger | None:
        account = work.find(key)
        if account is None or account.Disabled:
            return None
        reached = {_name(trigger) for trigger in fired(account, changed=changed, at=work.at)} | set(begun)
        waiting = (trigger for trigger in account.ActionTriggers or () if not trigger.Executed and _name(trigger) not in tried)
        return next((trigger for trigger in waiting if _name(trigger) in reached), None)

    def _set_off(self, work: Work, key: str, trigger: ActionTrigger) -> None:
        # Executed while its actions run, so that what they change does not set it off again.
        self._mark(work, key, trigger, executed=True)
        found: Actions | None = self.desk.services.profiles["Actions"].find(trigger.ActionsID)
        failure = f"no actions {trigger.ActionsID} are stored" if found is None else ""
        if found is not None:
            try:
                self.run(work, key, found.Actions)
                announce(self.desk, work, key)
            except NotMeant:
                pass
            except CgrdError as error:
                failure = f"{error} {error.explain}".strip()
        if failure:
            self.desk.services.log("rals").warning("trigger failed", account=key, trigger=trigger.UniqueID, error=failure)
        if failure or trigger.Recurrent:
            self._mark(work, key, trigger, executed=False)

    def _mark(self, work: Work, key: str, trigger: ActionTrigger, *, executed: bool) -> None:
        if work.find(key) is None:
            return
        purse = work.purse(key)
        for each in purse.own.ActionTriggers or ():
            if _name(each) == _name(trigger):
                each.Executed = executed
                each.LastExecutionTime = work.at
        work.take(purse)


def held(account: Account) -> frozenset[str]:
    """The UUIDs of all balances of an account."""
    return frozenset(balance.Uuid for balances in (account.BalanceMap or {}).values() for balance in balances or ())


def _name(trigger: ActionTrigger) -> tuple[str, str]:
    return trigger.ID, trigger.UniqueID
