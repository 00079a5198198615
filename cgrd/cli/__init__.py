"""The command line: `cgrd run`, and what helps to run it. Each command is a module of its own, imported when it is asked for."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:2] == ["run"]:
        # The daemon does without the library that parses the other commands: it is a tenth of its start.
        gc.disable()  # until the daemon serves, see cgrd.garbage
        with _without("rich"):
            import_module("structlog")
        from cgrd.cli.run import main as run

        sys.exit(run(sys.argv[2:]))
    from cgrd.cli.app import app

    app()


@contextmanager
def _without(module: str) -> Iterator[None]:
    """While a library is imported that uses `module` only where it is installed: structlog takes half of its time for rich's colours."""
    known = sys.modules.get(module)
    sys.modules[module] = known  # type: ignore[assignment]
    try:
        yield
    finally:
        if known is None:
            del sys.modules[module]
