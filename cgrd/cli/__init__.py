"""The command line: `cgrd run`, and what helps to run it. Each command is a module of its own, imported when it is asked for."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:2] == ["run"]:
        # The daemon does without the library that parses the other commands: it is a tenth of its start.
        from cgrd.cli.run import main as run

        sys.exit(run(sys.argv[2:]))
    from cgrd.cli.app import app

    app()
