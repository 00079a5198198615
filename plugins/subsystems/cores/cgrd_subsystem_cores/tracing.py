"""CoreSv1.Trace: the last requests as trees of calls. Calls are watched only while somebody asks; otherwise it costs nothing."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgrd import Hop, method
from cgrd.codec import plain_tree
from cgrd.durations import SECOND

if TYPE_CHECKING:
    from cgrd.services import Services

KEPT: Final = 200
PENDING: Final = 10_000
PATIENCE_NS: Final = 30 * SECOND


class TraceArgs(msgspec.Struct):
    """The requests that ended after number `After`."""

    After: int = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Call(msgspec.Struct):
    """One call: who asked whom for what, what came of it, and the calls it made. `Took` in ns, `At` unix ns."""

    Number: int
    Source: str
    Target: str
    Method: str
    At: int
    Took: int
    Args: Any
    Reply: Any
    Error: str = ""
    Explain: str = ""
    Calls: list[Call] = []


class Tracing:
    """Gathers hops into trees; a hop is told after those it made, so a tree is whole when its root arrives."""

    def __init__(self, *, services: Services) -> None:
        self.services = services
        self._roots: deque[Call] = deque(maxlen=KEPT)
        self._children: dict[int, list[Call]] = {}
        self._asked_ns = 0

    @method("CoreSv1.Trace")
    def trace(self, args: TraceArgs) -> list[Call]:
        """The last requests; the first question only begins the watching, which ends when nobody has asked for half a minute."""
        self._asked_ns = self.services.clock.monotonic_ns()
        self.services.graph.watch(self.see)
        return [call for call in self._roots if call.Number > args.After]

    def see(self, hop: Hop) -> None:
        """Take one hop; stop watching when nobody asks any more."""
        now = self.services.clock.monotonic_ns()
        if now - self._asked_ns > PATIENCE_NS or len(self._children) > PENDING:
            self.services.graph.unwatch(self.see)
            self._children.clear()
            return
        if hop.method == "CoreSv1.Trace":
            return
        call = self._call(hop, now)
        if hop.parent:
            self._children.setdefault(hop.parent, []).append(call)
        else:
            self._roots.append(call)

    def _call(self, hop: Hop, now: int) -> Call:
        return Call(
            Number=hop.number,
            Source=hop.source,
            Target=hop.target,
            Method=hop.method,
            At=self.services.clock.now_ns() - (now - hop.started_ns),
            Took=hop.took_ns,
            Args=_shown(hop.args),
            Reply=_shown(hop.reply),
            Error=str(hop.error) if hop.error else "",
            Explain=hop.error.explain if hop.error else "",
            Calls=self._children.pop(hop.number, []),
        )


def _shown(value: Any) -> Any:
    try:
        return plain_tree(value)
    except TypeError:
        return str(value)
