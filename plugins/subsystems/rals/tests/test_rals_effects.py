"""What actions send: kept with the change, delivered at least once when it is committed, never before, and given up where nobody takes it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from cgrd.durations import HOUR, SECOND
from cgrd.errors import CgrdError, PartiallyExecuted, StoreError
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import Disk, VirtualClock, call, kernel_in_memory, mail_receiver, store_on, web_receiver

SECTIONS: dict[str, dict[str, Any]] = {"rals": {"enabled": True}, "apiers": {"enabled": True}, "schedulers": {"enabled": True}}
FAR = "far"
GIFT = {"Identifier": "*topup", "BalanceType": "*monetary", "BalanceId": "gift", "Units": "3", "Weight": 50}


async def execute(kernel: Kernel, *actions: dict[str, Any], id: str = FAR) -> str:
    """Carry out actions on account 1001."""
    await call(kernel, "APIerSv2.SetActions", ActionsId=id, Actions=actions, Overwrite=True)
    return str(await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId=id))


def post(url: str, *, kind: str = "*http_post_async") -> dict[str, Any]:
    """A row that posts."""
    return {"Identifier": kind, "ExtraParameters": url, "Weight": 20}


def rpc(address: str, **more: Any) -> dict[str, Any]:
    """A row that calls."""
    asked = {"Address": address, "Transport": "*http_jsonrpc", "Method": "X.Y", "Params": {"A": "<<.Account.ID>>"}, **more}
    return {"Identifier": "*cgr_rpc", "ExtraParameters": json.dumps(asked), "Weight": 20}


def dead(kernel: Kernel) -> list[str]:
    """Why each record that was given up was."""
    return [record.error for record in kernel.store.outbox.dead("*actions")]


async def delivered(kernel: Kernel) -> None:
    """Return when nothing waits any more."""
    with trio.fail_after(10):
        while (found := kernel.store.outbox.backlog().get("*actions")) is not None and found.waiting:
            await trio.lowlevel.checkpoint()


async def failed(kernel: Kernel, attempts: int) -> None:
    """Return when something has been tried so often in vain."""
    with trio.fail_after(10):
        while not any(record.attempts >= attempts for record in (*kernel.store.outbox.dead("*actions"), *_all(kernel))):
            await trio.lowlevel.checkpoint()


def _all(kernel: Kernel) -> Sequence[Any]:
    return kernel.store.driver.waiting("*actions", due_ns=1 << 62, limit=100, delivered=[], failed=[])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["*http_post", "*http_post_async"])
async def test_the_account_as_it_has_become_is_posted(kind: str) -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        assert await execute(kernel, GIFT, post(f"{web.url}/hook", kind=kind)) == "OK"
        await web.until(lambda: web.posts)
        path, told = web.posts[0]
        assert (path, told["ID"]) == ("/hook", "cgrates.org:1001")
        assert told["BalanceMap"]["*monetary"][0]["Value"] == 3
        await delivered(kernel)
        assert not kernel.store.outbox.backlog()


async def test_who_waits_is_answered_when_it_was_posted() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        await execute(kernel, GIFT, post(web.url, kind="*http_post"))
        assert len(web.posts) == 1


async def test_a_receiver_that_is_down_is_told_later() -> None:
    clock = VirtualClock()
    async with web_receiver() as web, kernel_in_memory(SECTIONS, clock=clock) as kernel:
        web.status = 503
        assert await execute(kernel, GIFT, post(web.url, kind="*http_post")) == "OK"
        assert len(web.posts) == 1
        web.status = 200
        await clock.advance(SECOND)
        await web.until(lambda: len(web.posts) == 2)
        assert web.posts[0] == web.posts[1]
        assert web.keys[0] == web.keys[1] != ""
        await delivered(kernel)
        assert not kernel.store.outbox.backlog()


async def test_what_nobody_takes_is_given_up_after_poster_attempts_and_can_be_sent_again() -> None:
    clock = VirtualClock()
    sections = {**SECTIONS, "general": {"poster_attempts": 3}}
    async with web_receiver() as web, kernel_in_memory(sections, clock=clock) as kernel:
        web.status = 500
        with structlog.testing.capture_logs() as logs:
            await execute(kernel, post(web.url))
            for attempt in range(1, 4):
                await failed(kernel, attempt)
                await clock.advance(attempt * SECOND)
        assert len(web.posts) == 3
        assert "HTTP status 500" in dead(kernel)[0]
        assert [line for line in logs if line["event"].startswith("effect of actions given up") and line["to"] == web.url]
        await clock.advance(HOUR)
        assert len(web.posts) == 3
        (told,) = await call(kernel, "APIerSv1.GetFailedPosts", Modules=["*actions"])
        assert (told["Module"], told["Attempts"], told["Time"]) == ("*actions", 3, "2026-01-31T08:00:00Z")
        assert web.url in told["Payload"]
        assert await call(kernel, "APIerSv1.GetFailedPosts", Modules=["CSV"]) == []
        web.status = 200
        with pytest.raises(CgrdError, match="nobody is meant"):
            await call(kernel, "APIerSv1.ReplayFailedPosts", Modules=["CSV"])
        assert len(dead(kernel)) == 1
        assert await call(kernel, "APIerSv1.ReplayFailedPosts") == "OK"
        await web.until(lambda: len(web.posts) == 4)
        await delivered(kernel)
        assert not kernel.store.outbox.backlog()


async def test_what_the_receiver_does_not_want_is_given_up_at_once() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        web.status = 404
        await execute(kernel, post(web.url))
        await failed(kernel, 1)
        assert len(dead(kernel)) == 1


async def test_where_failed_posts_are_not_kept_who_waits_is_told() -> None:
    sections = {**SECTIONS, "ees": {"failed_posts": {"dir": "*none"}}}
    async with kernel_in_memory(sections) as kernel:
        with pytest.raises(PartiallyExecuted, match="PARTIALLY_EXECUTED") as told:
            await execute(kernel, GIFT, post("http://127.0.0.1:1/nobody", kind="*http_post"))
        assert "cannot post to http://127.0.0.1:1/nobody" in told.value.explain
        assert await execute(kernel, post("http://127.0.0.1:1/nobody"), id="ASYNC") == "OK"


async def test_a_restart_between_the_change_and_the_delivery_loses_nothing(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with web_receiver() as web:
        web.silent = True
        async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "s.db", clock=clock)) as kernel:
            await execute(kernel, GIFT, post(web.url))
            await web.until(lambda: len(web.posts) == 1)
        web.silent = False
        async with kernel_in_memory(SECTIONS, clock=clock, store=SqliteStore.open(tmp_path / "s.db", clock=clock)) as kernel:
            await web.until(lambda: len(web.posts) == 2)
            await delivered(kernel)
            assert web.keys[0] == web.keys[1]


async def test_a_set_that_fails_sends_nothing() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(PartiallyExecuted):
            await execute(kernel, GIFT, post(web.url), {"Identifier": "*nosuch", "Weight": 10})
        assert not kernel.store.outbox.backlog()
        await execute(kernel, post(f"{web.url}/after"), id="AFTER")
        await web.until(lambda: web.posts)
        assert [path for path, _ in web.posts] == ["/after"]


async def test_what_a_transaction_orders_is_not_sent_before_it_ends() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId=FAR, Actions=[GIFT, post(web.url, kind="*http_post")])
        with kernel.store.transaction(why="test"):
            await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId=FAR)
            await trio.testing.wait_all_tasks_blocked()
            assert not web.posts
            assert not kernel.store.outbox.backlog()
        await web.until(lambda: web.posts)


async def test_what_a_transaction_orders_that_is_dropped_is_never_sent() -> None:
    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId=FAR, Actions=[GIFT, post(web.url, kind="*http_post")])
        with contextlib.suppress(ValueError), kernel.store.transaction(why="test"):
            await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId=FAR)
            raise ValueError("the rest fails")
        await execute(kernel, post(f"{web.url}/after"), id="AFTER")
        await web.until(lambda: web.posts)
        assert [path for path, _ in web.posts] == ["/after"]
        await delivered(kernel)
        assert not kernel.store.outbox.backlog()


@pytest.mark.parametrize("kind", ["*http_post", "*http_post_async"])
async def test_what_could_not_be_committed_is_not_sent(kind: str) -> None:
    clock = VirtualClock()
    disk = Disk()
    async with web_receiver() as web, kernel_in_memory(SECTIONS, clock=clock, store=store_on(disk, clock=clock)) as kernel:
        await call(kernel, "APIerSv2.SetActions", ActionsId=FAR, Actions=[GIFT, post(web.url, kind=kind)])
        disk.broken = "disk I/O error"
        with pytest.raises(StoreError):
            await call(kernel, "APIerSv1.ExecuteAction", Account="1001", ActionsId=FAR)
        disk.broken = ""
        await execute(kernel, post(f"{web.url}/after"), id="AFTER")
        await web.until(lambda: web.posts)
        assert [path for path, _ in web.posts] == ["/after"]


async def test_a_slow_receiver_holds_up_nobody_else() -> None:
    async with web_receiver() as slow, web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        slow.silent = True
        await execute(kernel, post(slow.url))
        await slow.until(lambda: slow.posts)
        await execute(kernel, post(web.url), id="OTHER")
        await web.until(lambda: web.posts)


async def test_mail_is_sent_and_sent_again_when_the_server_says_so() -> None:
    clock = VirtualClock()
    async with mail_receiver() as mail:
        sections = {**SECTIONS, "mailer": {"server": mail.address, "from_address": "cgrd@example.org"}}
        async with kernel_in_memory(sections, clock=clock) as kernel:
            mail.refuses = True
            await execute(kernel, GIFT, {"Identifier": "*mail_async", "ExtraParameters": "a@example.org,b@example.org", "Weight": 20})
            await failed(kernel, 1)
            mail.refuses = False
            await clock.advance(SECOND)
            await mail.until(lambda: mail.letters)
            letter = mail.letters[0]
            assert (letter["From"], letter["To"]) == ("cgrd@example.org", "a@example.org, b@example.org")
            assert '"ID":"cgrates.org:1001"' in letter.get_payload()
            await delivered(kernel)
            assert not kernel.store.outbox.backlog()


async def test_a_call_that_nobody_waits_for_is_made_again_until_it_is_answered() -> None:
    clock = VirtualClock()
    async with kernel_in_memory(SECTIONS, clock=clock) as kernel:
        assert await execute(kernel, GIFT, rpc("http://127.0.0.1:1/jsonrpc", Async=True)) == "OK"
        await failed(kernel, 1)
        assert not dead(kernel)
        await clock.advance(SECOND)
        await failed(kernel, 2)
        assert kernel.store.outbox.backlog()["*actions"].waiting == 1


async def test_who_waits_for_a_call_is_told_that_it_failed_and_it_is_not_made_again() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(PartiallyExecuted) as told:
            await execute(kernel, GIFT, rpc("http://127.0.0.1:1/jsonrpc"))
        assert "DISCONNECTED" in told.value.explain
        assert len(dead(kernel)) == 1


async def test_a_call_that_is_refused_is_not_made_again() -> None:
    async with kernel_in_memory(SECTIONS) as kernel:
        await execute(kernel, GIFT, rpc("*internal", Method="APIerSv1.GetNothing", Async=True))
        await failed(kernel, 1)
        assert "rpc: can't find method" in dead(kernel)[0]


async def test_what_an_unknown_version_left_is_put_aside() -> None:
    from cgrd.store import OutboxRecord

    async with web_receiver() as web, kernel_in_memory(SECTIONS) as kernel:
        with kernel.store.transaction(why="test") as tx:
            tx.export(OutboxRecord(exporter="*actions", payload=b'{"kind":7}'))
            tx.export(OutboxRecord(exporter="*actions", payload=b"\xff"))
        await execute(kernel, post(web.url))
        await web.until(lambda: web.posts)
        assert len(dead(kernel)) == 2


async def test_actions_that_execute_themselves_end_at_once() -> None:
    again = rpc("*internal", Method="APIerSv1.ExecuteAction", Params={"Account": "1001", "ActionsId": FAR})
    async with kernel_in_memory(SECTIONS) as kernel:
        with pytest.raises(PartiallyExecuted) as told:
            await execute(kernel, {**GIFT, "Units": "1"}, again)
        assert "CIRCULAR_CALL" in told.value.explain
        account = await call(kernel, "APIerSv2.GetAccount", Account="1001")
        assert account["BalanceMap"]["*monetary"][0]["Value"] == 17  # every one of the 16 calls, and the first


async def test_actions_that_execute_themselves_without_waiting_end_too() -> None:
    again = rpc("*internal", Method="APIerSv1.ExecuteAction", Params={"Account": "1001", "ActionsId": FAR}, Async=True)
    async with kernel_in_memory(SECTIONS) as kernel:
        assert await execute(kernel, {**GIFT, "Units": "1"}, again) == "OK"
        await delivered(kernel)
        assert [error.split()[0] for error in dead(kernel)] == ["CIRCULAR_CALL"]


async def test_actions_that_call_the_daemons_own_socket_end_at_once() -> None:
    async with web_receiver() as free:
        port = free.port
    sections = {**SECTIONS, "listen": {"rpc_json": f"127.0.0.1:{port}"}, "general": {"reply_timeout": "1m"}}
    params = {"Account": "1001", "ActionsId": FAR}
    again = rpc(f"127.0.0.1:{port}", Transport="*json", Method="APIerSv1.ExecuteAction", Params=params)
    async with kernel_in_memory(sections) as kernel:
        with structlog.testing.capture_logs() as logs, pytest.raises(CgrdError, match="PARTIALLY_EXECUTED"):
            await execute(kernel, {**GIFT, "Units": "1"}, again)
        assert [line for line in logs if "CIRCULAR_CALL" in str(line.get("error"))]
        assert (await call(kernel, "APIerSv2.GetAccount", Account="1001"))["BalanceMap"]["*monetary"][0]["Value"] == 17
