"""Actions that reach out of the daemon: HTTP, mail, other RPC services. They are done when the set is kept."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from functools import partial
from typing import Any

import msgspec
import trio

from cgrd import without_account
from cgrd.codec import decode, encode
from cgrd.durations import SECOND, parse_duration
from cgrd.errors import CgrdError, Unreachable, Wrong
from cgrd_subsystem_rals.accounts.purse import Purse
from cgrd_subsystem_rals.accounts.records import Account
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.actions.remote import call_other, filled_parameters


@without_account
def http_post(doing: Doing) -> None:
    """Post the account, or the event, as JSON."""
    doing.later(partial(_posted, doing, encode(doing.told())))


@without_account
def http_post_async(doing: Doing) -> None:
    """The same, and nobody waits for it."""
    doing.later(partial(_start, doing, encode(doing.told())))


@without_account
def post_event(doing: Doing) -> None:
    """Post the event as JSON."""
    doing.later(partial(_posted, doing, encode(dict(doing.event or {}))))


async def _start(doing: Doing, body: bytes) -> None:
    doing.services.background.start_soon(_post_logged, doing, body)


async def _post_logged(doing: Doing, body: bytes) -> None:
    try:
        await _post(doing, body)
    except CgrdError as error:
        doing.desk.services.log("rals").error("not posted", url=doing.action.ExtraParameters, error=str(error), explain=error.explain)


async def _posted(doing: Doing, body: bytes) -> None:
    await _post(doing, body)


async def _post(doing: Doing, body: bytes) -> bytes:
    """Send and give back the answer's body.

    Raises:
        Unreachable: it could not be sent, or the answer is no success.
    """
    url = doing.action.ExtraParameters
    import httpx  # a tenth of the start for those who never post

    try:
        async with httpx.AsyncClient(timeout=_timeout(doing)) as client:
            answer = await client.post(url, content=body, headers={"Content-Type": "application/json"})
            answer.raise_for_status()
            return answer.content
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"cannot post to {url}", explain=f"{type(error).__name__}: {error}") from error


def _timeout(doing: Doing) -> float:
    return parse_duration(str(doing.desk.services.config.general["reply_timeout"])) / SECOND


def remote_set_account(doing: Doing) -> None:
    """Post the account and keep what is answered in its place."""
    doing.later(partial(_replace, doing, encode(doing.account())))


async def _replace(doing: Doing, body: bytes) -> None:
    try:
        told: Account = decode(await _post(doing, body), Account)
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


@without_account
def mail_async(doing: Doing) -> None:
    """Mail the account, or the event, to the addresses of ExtraParameters."""
    addresses = [part for part in doing.action.ExtraParameters.replace(";", ",").split(",") if part]
    if not addresses:
        raise Wrong("*mail_async: no address", explain="ExtraParameters are mail addresses with , between")
    text = encode(doing.told()).decode()
    doing.later(partial(_mail, doing, addresses, text))


async def _mail(doing: Doing, addresses: list[str], text: str) -> None:
    settings = doing.desk.services.config.sections["mailer"]
    message = EmailMessage()
    message["From"], message["To"] = str(settings["from_address"]), ", ".join(addresses)
    message["Subject"] = f"[CGR Notification] Threshold hit on Balance: {doing.key or doing.action.Id}"
    message.set_content(f"Time: {doing.at}\nActions: {doing.action.Id}\n\n{text}\n")
    doing.services.background.start_soon(_mailed, doing, settings, message)


async def _mailed(doing: Doing, settings: dict[str, Any], message: EmailMessage) -> None:
    try:
        await trio.to_thread.run_sync(_deliver, settings, message, abandon_on_cancel=True)
    except (OSError, smtplib.SMTPException) as error:
        doing.desk.services.log("rals").error("mail not sent", to=message["To"], error=f"{type(error).__name__}: {error}")


def _deliver(settings: dict[str, Any], message: EmailMessage) -> None:
    host, _, port = str(settings["server"]).partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=30) as server:
        if settings.get("auth_user"):
            server.login(str(settings["auth_user"]), str(settings["auth_password"]))
        server.send_message(message)


@without_account
def cgr_rpc(doing: Doing) -> None:
    """Call a method of another service."""
    doing.later(partial(call_other, doing, filled_parameters(doing)))


TYPES: dict[str, Run] = {
    "*http_post": http_post,
    "*http_post_async": http_post_async,
    "*post_event": post_event,
    "*remote_set_account": remote_set_account,
    "*mail_async": mail_async,
    "*cgr_rpc": cgr_rpc,
}
