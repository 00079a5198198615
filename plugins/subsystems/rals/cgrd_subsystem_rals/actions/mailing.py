"""*mail_async: mail to people.

Source: spec/tariffplans.md (action types); RFC 5321 §4.2.1 for what a server's answer means.
"""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any, Final

import trio

from cgrd import without_account
from cgrd.codec import decode, encode
from cgrd.errors import Unreachable, Wrong
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.effects import PATIENT, Effect, Refused

MAIL: Final = "*mail"
FOR_GOOD: Final = 500


@without_account
def mail_async(doing: Doing) -> None:
    """Mail the account, or the event, over the server of section `mailer`.

    ExtraParameters: the addresses, `,` between.
    """
    addresses = [part.strip() for part in doing.action.ExtraParameters.replace(";", ",").split(",") if part.strip()]
    if not addresses:
        raise Wrong("*mail_async: no address", explain="ExtraParameters are mail addresses with , between")
    subject = f"[CGR Notification] Threshold hit on Balance: {doing.key or doing.action.Id}"
    text = f"Time: {doing.at}\nActions: {doing.action.Id}\n\n{encode(doing.told()).decode()}\n"
    # A server that puts off strangers wants to be asked again after minutes (RFC 5321 §4.5.4.1).
    doing.send(MAIL, ", ".join(addresses), {"Subject": subject, "Text": text}, attempts=PATIENT)


async def mail(desk: Desk, ordered: Effect) -> None:
    """Sender: a mail, over the server of section `mailer`.

    Raises:
        Unreachable: the server cannot be reached, or says to come again.
        Refused: it does not take the mail.
    """
    settings = desk.services.config.sections["mailer"]
    message = _message(str(settings["from_address"]), ordered)
    try:
        refused = await trio.to_thread.run_sync(_deliver, settings, message, abandon_on_cancel=True)
    except (OSError, smtplib.SMTPException) as error:
        kind = Refused if _is_for_good(error) else Unreachable
        raise kind(f"mail to {ordered.to} not sent", explain=f"{type(error).__name__}: {error}") from error
    if refused:
        desk.services.log("rals").error("mail not taken for all", about=ordered.about, refused=[f"{who}: {why}" for who, why in refused.items()])


def _message(sender: str, ordered: Effect) -> EmailMessage:
    told = decode(ordered.body)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ordered.to, told["Subject"]
    message["Message-ID"] = f"<{ordered.id}@{sender.rpartition('@')[2] or 'localhost'}>"
    message.set_content(told["Text"])
    return message


def _is_for_good(error: Exception) -> bool:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= FOR_GOOD for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= FOR_GOOD


def _deliver(settings: dict[str, Any], message: EmailMessage) -> dict[str, tuple[int, bytes]]:
    host, _, port = str(settings["server"]).partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=30) as server:
        if settings.get("auth_user"):
            server.login(str(settings["auth_user"]), str(settings["auth_password"]))
        return server.send_message(message)


TYPES: dict[str, Run] = {"*mail_async": mail_async}
