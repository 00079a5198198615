"""The action types that come with RALs, by name, and how what they order is sent."""

from __future__ import annotations

from cgrd_subsystem_rals.actions import balances, cdrlog, dialled, dynamic, exporting, flags, mailing, others, outside, refused, remote, sessions, told
from cgrd_subsystem_rals.actions.doing import ASK, Run, ask
from cgrd_subsystem_rals.effects import Sender

_THEMES = (balances, flags, told, cdrlog, outside, mailing, remote, sessions, others, exporting, dynamic, dialled, refused)


def built_in() -> dict[str, Run]:
    """Every type."""
    return {name: run for theme in _THEMES for name, run in theme.TYPES.items()}


SENDERS: dict[str, Sender] = {ASK: ask, outside.POST: outside.post, mailing.MAIL: mailing.mail, remote.CALL: remote.call}
"""By kind of effect."""
