#!/usr/bin/env python3
"""How long tariff plans take to load, and what they cost afterwards.

    plans.py [--start "cgrd run --config {conf} --state {state}"] [--sizes 20000,100000] [--plan FOLDER]

For each plan, loaded into a daemon of its own by APIerSv1.LoadTariffPlanFromFolder: CPU of the daemon over the CPU that
csv.reader takes to make dicts of the same files (in this process, the least of five), memory over the idle daemon's, the longest
time that a ping took meanwhile, and CPU of one GetCost afterwards over that on the smallest plan: of questions never asked before, and of
500 asked again. Goals: 12, 130 MB, 100 ms, 1.2. Linux; port 2012 must be free.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from daemon import Client, Heartbeat, cpu_of, daemon


def write_plan(folder: Path, destinations: int) -> list[str]:
    """A retail plan: every destination has a prefix and a rate of its own; the prefixes."""
    chosen = random.Random(destinations)
    found: set[str] = set()
    while len(found) < destinations:
        found.add(str(chosen.randint(10**3, 10 ** chosen.randint(4, 10))))
    prefixes = sorted(found)
    rows = {
        "Destinations.csv": [f"D{n},{prefix}" for n, prefix in enumerate(prefixes)],
        "Rates.csv": [f"R{n},0,{0.01 + n / 1000:.4f},60s,1s,0s" for n in range(500)],
        "DestinationRates.csv": [f"DR,D{n},R{n % 500},*up,4,0," for n in range(destinations)],
        "RatingPlans.csv": ["RP,DR,*any,10"],
        "RatingProfiles.csv": ["cgrates.org,call,big,2014-01-14T00:00:00Z,RP,"],
    }
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return prefixes


def reading(folder: Path) -> float:
    """Seconds of CPU that csv.reader takes for dicts of all rows."""
    return min(_read(folder) for _ in range(5))


def _read(folder: Path) -> float:
    began = time.process_time()
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="") as file:
            names = [str(n) for n in range(20)]
            kept = [dict(zip(names, row, strict=False)) for row in csv.reader(file)]
        del kept
    return time.process_time() - began


def costs(prefixes: list[str]) -> list[object]:
    """Questions for GetCost, all over the plan, none of them asked twice."""
    asked = random.Random(1).choices(prefixes, k=10_000)
    call = {"Tenant": "cgrates.org", "Category": "call", "Subject": "big", "AnswerTime": "2024-05-01T12:00:00Z"}
    return [{**call, "Destination": prefix + "55", "Usage": f"{60 + n}s"} for n, prefix in enumerate(asked)]


class Measured(NamedTuple):
    """CPU and wall clock of the load in seconds, megabytes over idle, longest ping in seconds, us of CPU of a GetCost new and asked again."""

    cpu: float
    wall: float
    memory: float
    gap: float
    new: float
    again: float


def measured(start: str, folder: Path, prefixes: list[str]) -> Measured:
    """Load a plan into a fresh daemon and ask it; without prefixes nothing is asked."""
    with daemon(start) as running:
        client = Client()
        time.sleep(2)
        idle = running.megabytes()
        with Heartbeat() as pings:
            time.sleep(0.2)
            before, began = running.cpu(), time.perf_counter()
            client.ask("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder)})
            wall, cpu = time.perf_counter() - began, running.cpu() - before
            time.sleep(1)
        memory = running.megabytes() - idle
        asked = costs(prefixes) if prefixes else []
        new, again = (cpu_of(running, "APIerSv1.GetCost", each) if each else 0.0 for each in (asked, asked[:500]))
        return Measured(cpu, wall, memory, pings.longest, new, again)


def told(name: str, csv_s: float, got: Measured, first: Measured) -> str:
    """A line of the table."""
    load = f"{name:>10} {csv_s:7.4f} {got.cpu:7.3f} {got.cpu / csv_s:6.1f} {got.wall:7.2f} {got.memory:6.1f} {got.gap * 1e3:8.1f}"
    return load if not got.new else f"{load} {got.new:12.1f} {got.new / first.new:6.2f} {got.again:14.1f} {got.again / first.again:6.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default=f"{Path(sys.executable).parent / 'cgrd'} run --config {{conf}} --state {{state}}")
    parser.add_argument("--sizes", default="1000,20000,100000")
    parser.add_argument("--plan", type=Path, help="one more plan, without GetCost")
    given = parser.parse_args()
    heads = f"{'plan':>10} {'csv s':>7} {'load s':>7} {'ratio':>6} {'wall s':>7} {'MB':>6} {'ping ms':>8}"
    print(f"{heads} {'new cost us':>12} {'ratio':>6} {'asked again us':>14} {'ratio':>6}")
    first: Measured | None = None
    for size in [int(each) for each in given.sizes.split(",")]:
        with tempfile.TemporaryDirectory() as folder:
            prefixes = write_plan(Path(folder), size)
            got = measured(given.start, Path(folder), prefixes)
            first = first or got
            print(told(str(size), reading(Path(folder)), got, first), flush=True)
    if given.plan:
        got = measured(given.start, given.plan, [])
        print(told(given.plan.name, reading(given.plan), got, got))


main()
