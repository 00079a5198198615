"""What filter rules need from outside the event: the clock, destinations, timings, other subsystems, the web."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, tzinfo
from typing import Any, Protocol

from cgrd.clock import SystemClock
from cgrd.fields.asked import NoWeb, Web
from cgrd.fields.paths import Resolver
from cgrd.instants import Instant


class Timing(Protocol):
    """A named set of times."""

    def contains(self, moment: Instant) -> bool:
        """Whether the moment lies in it."""


class FilterContext:
    """The outside of the filter language, given once when the kernel is built.

    Args:
        now: the present moment (activation intervals of filters).
        zone: of times that name none (`general.default_timezone`).
        destinations: number → ids of the destinations that hold one of its prefixes.
        timing: id → the timing, None when there is none by that name.
        resolvers: prefix ("*accounts", "*resources", "*stats", "*trends", "*rankings") → asks its subsystem.
        web: the HTTP client of `*http`, `*apiban`, `*sentrypeer`.
        services: what those need to know: "apiban_keys", "sentrypeer_token" (a text, or an async function that gives it),
            "sentrypeer_numbers_url", "sentrypeer_ips_url".
    """

    def __init__(
        self,
        *,
        now: Callable[[], Instant] | None = None,
        zone: tzinfo = UTC,
        destinations: Callable[[str], Collection[str]] = lambda number: (),
        timing: Callable[[str], Timing | None] = lambda name: None,
        resolvers: Mapping[str, Resolver] | None = None,
        web: Web | None = None,
        services: Mapping[str, Any] | None = None,
    ) -> None:
        self.now = now or SystemClock(zone).now
        self.zone = zone
        self.destinations = destinations
        self.timing = timing
        self.resolvers = dict(resolvers or {})
        self.web: Web = web or NoWeb()
        self.services = dict(services or {})
