"""Put a daemon together from a checked configuration: components, methods, flows; nothing is started and nothing is changed.

A reload assembles a whole new house beside the running one and swaps; when anything here raises, the old one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cgrd.component import Component, Served, served_as
from cgrd.errors import ConfigurationError, PluginError
from cgrd.event import CGREvent
from cgrd.flows import FLOWS, Stage, ordered
from cgrd.graph import Graph
from cgrd.profiles.watching import Watches
from cgrd.services import Services


@dataclass
class House:
    """What stands after assembly: the components by section, and the services they were given."""

    services: Services
    components: dict[str, Component] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.services.graph


def flows_of(stages: Iterable[Stage]) -> dict[str, tuple[Stage, ...]]:
    """Every flow's stages in order.

    Raises:
        ConfigurationError: stages contradict one another.
    """
    given = list(stages)
    return {name: ordered(name, given) for name in FLOWS}


def enabled(component: type[Component], sections: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the configuration wants this component to run."""
    section = sections.get(component.section)
    return section is not None and bool(section.get("enabled", True))


def build(
    classes: Iterable[type[Component]],
    services: Services,
    *,
    running: Mapping[str, Component] | None = None,
    left_out: Callable[[PluginError], object] | None = None,
) -> dict[str, Component]:
    """Build every enabled component; those of `running` whose class stays are kept as they are.

    Args:
        classes: the components there are.
        services: what they are given.
        running: the components of the present house.
        left_out: told of each component that cannot be built, instead of raising.

    Raises:
        ConfigurationError: a component refuses its configuration; it is named.
        PluginError: two components share a section, or one cannot be built.
    """
    built: dict[str, Component] = {}
    try:
        _build_into(built, classes, services, running or {}, left_out)
    except BaseException:
        end_watches(built, kept=running or {})
        raise
    return built


def end_watches(components: Mapping[str, Component], *, kept: Mapping[str, Component]) -> None:
    """Components that are not used, or not any more, are told of nothing; those that are `kept` go on."""
    for section, component in components.items():
        if kept.get(section) is not component and component.watches is not None:
            component.watches.end()


def _build_into(
    built: dict[str, Component],
    classes: Iterable[type[Component]],
    services: Services,
    running: Mapping[str, Component],
    left_out: Callable[[PluginError], object] | None,
) -> None:
    sections = services.config.sections
    for made in classes:
        if made.section in built:
            raise PluginError(f"{made.section} is the section of both {type(built[made.section]).__name__} and {made.__name__}")
        if not enabled(made, sections):
            continue
        old = running.get(made.section)
        try:
            built[made.section] = old if type(old) is made else _built(made, services)
        except PluginError as error:
            if left_out is None:
                raise
            left_out(error)


def _built(made: type[Component], services: Services) -> Component:
    try:
        with Watches() as watches:
            component = made(services=services, config=services.config.sections[made.section])
        component.watches = watches
        return component
    except ConfigurationError:
        raise
    except Exception as error:
        raise PluginError(f"{made.__name__} ({made.section}) cannot be built: {type(error).__name__}: {error}") from error


def pong(_: CGREvent) -> str:
    """The answer of every service's Ping."""
    return "Pong"


def served_by(components: Iterable[Component], extra: Iterable[Served] = ()) -> Iterator[Served]:
    """Every method of the components, and a Ping for each service."""
    services: dict[str, str] = {}
    pinged: set[str] = set()
    for served in _chain(components, extra):
        services.setdefault(served.service, served.owner)
        if served.name.endswith(".Ping"):
            pinged.add(served.service)
        yield served
    for service in services.keys() - pinged:
        yield served_as(f"{service}.Ping", pong, owner=services[service])


def _chain(components: Iterable[Component], extra: Iterable[Served]) -> Iterator[Served]:
    for component in components:
        yield from component.served()
    yield from extra
