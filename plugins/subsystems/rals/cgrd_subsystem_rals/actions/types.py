"""The action types that come with RALs, by name."""

from __future__ import annotations

from cgrd_subsystem_rals.actions import balances, cdrlog, dialled, dynamic, exporting, flags, others, outside, refused, sessions, told
from cgrd_subsystem_rals.actions.doing import Run

_THEMES = (balances, flags, told, cdrlog, outside, sessions, others, exporting, dynamic, dialled, refused)


def built_in() -> dict[str, Run]:
    """Every type."""
    return {name: run for theme in _THEMES for name, run in theme.TYPES.items()}
