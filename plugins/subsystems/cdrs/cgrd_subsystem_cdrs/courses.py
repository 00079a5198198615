"""What an event goes through, resolved once for each set of flags: which stages, in which of the three parts, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cgrd import Component, Stage
from cgrd.fields import Flags
from cgrd.flows import Options, concerned
from cgrd.options import FALSE_UNLESS_SAID, read_flag
from cgrd_subsystem_cdrs.records import Defaults

EDGES: Final = {"*attributes": "attributes", "*chargers": "chargers", "*rals": "rals", "*export": "ees", "*thresholds": "thresholds", "*stats": "stats"}

MOST_COURSES: Final = 1_000

_OPTIONS: Final = {
    "*attributeS": "*attributes", "*chargerS": "*chargers", "*ralS": "*rals", "*thresholdS": "*thresholds", "*statS": "*stats",
    "*rerate": "*rerate", "*refund": "*refund",
}  # fmt: skip

Said = tuple[tuple[str, bool], ...]


class Course(NamedTuple):
    """What is asked, by flag, and the stages that comes to: before the charge; the charge and its record; and after it.

    The charge and its record are one transaction. An export goes into the outbox without a wait, so into the same group: it is kept with the
    charge or not at all. One that does wait (a synchronous exporter, EEs in another daemon) must not hold up everybody's commits, so it is
    not part of the transaction.
    """

    asked: Mapping[str, Options]
    before: Sequence[Stage]
    charge: Sequence[Stage]
    after: Sequence[Stage]


class Courses:
    """The courses of one configuration.

    Args:
        driver: CDRs, whose edges are used.
        stages: the flow `cdr`.
    """

    def __init__(self, driver: Component, stages: Sequence[Stage]) -> None:
        known = driver.services
        self.driver = driver
        self.config = driver.config
        self.stages = stages
        self.defaults = Defaults(tenant=known.default_tenant, category=known.default_category, request_type=known.default_request_type, zone=known.zone)
        self.rals_are_remote = driver.is_remote("rals")
        self._configured = {flag: driver.linked(edge) for flag, edge in EDGES.items()} | {"*store": bool(self.config["store_cdrs"])}
        self._find = lru_cache(MOST_COURSES)(self._make)

    def find(self, flags: Sequence[str], options: Mapping[str, Any]) -> Course:
        """The course of an event under these flags, that came with these options."""
        said: Said = ()
        if options:
            said = tuple([(flag, read_flag(options[name], dialect=FALSE_UNLESS_SAID)) for name, flag in _OPTIONS.items() if name in options])
        return self._find(tuple(flags), said)

    def _make(self, flags: tuple[str, ...], said: Said) -> Course:
        asked = self._asked(flags, said)
        names = [made.called for made in self.stages]
        begin, end = names.index("*unique"), names.index("*store") + 1
        parts = (self.stages[:begin], self.stages[begin:end], self.stages[end:])
        return Course(asked, *(concerned(part, asked, self.driver) for part in parts))

    def _asked(self, flags: tuple[str, ...], said: Said) -> dict[str, Options]:
        given = Flags(flags)
        wanted = {**self._configured, **dict(said), **{name: given.is_on(name) for name in given}}
        if wanted.get("*rerate"):
            wanted["*rals"] = True
        elif wanted.get("*refund"):
            wanted["*rals"] = False
        return {flag: {} for flag, on in wanted.items() if on}
