"""Python's cycle collector in the daemon: one policy, so that it never stops everybody to look at what is there to stay.

Nearly everything goes by reference counts alone. What start-up and tariff plans leave is put out of the collector's sight; what requests
leave (sessions, accounts) is looked at seldom and for what is new. Measured: docs/PERFORMANCE.md.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

THRESHOLDS: Final = (10_000, 20, 20)
"""New objects before the youngest are looked at, and how often that is done before the older ones are."""


def settle() -> None:
    """The process has started: what is there stays, and collections go on."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the collector still: it would go over a whole tariff plan, again and again, and stop everybody meanwhile.

    What was made stays out of its sight for good: a plan holds no cycles, and goes when nobody refers to it any more.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.freeze()
            gc.enable()


def give_back() -> None:
    """Return to the system what a large piece of work needed and does not need any more; where the C library cannot, nothing happens."""
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
