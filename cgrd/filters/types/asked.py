"""Where answers of services lie while an event is evaluated."""

from __future__ import annotations

from typing import Final

ASKED: Final = "*asked"
"""The root that keeps what services answered; no rule can name it."""
Question = tuple[str, str]
"""What makes two questions the same: the rule's type and its element or number."""
