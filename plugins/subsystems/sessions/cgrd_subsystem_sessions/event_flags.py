"""Flags of the generic API: `*attributes:*ids:A&B` asks a stage, with options and their values; `*attributes:false` does not.

Source: spec/sessions.md §4.
"""

from __future__ import annotations

from collections.abc import Iterable

BLOCKER = "*blocker_error"
"""Errors of tolerant stages end the request."""


def asked_by(flags: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """What is asked: options with their values, by flag."""
    asked: dict[str, dict[str, list[str]]] = {}
    off: set[str] = set()
    for text in flags:
        name, *rest = text.split(":", 2)
        if rest == ["false"]:
            off.add(name)
            continue
        options = asked.setdefault(name, {})
        if rest and rest != ["true"]:
            values = [value for value in rest[1].split("&") if value] if len(rest) > 1 else []
            options.setdefault(rest[0], []).extend(values)
    return {name: options for name, options in asked.items() if name not in off}
