"""The mark of a field that is not there, which is something else than an empty one."""

from __future__ import annotations

import enum
from typing import Final


class Missing(enum.Enum):
    """One value, so that `is MISSING` is cheap and types are narrowed by it."""

    MISSING = "missing"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING
"""Nothing is at the path that was read."""
