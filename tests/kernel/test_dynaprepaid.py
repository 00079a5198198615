"""*dynaprepaid: an account is made at its first use, once, and only where the use asks for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cgrd import Component
from cgrd.config import Schemas, Tree
from cgrd.costs import CallDescriptor
from cgrd.dynaprepaid import debited
from cgrd.errors import CgrdError, Wrong

CALL = CallDescriptor(Tenant="t", Account="1001")
PLANS = {"Tenant": "t", "AccountID": "1001", "ActionPlanIDs": ["OPEN"]}


class Driver(Component, section="driver"):
    """Debits accounts that are not there, unless the scheduler has made them."""

    def __init__(self, *, edges: tuple[str, ...] = ("scheduler",), makes: bool = True) -> None:
        tree = Tree(sections={"schedulers": {"dynaprepaid_actionplans": ["OPEN"]}}, dialect="toml", schemas=Schemas.kernel())
        super().__init__(services=cast("Any", SimpleNamespace(config=tree)), config={f"{edge}_conns": ["*internal"] for edge in edges})
        self.makes = makes
        self.there = False
        self.asked: list[Any] = []

    async def call(self, edge: str, method: str, args: object, reply: Any = Any) -> str:
        self.asked.append((edge, method, args))
        self.there = self.makes
        return "OK"

    async def debit(self) -> int:
        if not self.there:
            raise CgrdError("ACCOUNT_NOT_FOUND")
        return 7


async def test_an_account_that_is_missing_is_made_by_the_plans_and_debited() -> None:
    driver = Driver()
    assert await debited(driver, CALL, request_type="*dynaprepaid", debit=driver.debit) == 7
    assert driver.asked == [("scheduler", "SchedulerSv1.ExecuteActionPlans", PLANS)]


async def test_an_account_that_is_there_is_debited_alone() -> None:
    driver = Driver()
    driver.there = True
    assert (await debited(driver, CALL, request_type="*dynaprepaid", debit=driver.debit), driver.asked) == (7, [])


@pytest.mark.parametrize(("request_type", "edges"), [("*prepaid", ("scheduler",)), ("*dynaprepaid", ())])
async def test_no_account_is_made_for_who_does_not_ask_or_has_no_scheduler(request_type: str, edges: tuple[str, ...]) -> None:
    driver = Driver(edges=edges)
    with pytest.raises(CgrdError, match=r"^ACCOUNT_NOT_FOUND$"):
        await debited(driver, CALL, request_type=request_type, debit=driver.debit)
    assert driver.asked == []


async def test_plans_that_make_no_account_are_carried_out_once() -> None:
    driver = Driver(makes=False)
    with pytest.raises(CgrdError, match=r"^ACCOUNT_NOT_FOUND$"):
        await debited(driver, CALL, request_type="*dynaprepaid", debit=driver.debit)
    assert len(driver.asked) == 1


async def test_another_failure_makes_no_account() -> None:
    driver = Driver()

    async def refused() -> int:
        raise Wrong("NO")

    with pytest.raises(Wrong):
        await debited(driver, CALL, request_type="*dynaprepaid", debit=refused)
    assert driver.asked == []
