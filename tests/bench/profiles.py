#!/usr/bin/env python3
"""What an event costs with many profiles loaded, over what it costs with few: AttributeS, ThresholdS, RouteS, in one run.

    profiles.py [--start "cgrd run --config {conf} --state {state}"]

Each profile has a filter of its own on the event's account, so one of them matches. Few and many are measured in turns, three times, and
the median ratio is told. Goal: at most 1.5. Linux; port 2012 must be free.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

from daemon import Client, cpu_of, daemon

CASES = {
    "attributes": (10, 10_000, "AttributeSv1.ProcessEvent"),
    "thresholds": (10, 1_000, "ThresholdSv1.ProcessEvent"),
    "routes": (10, 1_000, "RouteSv1.GetRoutes"),
}
FILES = {
    "attributes": ("Attributes.csv", "cgrates.org,P{n},*any,*string:~*req.Account:{n},,,*req.Password,*constant,secret{n},false,10"),
    "thresholds": ("Thresholds.csv", "cgrates.org,P{n},*string:~*req.Account:{n},,-1,0,0s,false,10,,false,"),
    "routes": ("Routes.csv", "cgrates.org,P{n},*string:~*req.Account:{n},,*weight,,route{n},,,,,,10,false,,10"),
}


def write_plan(folder: Path, case: str, profiles: int) -> None:
    """A plan of one kind."""
    name, line = FILES[case]
    (folder / name).write_text("".join(line.format(n=1000 + n) + "\n" for n in range(profiles)))


def events(profiles: int) -> list[object]:
    """Events that match one profile each."""
    chosen = random.Random(1)
    asked = [str(1000 + chosen.randrange(profiles)) for _ in range(500)]
    return [
        {"Tenant": "cgrates.org", "ID": f"e{n}", "Event": {"Account": account, "Destination": "1002", "Usage": "60s"}, "APIOpts": {}}
        for n, account in enumerate(asked)
    ]


def costs(start: str, case: str, profiles: int, method: str) -> float:
    """Microseconds of CPU of one event."""
    with tempfile.TemporaryDirectory() as folder, daemon(start) as running:
        write_plan(Path(folder), case, profiles)
        client = Client()
        client.ask("APIerSv1.LoadTariffPlanFromFolder", {"FolderPath": folder})
        asked = events(profiles)
        for event in asked:
            client.ask(method, event)  # each profile is compiled at its first use
        return cpu_of(running, method, asked, rounds=8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", default=f"{Path(sys.executable).parent / 'cgrd'} run --config {{conf}} --state {{state}}")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{'':>11} {'few':>6} {'us':>7} {'many':>6} {'us':>7} {'ratio':>6}   goal: at most 1.5 x")
    for case, (few, many, method) in CASES.items():
        pairs = [(costs(given.start, case, few, method), costs(given.start, case, many, method)) for _ in range(given.rounds)]
        small, large = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{case:>11} {few:>6} {small:7.1f} {many:>6} {large:7.1f} {ratio:6.2f}", flush=True)


main()
