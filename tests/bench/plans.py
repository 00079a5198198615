#!/usr/bin/env python3
"""How long tariff plans take to load, and what they cost afterwards.

    plans.py [--start "cgrd run --config {conf} --state {state}"] [--sizes 20000,100000] [--plan FOLDER] [--daemons 3]

Each plan is loaded by APIerSv1.LoadTariffPlanFromFolder into some daemons of its own, each as idle as it comes, and five times more into the
same. The ratios are CPU of the daemon over the CPU that csv.reader takes to make dicts of the same files: `first` is the first load of a daemon
over the first reading of a process, `again` the later loads over the later readings, `strict` the first load over the later readings. Then
memory over the idle daemon's; the longest time that a ping took while the plan was loaded into one more daemon; and CPU of one GetCost over
that on the smallest plan: of questions never asked before, and of 500 asked again. Medians of all daemons; the plans take turns. Goals: 12,
130 MB, 100 ms, 1.2. Linux; port 2012 must be free.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from daemon import Client, Daemon, Heartbeat, cpu_of, daemon


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


class Read(NamedTuple):
    """Seconds of CPU that csv.reader takes for dicts of all rows: at first, and the median of later times."""

    first: float
    again: float


def reading(folder: Path) -> Read:
    """Read in a process of its own, so that there is a first time."""
    told = subprocess.run([sys.executable, __file__, "--read", str(folder)], check=True, capture_output=True, text=True).stdout
    first, *later = map(float, told.split())
    return Read(first, median(later))


def read(folder: Path) -> float:
    """Read the files once; seconds of CPU."""
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
    """CPU of the first load and of the one that comes again in seconds, megabytes over idle, the longest ping in seconds, us of CPU of a
    GetCost new and asked again."""

    first: float
    again: float
    memory: float
    gap: float
    new: float
    asked: float


class Plan(NamedTuple):
    """A plan, what its numbers begin with, and what was measured of it."""

    name: str
    folder: Path
    prefixes: list[str]
    readings: list[Read]
    measured: list[Measured]


def measured(start: str, plan: Plan) -> Measured:
    """Load a plan into a fresh daemon and ask it; without prefixes nothing is asked."""
    with daemon(start) as running:
        client = Client()
        time.sleep(2)
        idle = running.megabytes()
        first = load(running, client, plan)
        time.sleep(1)
        memory = running.megabytes() - idle
        asked = costs(plan.prefixes) if plan.prefixes else []
        new, again = (cpu_of(running, "APIerSv1.GetCost", each) if each else 0.0 for each in (asked, asked[:500]))
        once_more = median(load(running, client, plan) for _ in range(5))
    return Measured(first, once_more, memory, gap(start, plan), new, again)


def gap(start: str, plan: Plan) -> float:
    """The longest that a ping takes while a plan is loaded into a fresh daemon, in seconds; pings are work, so nothing else is measured."""
    with daemon(start) as running:
        client = Client()
        time.sleep(2)
        with Heartbeat() as pings:
            time.sleep(0.2)
            load(running, client, plan)
            time.sleep(1)
        return pings.longest


def load(running: Daemon, client: Client, plan: Plan) -> float:
    """Seconds of CPU of one load."""
    before = running.cpu()
    client.ask("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(plan.folder)})
    return running.cpu() - before


def told(plan: Plan, smallest: Plan) -> str:
    """A line of the table."""
    got, least = (Measured(*map(median, zip(*each.measured, strict=True))) for each in (plan, smallest))
    files = Read(*map(median, zip(*plan.readings, strict=True)))
    times = f"{files.first:8.4f} {files.again:8.4f} {got.first:8.4f} {got.again:8.4f}"
    ratios = f"{got.first / files.first:6.1f} {got.again / files.again:6.1f} {got.first / files.again:6.1f}"
    line = f"{plan.name:>10} {times} {ratios} {got.memory:6.1f} {got.gap * 1e3:8.1f}"
    return line if not plan.prefixes else f"{line} {got.new:7.1f} {got.new / least.new:5.2f} {got.asked:9.1f} {got.asked / least.asked:5.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default=f"{Path(sys.executable).parent / 'cgrd'} run --config {{conf}} --state {{state}}")
    parser.add_argument("--sizes", default="1000,20000,100000")
    parser.add_argument("--plan", type=Path, help="one more plan, without GetCost")
    parser.add_argument("--daemons", type=int, default=3, help="how many for each plan")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        print(*(read(given.read) for _ in range(6)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(given, Path(folder))


def measure(given: argparse.Namespace, folder: Path) -> None:
    """Write the plans, measure each in turn, and print."""
    plans = []
    for size in given.sizes.split(","):
        (folder / size).mkdir()
        plans.append(Plan(size, folder / size, write_plan(folder / size, int(size)), [], []))
    if given.plan:
        plans.append(Plan(given.plan.name, given.plan, [], [], []))
    for _ in range(given.daemons):
        for plan in plans:
            plan.readings.append(reading(plan.folder))
            plan.measured.append(measured(given.start, plan))
    heads = f"{'plan':>10} {'csv 1st':>8} {'csv':>8} {'load 1st':>8} {'load':>8} {'first':>6} {'again':>6} {'strict':>6} {'MB':>6} {'ping ms':>8}"
    print(f"{heads} {'new us':>7} {'ratio':>5} {'again us':>9} {'ratio':>5}")
    for plan in plans:
        print(told(plan, plans[0]))


main()
