"""Actions that post by HTTP.

Source: spec/tariffplans.md (action types).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import msgspec
import trio

from cgrd import without_account
from cgrd.codec import decode, encode
from cgrd.errors import Unreachable, Wrong
from cgrd_subsystem_rals.accounts.purse import Purse
from cgrd_subsystem_rals.accounts.records import Account
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.effects import Effect, Refused

POST: Final = "*http_post"
NOWHERE: Final = "*none"
MAY_PASS: Final = (408, 425, 429)
"""Statuses that blame the client and tell it to come again (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4)."""


@without_account
def http_post(doing: Doing) -> None:
    """Post the account, or the event where there is no account, as JSON to a web server; a set that is executed by hand waits for its answer.

    ExtraParameters: the URL.
    """
    _post(doing, doing.told(), waited=True)


@without_account
def http_post_async(doing: Doing) -> None:
    """Post as `*http_post` does, and nobody waits for the answer.

    ExtraParameters: the URL.
    """
    _post(doing, doing.told(), waited=False)


@without_account
def post_event(doing: Doing) -> None:
    """Post the event that set the actions off as JSON.

    ExtraParameters: the URL.
    """
    _post(doing, dict(doing.event or {}), waited=True)


def _post(doing: Doing, body: Any, *, waited: bool) -> None:
    failed_posts = doing.desk.services.config.sections.get("ees", {}).get("failed_posts") or {}
    # Where failed posts are kept, one that fails is no failure yet.
    doing.send(POST, doing.action.ExtraParameters, body, waited=waited, told=failed_posts.get("dir") == NOWHERE)


async def post(desk: Desk, ordered: Effect) -> None:
    """Sender: an HTTP POST.

    Raises:
        Unreachable: it could not be sent, or the receiver has trouble.
        Refused: the receiver does not want it.
    """
    await posted(desk, ordered.to, bytes(ordered.body), id=ordered.id)


async def posted(desk: Desk, url: str, body: bytes, *, id: str = "") -> bytes:
    """Send JSON and give back the answer's body.

    Raises:
        Unreachable: it could not be sent, or the receiver has trouble.
        Refused: the receiver does not want it.
    """
    import httpx  # a tenth of the start for those who never post

    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": id} if id else {})
    try:
        # A receiver that trickles its answer must not be waited for without end.
        with trio.fail_after(desk.reply_timeout):
            async with httpx.AsyncClient(timeout=None, verify=url.startswith("https:")) as client:
                answer = await client.post(url, content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, trio.TooSlowError) as error:
        raise Unreachable(f"cannot post to {url}", explain=f"{type(error).__name__}: {error}") from error
    if answer.is_success:
        return answer.content
    trouble = Refused if answer.is_client_error and answer.status_code not in MAY_PASS else Unreachable
    raise trouble(f"cannot post to {url}", explain=f"HTTP status {answer.status_code}: {answer.text[:200].strip()}")


def remote_set_account(doing: Doing) -> None:
    """Post the account as JSON and keep the account that is answered in its place.

    ExtraParameters: the URL.
    """
    doing.later(partial(_replace, doing, encode(doing.account())))


async def _replace(doing: Doing, body: bytes) -> None:
    try:
        told: Account = decode(await posted(doing.desk, doing.action.ExtraParameters, body), Account)
    except msgspec.DecodeError as error:
        raise Wrong(f"{doing.action.ExtraParameters} answered no account: {error}") from error
    work = doing.desk.work(f"{doing.work.cause.why} *remote_set_account")
    purse = doing.work.owner.get(doing.key)
    work.take(replaced(Purse(purse or Account(ID=doing.key), doing.work.owner.bank), told))
    doing.desk.keep(work)


def replaced(purse: Purse, told: Account) -> Purse:
    """A purse in which the account is as told; what its balances held and hold now is in its changes."""
    purse.empty()
    own = purse.own
    own.AllowNegative, own.Disabled = told.AllowNegative, told.Disabled
    own.ActionTriggers, own.UnitCounters = told.ActionTriggers, told.UnitCounters
    for kind, balances in (told.BalanceMap or {}).items():
        for balance in balances or ():
            purse.adopt(kind, balance)
    return purse


TYPES: dict[str, Run] = {
    "*http_post": http_post,
    "*http_post_async": http_post_async,
    "*post_event": post_event,
    "*remote_set_account": remote_set_account,
}
