"""A plugin that widens every vocabulary; mypy compares it with what the hooks promise (`make types`)."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cgrd import Action, ActionContext, Exporter, ExportRecord, MetricFactory, SortingFactory, hookimpl, without_account
from cgrd.fields import ConverterFactory, Roots
from cgrd.fields.types import Source
from cgrd.filters.types import Factory
from cgrd.vocabularies import RouteRow

NOTED: list[str] = []
SENT: list[ExportRecord] = []


class Longest:
    unit, empty = "", False

    def __init__(self, argument: str) -> None:
        self.argument = argument
        self.lengths: dict[str | None, int] = {}

    @property
    def count(self) -> int:
        return len(self.lengths)

    def read(self, roots: Roots) -> int:
        return len(str(roots["*req"].get("Account", "")))

    def add(self, id: str | None, value: int) -> None:
        self.lengths[id] = value

    def take(self, id: str) -> None:
        self.lengths.pop(id, None)

    def number(self) -> Decimal:
        return Decimal(max(self.lengths.values()))

    def keep(self) -> dict[str, Any]:
        return {"Count": self.count}

    def resume(self, kept: dict[str, Any]) -> None:
        """Nothing is kept."""

    def shown(self) -> dict[str, Any]:
        return {"Count": self.count}


class Backwards:
    sums_stats = False

    def __init__(self, *, parameters: Sequence[str], default_ratio: int) -> None:
        """Neither is needed."""

    def check(self, route: RouteRow) -> None:
        """All can be placed."""

    def complete(self, route: RouteRow, data: dict[str, Any]) -> None:
        """Weight is always there."""

    def key(self, data: Mapping[str, Any]) -> tuple[Any, ...]:
        return (data["Weight"],)


class Drum(Exporter, type="*drum"):
    async def send(self, batch: Sequence[ExportRecord]) -> None:
        SENT.extend(batch)


def double(context: ActionContext) -> None:
    """Add as much as there is."""
    context.topup(sum((balance.Value for balance in context.account().balances("*monetary")), Decimal(0)))


@without_account
def note(context: ActionContext) -> None:
    """Remember for whom, once it is kept."""

    async def remember() -> None:
        NOTED.append(f"{context.key} {context.action.ActionType} {context.extra(list[int])}")

    context.later(remember)


@hookimpl
def cgrd_filter_types() -> Mapping[str, Factory]:
    return {"*odd": lambda element, values: lambda roots: int(element.find(roots) or 0) % 2 == 1}


@hookimpl
def cgrd_converters() -> Mapping[str, ConverterFactory]:
    return {"*shout": lambda arguments: lambda value: str(value).upper()}


@hookimpl
def cgrd_attribute_types() -> Mapping[str, Callable[[Source], Callable[[Roots], Any]]]:
    return {"*twice": lambda source: lambda roots: source.text(roots) * 2}


@hookimpl
def cgrd_metrics() -> Mapping[str, MetricFactory]:
    return {"*longest": Longest}


@hookimpl
def cgrd_sortings() -> Mapping[str, SortingFactory]:
    return {"*backwards": Backwards}


@hookimpl
def cgrd_action_types() -> Mapping[str, Action]:
    return {"*note": note, "*double": double}


@hookimpl
def cgrd_exporters() -> Mapping[str, type[Exporter]]:
    return {"*drum": Drum}
