"""What the first request of each kind would have to wait for, made once the daemon serves and while nobody asks.

The decoders of all methods are some fifty milliseconds of work: too much for the start, and too much to be paid by whoever asks first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cgrd.durations import MILLISECOND
from cgrd.rpc.arguments import reader_of

if TYPE_CHECKING:
    from cgrd.kernel import Kernel

CALM_NS = 500 * MILLISECOND
"""After the start: whoever waits for it comes first."""
PAUSE_NS = 5 * MILLISECOND
"""Between two pieces of work of a millisecond or two each, so that requests that come meanwhile hardly notice."""


async def warm(kernel: Kernel) -> None:
    """Make what requests and loads will need, piece by piece; returns when all of it is there."""
    await kernel.clock.sleep(CALM_NS)
    for _ in _pieces(kernel):
        await kernel.clock.sleep(PAUSE_NS)


def _pieces(kernel: Kernel) -> Iterator[None]:
    for wanted in dict.fromkeys(served.args for served in kernel.house.graph.methods.values()):
        reader_of(wanted)
        yield
    for kind in kernel.profiles.kinds:
        kind.row, kind.headings, kind.key_columns, kind.value_columns, kind.item_places  # noqa: B018 made at the first look
        kind.scalar_columns, kind.item_columns  # noqa: B018
        yield
