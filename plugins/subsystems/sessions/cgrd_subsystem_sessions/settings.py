"""What the section `sessions` says about every request, read when the configuration is read and not again with each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cgrd.component import INTERNAL
from cgrd.config import as_duration


class Settings(NamedTuple):
    """Durations in ns; a time-out's part is None where the section does not name it.

    Attributes:
        cdrs_are_remote, rals_are_remote: whether they may be in another daemon.
        default_usage: what is asked for where an event names no Usage, by its type of record, ns or units.
        time_outs: `session_ttl` and the like, by their keys.
    """

    alterable_fields: frozenset[str]
    cdrs_are_remote: bool
    rals_are_remote: bool
    store_session_costs: bool
    debit_interval: int
    default_usage: dict[str, int]
    lease: int
    time_outs: dict[str, int | None]


TIME_OUTS = ("session_ttl", "session_ttl_max_delay", "session_last_usage", "session_ttl_usage", "session_ttl_last_used")


def settings_of(config: Mapping[str, Any]) -> Settings:
    """The settings of a checked section.

    Raises:
        ConfigurationError: what should be a duration is none.
    """
    return Settings(
        alterable_fields=frozenset(config["alterable_fields"]),
        cdrs_are_remote=not set(config["cdrs_conns"]).issubset(INTERNAL),
        rals_are_remote=not set(config["rals_conns"]).issubset(INTERNAL),
        store_session_costs=config["store_session_costs"],
        debit_interval=as_duration(config["debit_interval"]),
        default_usage={kind: as_duration(usage) for kind, usage in config["default_usage"].items()},
        lease=as_duration(config["session_lease"]),
        time_outs={key: None if config[key] is None else as_duration(config[key]) for key in TIME_OUTS},
    )
