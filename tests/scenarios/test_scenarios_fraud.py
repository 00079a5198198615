"""Somebody has an account's password: calls that cost, last or pile up set off a threshold, which ends them, locks the account and tells people.

Who is told: the log, a web server and a mail server, both on real sockets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
import structlog
import trio

from cgrd.durations import HOUR, SECOND
from cgrd.errors import CgrdError
from cgrd.testing import MailReceiver, WebReceiver, mail_receiver, web_receiver

HERE = ["*internal"]
WATCHED: dict[str, Any] = {
    "thresholds": {"enabled": True, "apiers_conns": HERE},
    "resources": {"enabled": True},
    "cdrs": {"thresholds_conns": HERE},
    "rals": {"sessions_conns": HERE},
    "schedulers": {"enabled": True},
    "filters": {"resources_conns": HERE},
    "sessions": {"resources_conns": HERE, "thresholds_conns": HERE},
}


class Desk(NamedTuple):
    """Who is told of fraud."""

    web: WebReceiver
    mail: MailReceiver

    @property
    def sections(self) -> dict[str, Any]:
        """The daemon that watches, with this desk's mail server."""
        return {**WATCHED, "mailer": {"server": self.mail.address, "from_address": "cgrd@example.org"}}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with web_receiver() as web, mail_receiver() as mail:
        yield Desk(web, mail)


async def watch(office: Any, desk: Desk, *, filters: list[str], hits: int = 1) -> None:
    """A threshold whose actions end the sessions of 1001, disable the account of the event, and tell everybody."""
    actions = [
        {"Identifier": "*force_disconnect_sessions", "ExtraParameters": "cgrates.org;*string:~*req.Account:1001;;;", "Weight": 50},
        {"Identifier": "*disable_account", "Weight": 40},
        {"Identifier": "*http_post", "ExtraParameters": f"{desk.web.url}/fraud", "Weight": 30},
        {"Identifier": "*mail_async", "ExtraParameters": "fraud@example.org", "Weight": 20},
        {"Identifier": "*log", "Weight": 10},
    ]
    await office.ask("APIerSv2.SetActions", ActionsId="FRAUD", Actions=actions)
    profile = {"Tenant": "cgrates.org", "ID": "FRAUD", "FilterIDs": filters, "MinHits": hits, "MaxHits": hits, "ActionIDs": ["FRAUD"]}
    await office.ask("APIerSv1.SetThresholdProfile", **profile)
    await office.account("1001", cash="100")
    await office.account("1003", cash="100")


async def assert_locked(office: Any, desk: Desk, *calls: Any) -> None:
    """The account's calls are cut, new ones refused; another account's go on; web and mail server were told once, of the disabled account."""
    await desk.web.until(lambda: desk.web.posts)
    await desk.mail.until(lambda: desk.mail.letters)
    await _settled(office)
    for call in calls:
        # A debit that falls between the two, when the account is disabled and the call not ended yet, is refused and cuts the call as well.
        assert "FORCED_DISCONNECT" in call.cut
    assert (await office.ask("APIerSv2.GetAccount", Tenant="cgrates.org", Account="1001"))["Disabled"]
    with pytest.raises(CgrdError, match="ACCOUNT_DISABLED"):
        await office.call("later").authorize()
    assert await office.call("other", account="1003").authorize() > 0
    ((path, posted),) = desk.web.posts
    assert (path, posted["ID"], posted["Disabled"]) == ("/fraud", "cgrates.org:1001", True)
    (letter,) = desk.mail.letters
    assert (letter["From"], letter["To"]) == ("cgrd@example.org", "fraud@example.org")
    assert "cgrates.org:1001" in letter["Subject"]
    assert "Actions: FRAUD" in letter.get_payload()
    assert '"Disabled":true' in letter.get_payload()
    assert await office.proved()


async def _settled(office: Any) -> None:
    """Nothing waits in the outbox any more."""
    with trio.fail_after(10):
        while office.kernel.store.outbox.backlog():
            await trio.lowlevel.checkpoint()
    await office.clock.advance(0)


def logged(logs: list[Any]) -> list[Any]:
    """What *log has written of the account."""
    return [line for line in logs if line["event"] == "*log" and "1001" in line["account"]]


async def test_a_call_that_costs_too_much_locks_the_account(office_at: Callable[..., Any], desk: Desk) -> None:
    async with office_at(**desk.sections) as office:
        await watch(office, desk, filters=["*string:~*opts.*eventType:CDR", "*gt:~*req.Cost:10"])
        running, cheap, costly = office.call("running"), office.call("cheap"), office.call("costly", destination="0900123")
        for call in (running, cheap, costly):
            await call.start()
        await office.clock.advance(9 * SECOND)
        await cheap.end()
        assert not running.cut
        assert not desk.web.posts
        await office.clock.advance(2 * SECOND)
        with structlog.testing.capture_logs() as logs:
            await costly.end()
            await assert_locked(office, desk, running)
        assert len(logged(logs)) == 1


async def test_the_third_long_call_locks_the_account(office_at: Callable[..., Any], desk: Desk) -> None:
    async with office_at(**desk.sections) as office:
        await watch(office, desk, filters=["*string:~*opts.*eventType:CDR", "*string:~*req.Account:1001", "*gt:~*req.Usage:60s"], hits=3)
        running = office.call("running")
        await running.start()
        with structlog.testing.capture_logs() as logs:
            for number in range(3):
                assert not running.cut
                assert not desk.web.posts
                long = office.call(f"long{number}")
                await long.start()
                await office.clock.advance(61 * SECOND)
                await long.end()
            await assert_locked(office, desk, running)
        assert len(logged(logs)) == 1


async def test_too_many_calls_at_a_time_lock_the_account(office_at: Callable[..., Any], desk: Desk) -> None:
    """A ResourceUpdate names no account, so it is the call's own event that is looked at: it names the account, and with it the resource."""
    async with office_at(**desk.sections) as office:
        lines = {"FilterIDs": ["*string:~*req.Account:1001"], "UsageTTL": HOUR, "Limit": 10}
        await office.ask("APIerSv1.SetResourceProfile", Tenant="cgrates.org", ID="LINES_1001", **lines)
        # A profile is found by a filter that is indexed; the comparison alone would never be asked.
        await watch(office, desk, filters=["*string:~*req.ToR:*voice", "*gte:~*resources.LINES_<~*req.Account>.TotalUsage:4"])
        other = office.call("elsewhere", account="1003")
        await other.start(ProcessThresholds=True)
        calls = [office.call(f"c{number}") for number in range(4)]
        with structlog.testing.capture_logs() as logs:
            for call in calls:
                assert not desk.web.posts
                await call.start(AllocateResources=True, ProcessThresholds=True)
            await assert_locked(office, desk, *calls)
        assert len(logged(logs)) == 1
        assert not other.cut
        assert await office.sessions() == 1
