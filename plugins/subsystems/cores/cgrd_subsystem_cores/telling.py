"""CoreSv1.Arguments: what a method takes, so that whoever calls it by hand hears of a misspelt key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cgrd import method
from cgrd.arguments import Taken, taken_by

if TYPE_CHECKING:
    from cgrd.services import Services


class ArgumentsArgs(msgspec.Struct):
    """Which method, as `APIerSv1.GetCost`."""

    Method: str = ""


class Telling:
    """Tells what this daemon serves takes."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    @method("CoreSv1.Arguments")
    def arguments(self, args: ArgumentsArgs) -> Taken:
        """The fields that a method takes, each with its kind; the console asks, to tell of keys that the method would ignore."""
        return taken_by(self.services.graph.find(args.Method).args)
