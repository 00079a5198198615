"""Durations and sizes as configurations write them."""

from __future__ import annotations

import re
from typing import Any

from cgrd.durations import parse_duration
from cgrd.errors import ConfigurationError, Wrong

_SIZE = re.compile(r"\s*(\d{1,15})(?:\.(\d{1,9}))?\s*([kmgt]?)(i?)b?\s*\Z", re.IGNORECASE | re.ASCII)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def as_duration(value: Any) -> int:
    """Nanoseconds of a configured duration: "1m30s", a number of nanoseconds as text or integer; "" and None are 0.

    Raises:
        ConfigurationError: no duration.
    """
    if value is None or value == "":
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63:
        return value
    if not isinstance(value, str):
        raise ConfigurationError(f'wanted a duration such as "10s", found {value!r}')
    try:
        return parse_duration(value)
    except Wrong as error:
        raise ConfigurationError(f'wanted a duration such as "10s": {error}') from error


def as_bytes(value: Any) -> int:
    """Octets of "1GB", "16MiB", "4096" or 4096; every prefix counts by 1024, as the reference does.

    Raises:
        ConfigurationError: no size.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.match(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigurationError(f'wanted a size such as "16MiB", found {value!r}')
    whole, fraction, prefix, _ = found.groups()
    digits = fraction or ""
    factor: int = 1024 ** _POWER[prefix.lower()]
    return int(whole + digits) * factor // int(10 ** len(digits))
