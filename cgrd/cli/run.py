"""`cgrd run --config DIR_OR_FILE --state DIR`: one daemon in the foreground."""

from __future__ import annotations

import argparse
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog
import trio

from cgrd import garbage
from cgrd.errors import CgrdError
from cgrd.kernel import Kernel
from cgrd.logs import set_up
from cgrd.warming import warm

_FILES = 65_536


def arguments() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="cgrd run", description="Run one daemon in the foreground; SIGHUP reloads, SIGTERM stops.")
    parser.add_argument("--config", type=Path, default=Path("/etc/cgrd"), help="cgrd.toml, or a folder of TOML or of CGRateS JSON")
    parser.add_argument("--state", type=Path, default=None, help="folder for the store; `store.path` of the configuration otherwise")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run until a signal; the exit status."""
    given = arguments().parse_args(argv)
    try:
        kernel = Kernel.from_path(given.config, state=given.state)
    except CgrdError as error:
        return told(error)
    set_up(kernel.tree, kernel.node_id)
    _raise_file_limit()
    for warning in kernel.tree.warnings:
        structlog.get_logger("config").warning(warning)
    try:
        trio.run(_until_signal, kernel)
    except BaseExceptionGroup as group:
        known = group.subgroup(CgrdError)
        if known is None:
            raise
        return told(first_of(known))
    return 0


def _raise_file_limit() -> None:
    """As many open files as the system lets us have: the usual 1024 would be spent by connections, and nothing left for the store."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def told(error: CgrdError) -> int:
    """Say what prevents the start; the exit status."""
    print(f"cgrd: {error}", error.explain, sep="\n" if error.explain else "", file=sys.stderr)
    return 1


def first_of(group: BaseExceptionGroup[CgrdError]) -> CgrdError:
    """The first error of a group."""
    found = group.exceptions[0]
    return first_of(found) if isinstance(found, BaseExceptionGroup) else found


async def _until_signal(kernel: Kernel) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            await nursery.start(_serve, kernel, nursery.cancel_scope)
            garbage.settle()
            nursery.start_soon(warm, kernel)
            async for number in signals:
                if number == signal.SIGHUP:
                    await _reload(kernel)
                else:
                    structlog.get_logger("kernel").info("stopping", signal=signal.Signals(number).name)
                    nursery.cancel_scope.cancel()
                    return


async def _serve(kernel: Kernel, everything: trio.CancelScope, *, task_status: trio.TaskStatus[None]) -> None:
    """Run the daemon; when it stops by itself (`Responder.Shutdown`), the process ends."""
    await kernel.run(task_status=task_status)
    everything.cancel()


async def _reload(kernel: Kernel) -> None:
    log = structlog.get_logger("kernel")
    try:
        await kernel.config_service.reload()
    except CgrdError as error:
        log.error("not reloaded, the old configuration goes on", error=str(error), explain=error.explain)
    else:
        log.info("reloaded")
