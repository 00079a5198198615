"""The whole contract between the kernel and a plugin, on one page.

A plugin is a module found by an entry point of the groups `cgrd.agents`, `cgrd.subsystems` or `cgrd.exporters`. It implements the
hooks it needs with `@cgrd.hookimpl`; a misspelt hook is refused when the plugin is loaded. pluggy only registers: per event the
kernel runs tuples that were frozen at start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import typer

    from cgrd.component import Component
    from cgrd.exports import Exporter
    from cgrd.fields import ConverterFactory, FieldType, Roots
    from cgrd.fields.types import Source
    from cgrd.filters.types import Factory as FilterFactory
    from cgrd.flows import Stage
    from cgrd.graph import Hop
    from cgrd.vocabularies import Action, MetricFactory, SortingFactory

__all__ = [
    "Hooks",
    "hookimpl",
]

PROJECT = "cgrd"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Every hook; each plugin implements the ones it needs."""

    @hookspec
    def cgrd_components(self) -> Sequence[type[Component]]:  # type: ignore[empty-body]
        """The classes that the kernel builds, one per configuration section."""

    @hookspec
    def cgrd_stages(self) -> Sequence[Stage]:  # type: ignore[empty-body]
        """Where the plugin takes part in flows (authorize, initiate, update, terminate, message, event, cdr).

        A subsystem's stand in the module `stages` of its package: that one is read, too, where the subsystem is switched off, so that
        a request which asks for it is told NOT_CONNECTED.
        """

    @hookspec
    def cgrd_filter_types(self) -> Mapping[str, FilterFactory]:  # type: ignore[empty-body]
        """Filter types by name (`*string`): a factory of (element, values) that gives a test of an event's roots."""

    @hookspec
    def cgrd_converters(self) -> Mapping[str, ConverterFactory]:  # type: ignore[empty-body]
        """Converters of the field language by name (`*round`): a factory of its arguments that gives a function of a value."""

    @hookspec
    def cgrd_attribute_types(self) -> Mapping[str, FieldType | Callable[[Source], Callable[[Roots], Any]]]:  # type: ignore[empty-body]
        """Types of attributes and template fields by name (`*sum`): a type, or a factory of a source that gives a function of an event's roots."""

    @hookspec
    def cgrd_action_types(self) -> Mapping[str, Action]:  # type: ignore[empty-body]
        """Action types by name (`*topup`): `cgrd.vocabularies` has the shape of the function."""

    @hookspec
    def cgrd_metrics(self) -> Mapping[str, MetricFactory]:  # type: ignore[empty-body]
        """Metrics of StatS by name (`*tcc`): a factory of the metric's argument that gives a metric."""

    @hookspec
    def cgrd_sortings(self) -> Mapping[str, SortingFactory]:  # type: ignore[empty-body]
        """Sortings of RouteS by name (`*lc`)."""

    @hookspec
    def cgrd_exporters(self) -> Mapping[str, type[Exporter]]:  # type: ignore[empty-body]
        """Exporter classes of EEs by type (`*file_csv`)."""

    @hookspec
    def cgrd_words(self) -> Mapping[str, Mapping[str, object]]:  # type: ignore[empty-body]
        """Words of its own that the plugin knows beside what it gives to the hooks above, for `cgrd words` and docs/VOCABULARY.md.

        By the page's heading ("Action types"): the word, and a sentence or whatever carries the documentation.
        """

    @hookspec
    def cgrd_commands(self) -> Mapping[str, typer.Typer]:  # type: ignore[empty-body]
        """Commands of the `cgrd` command line by name; asked where a word is none of the kernel's, enabled or not."""

    @hookspec
    def cgrd_hop(self, hop: Hop) -> None:
        """Watch every call from one component to another; only asked when implemented."""
