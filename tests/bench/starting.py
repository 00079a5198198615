#!/usr/bin/env python3
"""How long `cgrd run` takes until it answers on 2012, with every subsystem enabled, and the CPU it needs for that.

    starting.py [--start "cgrd run --config {conf} --state {state}"] [--times 7]

Goal: 2 s, 0.7 s on an idle machine. Linux; port 2012 must be free.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from daemon import Client, daemon


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default=f"{Path(sys.executable).parent / 'cgrd'} run --config {{conf}} --state {{state}}")
    parser.add_argument("--times", type=int, default=7)
    given = parser.parse_args()
    took, used = [], []
    for _ in range(given.times):
        began = time.perf_counter()
        with daemon(given.start) as running:
            Client().ask("CoreSv1.Ping", {})
            took.append(time.perf_counter() - began)
            used.append(running.cpu())
    print(f"answers after {statistics.median(took):.2f} s (least {min(took):.2f}), CPU {statistics.median(used):.2f} s (least {min(used):.2f})")


main()
