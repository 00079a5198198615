"""What plugins give for a word of a vocabulary: action types, metrics and sortings, as whoever uses them sees them.

Filter types, converters and field types have their shapes beside their languages (`cgrd.filters.types`, `cgrd.fields`). Nothing here is a
base class: whatever has these attributes and methods will do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from cgrd.fields import Roots
    from cgrd.instants import Instant
    from cgrd.services import Services

__all__ = [
    "AccountView",
    "Action",
    "ActionContext",
    "ActionRow",
    "BalanceView",
    "Metric",
    "MetricFactory",
    "RouteRow",
    "Sorting",
    "SortingFactory",
    "without_account",
]

A = TypeVar("A", bound=Callable[..., Any])


class BalanceView(Protocol):
    """A balance of an account, to be read."""

    @property
    def ID(self) -> str: ...
    @property
    def Uuid(self) -> str: ...
    @property
    def Value(self) -> Decimal:
        """In the unit of its type: money, ns, octets or pieces."""

    @property
    def ExpirationDate(self) -> Instant:
        """The zero instant means never."""


class AccountView(Protocol):
    """An account: balances are to be read (`topup` and `debit` of the context change them), flags may be set."""

    Disabled: bool
    AllowNegative: bool

    @property
    def ID(self) -> str:
        """`tenant:account`."""

    def balances(self, kind: str) -> Sequence[BalanceView]:
        """Those of a type (`*monetary`), none when there are none."""


class ActionRow(Protocol):
    """A row of Actions.csv."""

    @property
    def Id(self) -> str:
        """Of its set."""

    @property
    def ActionType(self) -> str: ...
    @property
    def ExtraParameters(self) -> str: ...
    @property
    def ExpirationString(self) -> str: ...
    @property
    def Weight(self) -> Decimal: ...


class ActionContext(Protocol):
    """What is done to whom, as an action type's function sees it.

    Attributes:
        key: `tenant:account`, "" when the set runs without an account.
        event: what set it off, where an event did.
    """

    key: str
    event: Mapping[str, Any] | None

    @property
    def services(self) -> Services:
        """What the kernel offers."""

    @property
    def action(self) -> ActionRow:
        """The row."""

    @property
    def at(self) -> Instant:
        """Now; one moment for the whole set."""

    @property
    def units(self) -> Decimal:
        """The row's amount, worked out now where it is a formula."""

    def expiry(self) -> Instant | None:
        """When what is added ends, None where the row does not say."""

    def extra(self, wanted: Any) -> Any:
        """ExtraParameters read as JSON of a type; raises `Wrong` where they are none."""

    def account(self) -> AccountView:
        """The account as the set has made it by now; what is changed in it is kept with the set, or not at all."""

    def topup(self, units: Decimal) -> None:
        """Add to the balances that the row means, or make one, as `*topup` does."""

    def debit(self, units: Decimal) -> None:
        """Take from the balances that the row means, as `*debit` does."""

    def later(self, each: Callable[[], Awaitable[None]]) -> None:
        """Do what has to wait when the set is kept; not at all when it is not, nor when the daemon is killed in between."""

    def ask(self, section: str, edge: str, method: str, args: object, *, harmless: str = "") -> None:
        """Ask another subsystem over `<section>.<edge>_conns`, at least once, when the set is committed, whatever happens to the daemon meanwhile.

        Who executes the action waits for the answer; an error makes the set `PARTIALLY_EXECUTED`, except the word that is `harmless`.
        """

    async def call(self, edge: str, method: str, args: object, reply: Any = Any) -> Any:
        """Ask over `rals.<edge>_conns`; for what is done later."""


class Action(Protocol):
    """An action type (`*topup`): a plain function, which raises a `CgrdError` when it cannot; that undoes the whole set for the account."""

    def __call__(self, context: ActionContext, /) -> object: ...


def without_account(action: A) -> A:
    """Mark an action type that also runs when there is no account; others are passed over then."""
    action.__dict__["cgrd_without_account"] = True
    return action


class Metric(Protocol):
    """One metric of one queue of StatS: it reads a value from each event, takes values in and out, and tells its number."""

    @property
    def unit(self) -> str:
        """Empty for numbers, "%", or "duration" (nanoseconds)."""

    @property
    def empty(self) -> bool:
        """Whether it has a number without any value in it (a sum: 0)."""

    @property
    def count(self) -> int:
        """How many values are in it; what MinItems looks at."""

    def read(self, roots: Roots) -> Any:
        """What the event (`*req`) gives, `cgrd.fields.MISSING` when nothing that can be used; plain JSON, so that it can be stored."""

    def add(self, id: str | None, value: Any) -> None:
        """Take in what an event gave; id None is one that never leaves. Events with one id are one event to it."""

    def take(self, id: str) -> None:
        """An event leaves; nothing happens when it has given nothing."""

    def number(self) -> Decimal:
        """The exact number; only asked while there is one."""

    def keep(self) -> dict[str, Any]:
        """What is needed to go on later without the single values: plain JSON."""

    def resume(self, kept: dict[str, Any]) -> None:
        """Go on with what was kept."""

    def shown(self) -> dict[str, Any]:
        """The metric as GetStatQueue shows it."""


class MetricFactory(Protocol):
    """Makes a metric of its argument: what follows `#` in `*sum#~*req.Cost`, "" where nothing does."""

    def __call__(self, argument: str, /) -> Metric: ...


class RouteRow(Protocol):
    """A route of a profile, as Routes.csv writes it."""

    @property
    def ID(self) -> str: ...
    @property
    def AccountIDs(self) -> Sequence[str]: ...
    @property
    def RatingPlanIDs(self) -> Sequence[str]: ...
    @property
    def ResourceIDs(self) -> Sequence[str]: ...
    @property
    def StatIDs(self) -> Sequence[str]: ...
    @property
    def Weight(self) -> Decimal: ...
    @property
    def RouteParameters(self) -> str: ...


class Sorting(Protocol):
    """An order in which RouteS tries routes."""

    @property
    def sums_stats(self) -> bool:
        """Whether the statistics of a route are summed to its Load, not shown one by one."""

    def check(self, route: RouteRow) -> None:
        """Refuse a route that this order cannot place, with a `CgrdError`."""

    def complete(self, route: RouteRow, data: dict[str, Any]) -> None:
        """Add what the order needs and the route's data (Weight, Cost, ResourceUsage, metrics by id, Load) do not have."""

    def key(self, data: Mapping[str, Any]) -> tuple[Any, ...]:
        """Routes are tried in ascending order of this; equal ones by weight."""


class SortingFactory(Protocol):
    """Makes the order of a profile: of its SortingParameters, and of `routes.default_ratio`."""

    def __call__(self, *, parameters: Sequence[str], default_ratio: int) -> Sorting: ...
