"""Random operations on accounts against a model that knows no more than what a cent is: money and minutes are conserved, always.

CI carries out some hundreds. `CGRD_OPERATIONS=1000000 pytest -s plugins/subsystems/rals/tests/test_rals_operations.py -k walk` carries out
a million, restarts the daemon on the way, and says what it did; docs/PERFORMANCE.md has what it printed.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.errors import CgrdError
from cgrd.kernel import Kernel
from cgrd.profiles import load_files
from cgrd.store import SqliteStore, Store
from cgrd.testing import VirtualClock, call, kernel_in_memory

SECTIONS: dict[str, Any] = {"rals": {"enabled": True}, "apiers": {"enabled": True}}
CENT = Decimal("0.01")
SECOND = 10**9
PLAN = [
    ("Rates.csv", "CENT,0,0.6,60s,1s,0s\n"),
    ("DestinationRates.csv", "RATES,*any,CENT,*up,5,0,\n"),
    ("RatingPlans.csv", "PLAN,RATES,*any,10\n"),
    ("RatingProfiles.csv", "cgrates.org,call,*any,2014-01-14T00:00:00Z,PLAN,\n"),
]
ACCOUNTS = ("1001", "1002", "1003")
OPERATIONS = ("debit", "max_debit", "all_or_nothing", "refund", "add_money", "take_money", "set_money", "set_minutes", "dry_run")
RESTARTS = 100_000
"""Operations between two restarts of a long walk."""

Operation = tuple[str, str, int]


@dataclass
class Paid:
    """A call that was paid: by what, and the increments that a refund names."""

    money: Decimal
    seconds: int
    increments: list[Any]


@dataclass
class Model:
    """What an account must hold: money in all its balances together, and whole seconds of its minutes."""

    money: Decimal = Decimal(0)
    seconds: int = 0
    paid: list[Paid] = field(default_factory=list)


class Walk:
    """Carries operations out in a daemon and in the model, and compares."""

    def __init__(self) -> None:
        self.models = {account: Model() for account in ACCOUNTS}
        self.done: Counter[str] = Counter()
        self.kernel: Kernel

    async def carry_out(self, operation: Operation) -> None:
        """One operation, then a look at its account."""
        name, account, amount = operation
        self.done[name] += 1
        await getattr(self, name)(account, amount, self.models[account])
        self.compare(account)

    def compare(self, account: str) -> None:
        """The account holds what the model says, exactly."""
        model, held = self.models[account], self.held(account)
        assert sum(held.get("*monetary", ())) == model.money
        assert sum(held.get("*voice", ())) == model.seconds * SECOND

    def held(self, account: str) -> dict[str, list[Decimal]]:
        """Values of the balances by their kind, as they are in memory."""
        rals: Any = self.kernel.house.components["rals"]
        found = rals.desk.accounts.get(f"cgrates.org:{account}")
        return {kind: [each.Value for each in held or ()] for kind, held in ((found.BalanceMap if found else None) or {}).items()}

    # -- operations

    async def debit(self, account: str, seconds: int, model: Model) -> None:
        self.pay(model, await self.ask("Responder.Debit", account, seconds), seconds)

    async def max_debit(self, account: str, seconds: int, model: Model) -> None:
        before = self.held(account)
        cost = await self.ask("Responder.MaxDebit", account, seconds)
        granted = int(cost["RatedUsage"]) // SECOND
        assert granted <= seconds
        self.pay(model, cost, granted)
        low = min((value for values in before.values() for value in values), default=Decimal(0))
        assert min((value for values in self.held(account).values() for value in values), default=Decimal(0)) >= min(low, Decimal(0))

    async def all_or_nothing(self, account: str, seconds: int, model: Model) -> None:
        try:
            cost = await self.ask("Responder.MaxDebit", account, seconds, ForceDuration=True)
        except CgrdError:
            return  # nothing of it has happened: the comparison shows it
        self.pay(model, cost, seconds)

    async def refund(self, account: str, at: int, model: Model) -> None:
        if not model.paid:
            return
        paid = model.paid.pop(at % len(model.paid))
        await self.ask("Responder.RefundIncrements", account, paid.seconds, Increments=paid.increments)
        model.money += paid.money
        model.seconds += paid.seconds

    async def add_money(self, account: str, cents: int, model: Model) -> None:
        await self.order("APIerSv1.AddBalance", account, "*monetary", cents * CENT, "main")
        model.money += cents * CENT

    async def take_money(self, account: str, cents: int, model: Model) -> None:
        await self.order("APIerSv1.DebitBalance", account, "*monetary", cents * CENT, "main")
        model.money -= cents * CENT

    async def set_money(self, account: str, cents: int, model: Model) -> None:
        other = sum(self.held(account).get("*monetary", ())) - self.main(account)
        await self.order("APIerSv1.SetBalance", account, "*monetary", cents * CENT, "main")
        model.money = other + cents * CENT

    async def set_minutes(self, account: str, seconds: int, model: Model) -> None:
        await self.order("APIerSv1.SetBalance", account, "*voice", seconds * SECOND, "minutes")
        model.seconds = seconds

    async def dry_run(self, account: str, seconds: int, model: Model) -> None:
        await self.ask("Responder.Debit", account, seconds, DryRun=True)

    # -- what operations need

    def main(self, account: str) -> Decimal:
        """What is in the balance `main`."""
        rals: Any = self.kernel.house.components["rals"]
        found = rals.desk.accounts.get(f"cgrates.org:{account}")
        held = (found.BalanceMap if found else None) or {}
        return sum((each.Value for each in held.get("*monetary") or () if each.ID == "main"), Decimal(0))

    def pay(self, model: Model, cost: Any, seconds: int) -> None:
        """The minutes go first, the rest costs a cent a second."""
        by_minutes = min(model.seconds, seconds)
        money = (seconds - by_minutes) * CENT
        assert cost["Cost"] == money
        model.seconds -= by_minutes
        model.money -= money
        increments = [increment for span in cost["Timespans"] or () for increment in span["Increments"]]
        model.paid = [*model.paid[-20:], Paid(money, by_minutes, increments)]

    async def ask(self, method: str, account: str, seconds: int, **more: Any) -> Any:
        """A call to Responder."""
        minutes, rest = divmod(seconds, 60)
        named = {"Tenant": "cgrates.org", "Category": "call", "Account": account, "Destination": "49151", "ToR": "*voice"}
        when = {"TimeStart": "2026-01-31T08:00:00Z", "TimeEnd": f"2026-01-31T08:{minutes:02}:{rest:02}Z", "DurationIndex": seconds * SECOND}
        return await call(self.kernel, method, **named, **when, **more)

    async def order(self, method: str, account: str, kind: str, value: Any, id: str) -> None:
        """An order on a balance."""
        await call(self.kernel, method, Account=account, BalanceType=kind, Value=value, Balance={"ID": id})

    @asynccontextmanager
    async def daemon(self, store: Store | None = None, clock: VirtualClock | None = None) -> AsyncIterator[None]:
        """A daemon that knows the tariff; at its end the ledger adds up to what the accounts hold."""
        async with kernel_in_memory(SECTIONS, store=store, clock=clock) as self.kernel:
            await load_files(self.kernel.profiles, PLAN)
            for account in ACCOUNTS:
                await call(self.kernel, "APIerSv1.SetAccount", Account=account)
                self.compare(account)
            yield
            await self.prove()

    async def prove(self) -> None:
        """The ledger, entry by entry, adds up to every balance there is."""
        rals: Any = self.kernel.house.components["rals"]
        held = {each.Uuid: each.Value for account in rals.desk.accounts.values() for balances in (account.BalanceMap or {}).values() for each in balances or ()}
        self.kernel.store.flush()
        report = await self.kernel.store.verify(held)
        assert report.ok, report.faults


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(ACCOUNTS), st.integers(1, 300)), max_size=25))
def test_whatever_is_done_money_and_minutes_are_conserved(operations: list[Operation]) -> None:
    async def play() -> None:
        walk = Walk()
        async with walk.daemon():
            for operation in operations:
                await walk.carry_out(operation)

    trio.run(play)


async def test_a_long_walk_over_restarts_conserves_money_and_minutes(tmp_path: Path) -> None:
    wanted = int(os.environ.get("CGRD_OPERATIONS", "1000"))
    walk, chosen, left, starts = Walk(), random.Random(wanted), wanted, 0
    while left:
        clock, starts = VirtualClock(), starts + 1
        part = min(left, RESTARTS, max(1, wanted // 3))
        async with walk.daemon(SqliteStore.open(tmp_path / "cgrd.sqlite", clock=clock), clock):
            for _ in range(part):
                await walk.carry_out((chosen.choice(OPERATIONS), chosen.choice(ACCOUNTS), chosen.randint(1, 300)))
        left -= part
    told = ", ".join(f"{count} {name}" for name, count in sorted(walk.done.items()))
    print(f"{wanted} operations, {starts} daemons one after the other: {told}; every balance as the model, every ledger adds up")
    assert walk.done.total() == wanted
