"""What the stories share: an office with a small tariff plan, its accounts, and agents that place calls in it, all on the virtual clock.

The plan: numbers that begin with 10 cost 0.01 a second, premium numbers (0900) cost 1 a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cgrd.durations import SECOND
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import RecordedPeer, VirtualClock, call, kernel_in_memory

PLAN = Path(__file__).parent / "plan"
HERE = ["*internal"]
OFFICE: dict[str, dict[str, Any]] = {
    "attributes": {"enabled": True},
    "chargers": {"enabled": True},
    "rals": {"enabled": True},
    "cdrs": {"enabled": True, "rals_conns": HERE, "chargers_conns": HERE},
    "apiers": {"enabled": True},
    "sessions": {"enabled": True, "debit_interval": "10s", "attributes_conns": HERE, "chargers_conns": HERE, "rals_conns": HERE, "cdrs_conns": HERE},
}


class Call:
    """A call of an account through an agent."""

    def __init__(self, office: Office, name: str, *, account: str, destination: str, agent: RecordedPeer) -> None:
        self.office = office
        self.agent = agent
        self.answered: int | None = None
        self.event: dict[str, Any] = {
            "OriginID": name, "OriginHost": "switch", "Account": account, "Destination": destination, "ToR": "*voice", "RequestType": "*prepaid",
            "Category": "call", "SetupTime": str(office.clock.now()),
        }  # fmt: skip

    async def _ask(self, method: str, event: Mapping[str, Any] = {}, **asked: Any) -> Any:
        given = {"Tenant": "cgrates.org", "ID": f"{self.event['OriginID']}-{method}", "Event": {**self.event, **event}}
        return await call(self.office.kernel, f"SessionSv1.{method}", peer=self.agent, **given, **asked)

    async def authorize(self) -> int:
        """Seconds it may last; raises what refuses it."""
        answer = await self._ask("AuthorizeEvent", GetMaxUsage=True, GetAttributes=True)
        return int(answer["MaxUsage"]) // SECOND

    async def start(self, **asked: Any) -> None:
        """It is answered now; `asked` is what the agent wants beside a session (AllocateResources, ProcessThresholds)."""
        self.answered = self.office.clock.now_ns()
        self.event["AnswerTime"] = str(self.office.clock.now())
        await self._ask("InitiateSession", InitSession=True, **asked)

    async def end(self) -> None:
        """It is hung up now: the session ends, the record is written."""
        assert self.answered is not None
        usage = {"Usage": self.office.clock.now_ns() - self.answered}
        await self._ask("TerminateSession", usage, TerminateSession=True)
        await self._ask("ProcessCDR", usage)

    @property
    def cut(self) -> list[str]:
        """Why the daemon told the agent to end it."""
        told = [args["Event"] for method, args in self.agent.told if method == "AgentV1.DisconnectSession"]
        return [event["DisconnectCause"] for event in told if event["OriginID"] == self.event["OriginID"]]


class Office:
    """A running daemon, and what stories do with it."""

    def __init__(self, kernel: Kernel, clock: VirtualClock) -> None:
        self.kernel = kernel
        self.clock = clock
        self.agent = RecordedPeer()

    async def ask(self, method: str, **arguments: Any) -> Any:
        """Any method."""
        return await call(self.kernel, method, **arguments)

    async def account(self, name: str, *, cash: str) -> None:
        """An account with money."""
        await self.ask("APIerSv1.SetAccount", Tenant="cgrates.org", Account=name)
        await self.ask("APIerSv1.AddBalance", Tenant="cgrates.org", Account=name, BalanceType="*monetary", Value=Decimal(cash), Balance={"ID": "cash"})

    async def cash(self, name: str) -> Decimal:
        """What is left of it."""
        found = await self.ask("APIerSv2.GetAccount", Tenant="cgrates.org", Account=name)
        return sum((Decimal(balance["Value"]) for balance in found["BalanceMap"]["*monetary"]), Decimal(0))

    async def records(self, **query: Any) -> list[dict[str, Any]]:
        """The charging records that are kept."""
        return list(await self.ask("CDRsV1.GetCDRs", Tenant="cgrates.org", **query))

    async def sessions(self) -> int:
        """How many runs are active."""
        return int(await self.ask("SessionSv1.GetActiveSessionsCount"))

    def spent(self) -> Decimal:
        """What the ledger says was taken, all accounts together."""
        return -sum((entry.change for entry in self.kernel.store.ledger() if "AddBalance" not in entry.why), Decimal(0))

    async def proved(self) -> bool:
        """Whether the ledger adds up."""
        return (await self.kernel.store.verify()).ok

    def call(self, name: str, *, account: str = "1001", destination: str = "1002", agent: RecordedPeer | None = None) -> Call:
        """A call that is not placed yet."""
        return Call(self, name, account=account, destination=destination, agent=agent or self.agent)


OfficeAt = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
def office_at(virtual_clock: VirtualClock, tmp_path: Path) -> OfficeAt:
    """`async with office_at(rals={…}) as office`: the plan is loaded the first time; again, it is the same money after a restart."""

    @asynccontextmanager
    async def opened(**changes: Mapping[str, Any]) -> AsyncIterator[Office]:
        sections = {name: {**OFFICE.get(name, {}), **changes.get(name, {})} for name in OFFICE | changes}
        is_new = not (tmp_path / "office.sqlite").exists()
        store = SqliteStore.open(tmp_path / "office.sqlite", clock=virtual_clock)
        async with kernel_in_memory(sections, clock=virtual_clock, store=store) as kernel:
            office = Office(kernel, virtual_clock)
            if is_new:
                await office.ask("APIerSv1.LoadTariffPlanFromFolder", FolderPath=str(PLAN))
            yield office

    return opened
