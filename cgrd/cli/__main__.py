"""`python -m cgrd.cli` is the command `cgrd`."""

from cgrd.cli import main

main()
