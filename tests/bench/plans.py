#!/usr/bin/env python3
"""How long tariff plans take to load, and what they cost afterwards.

    plans.py [--start "cgrd run --config {conf} --state {state}"] [--sizes 20000,100000] [--plan FOLDER]

For each plan, loaded into a daemon of its own by APIerSv1.LoadTariffPlanFromFolder: CPU of the daemon over the CPU that
csv.reader takes to make dicts of the same files (in this process, the least of five), memory over the idle daemon's, the longest
time that a ping took meanwhile, and CPU of one GetCost afterwards over that on the smallest plan. Linux; port 2012 must be free.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import tempfile
import time
from pathlib import Path

from daemon import Client, Heartbeat, cpu_of, daemon

GOALS = "goals: at most 12 x csv.reader, 130 MB, 100 ms, 1.2 x"


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
    """Questions for GetCost, all over the plan."""
    asked = random.Random(1).sample(prefixes, min(500, len(prefixes)))
    call = {"Tenant": "cgrates.org", "Category": "call", "Subject": "big", "AnswerTime": "2024-05-01T12:00:00Z", "Usage": "123s"}
    return [{**call, "Destination": prefix + "55"} for prefix in asked]


def measured(start: str, folder: Path, prefixes: list[str]) -> tuple[float, float, float, float, float]:
    """CPU and wall clock of the load in seconds, megabytes over idle, longest ping in seconds, CPU of a GetCost in us (0 = not asked)."""
    with daemon(start) as running:
        client = Client()
        time.sleep(1)
        idle, before = running.megabytes(), running.cpu()
        with Heartbeat() as pings:
            began = time.perf_counter()
            client.ask("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": str(folder)})
            took = time.perf_counter() - began
            cpu = running.cpu() - before
            time.sleep(1)
        cost = cpu_of(running, "APIerSv1.GetCost", costs(prefixes)) if prefixes else 0.0
        return cpu, took, running.megabytes() - idle, pings.longest, cost


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default=f"{Path(sys.executable).parent / 'cgrd'} run --config {{conf}} --state {{state}}")
    parser.add_argument("--sizes", default="1000,20000,100000")
    parser.add_argument("--plan", type=Path, help="one more plan, without GetCost")
    given = parser.parse_args()
    print(f"{'plan':>10} {'csv s':>7} {'load s':>7} {'ratio':>6} {'wall s':>7} {'MB':>6} {'ping ms':>8} {'GetCost us':>11} {'ratio':>6}   {GOALS}")
    first = 0.0
    for size in [int(each) for each in given.sizes.split(",")]:
        with tempfile.TemporaryDirectory() as folder:
            prefixes = write_plan(Path(folder), size)
            csv_s = reading(Path(folder))
            cpu, wall, memory, gap, cost = measured(given.start, Path(folder), prefixes)
        first = first or cost
        print(f"{size:>10} {csv_s:7.3f} {cpu:7.3f} {cpu / csv_s:6.1f} {wall:7.2f} {memory:6.1f} {gap * 1e3:8.1f} {cost:11.1f} {cost / first:6.2f}", flush=True)
    if given.plan:
        csv_s = reading(given.plan)
        cpu, wall, memory, gap, _ = measured(given.start, given.plan, [])
        print(f"{given.plan.name:>10} {csv_s:7.4f} {cpu:7.3f} {cpu / csv_s:6.1f} {wall:7.2f} {memory:6.1f} {gap * 1e3:8.1f}")


main()
