"""CoreSv1.Status and Sleep: how the process is doing."""

from __future__ import annotations

import gc
import os
import platform
import resource
import threading
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import Instant, method
from cgrd.durations import SECOND, format_duration, parse_duration
from cgrd.errors import Wrong
from cgrd.instants import zone_of

if TYPE_CHECKING:
    from cgrd.services import Services

LONGEST_SLEEP_NS = 60 * SECOND
"""A sleeper is a request under way, also when nobody waits for it any more; `cores.caps` counts it."""
_MIB = 1024 * 1024


class StatusArgs(msgspec.Struct):
    """What to tell: everything with `Debug`; times in `Timezone`."""

    Debug: bool = False
    Timezone: str = ""
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class DurationArgs(msgspec.Struct):
    """A length of time: nanoseconds, or Go's text."""

    Duration: int | str = 0
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Status:
    """What CoreSv1 tells of the process; figures come from the kernel's process files."""

    def __init__(self, *, services: Services) -> None:
        self.services = services
        self.started = services.clock.now()

    @method("CoreSv1.Status")
    def status(self, args: StatusArgs) -> dict[str, Any]:
        """The process in a dozen figures, or in all of them."""
        head = {"pid": os.getpid(), "node_id": self.services.node_id, "version": f"cgrd@{version('cgrd')}", "go_version": f"python{platform.python_version()}"}
        return head | (self._debug() if args.Debug else self._short(args.Timezone))

    def _short(self, zone: str) -> dict[str, Any]:
        memory = _memory()
        short: dict[str, Any] = {
            "goroutines": _tasks(),
            "open_files": _open_files(),
            "resident_memory": f"{memory['VmRSS'] / _MIB:.1f}MiB",
            "active_memory": f"{memory['RssAnon'] / _MIB:.1f}MiB",
            "system_memory": f"{memory['VmSize'] / _MIB:.1f}MiB",
            "os_threads_in_use": threading.active_count(),
            "running_since": _unix_date(self.started, zone),
            "cpu_time": format_duration(int(time.process_time() * SECOND)),
        }
        graph = self.services.graph
        if graph.caps:
            short |= {"caps_allocated": graph.under_way, "caps_peak": graph.peak}
        return short

    def _debug(self) -> dict[str, Any]:
        memory, limits = _memory(), resource.getrlimit(resource.RLIMIT_NOFILE)
        process = {
            "cpu_time": round(time.process_time(), 3),
            "max_fds": limits[0],
            "open_fds": _open_files(),
            "resident_memory": memory["VmRSS"],
            "virtual_memory": memory["VmSize"],
            "max_virtual_memory": memory["VmPeak"],
            "start_time": self.started.ns // SECOND,
        }
        return {
            "goroutines": _tasks(),
            "threads": threading.active_count(),
            "mem_stats": {"heap_objects": len(gc.get_objects()), "collections": [s["collections"] for s in gc.get_stats()]},
            "gc_duration_stats": {},
            "proc_stats": process,
            "maxprocs": os.cpu_count() or 1,
            "gc_percent": gc.get_threshold()[0],
            "mem_limit": resource.getrlimit(resource.RLIMIT_AS)[0],
            "caps_stats": {"caps_allocated": self.services.graph.under_way, "caps_peak": self.services.graph.peak},
        }

    @method("CoreSv1.Sleep")
    async def sleep(self, args: DurationArgs) -> str:
        """Answer after the duration; a minute at most, so that no request stays for ever.

        Raises:
            Wrong: it is longer.
        """
        wanted = args.Duration if isinstance(args.Duration, int) else parse_duration(args.Duration)
        if wanted > LONGEST_SLEEP_NS:
            raise Wrong("Duration: a request sleeps for a minute at most; ask again for more")
        await self.services.clock.sleep(wanted)
        return "OK"


def _unix_date(at: Instant, zone: str) -> str:
    return at.at_zone(zone_of(zone or "Local")).datetime().strftime("%a %b %e %H:%M:%S %Z %Y")


def _tasks() -> int:
    import trio

    return trio.lowlevel.current_statistics().tasks_living


def _open_files() -> int:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _memory() -> Mapping[str, int]:
    """Octets by the names of /proc/self/status; zeros where the system has no such file."""
    found = dict.fromkeys(("VmRSS", "RssAnon", "VmSize", "VmPeak"), 0)
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return found
