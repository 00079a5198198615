"""The event while it is being changed."""

from __future__ import annotations

from typing import Any

from cgrd import EventArgs
from cgrd.fields import text_of


class MustWait(Exception):
    """Somebody else has to be asked, and the one who asks us cannot wait."""


class Draft:
    """An event on its way through the profiles; its maps are its own, what is inside them is still the caller's.

    Attributes:
        tenant: whose profiles are looked at, and what `*tenant` writes.
        fields, options, variables: what `*req`, `*opts` and `*vars` read and write.
        roots: the same as the field language reads them; made anew for each run, so that other subsystems are asked anew.
        altered: the paths written so far, in order.
        times: how often each profile was applied.
    """

    __slots__ = ("altered", "fields", "may_wait", "options", "roots", "tenant", "time", "times", "variables")

    def __init__(self, event: EventArgs, *, tenant: str, may_wait: bool) -> None:
        self.tenant = tenant
        self.time = event.Time
        self.may_wait = may_wait
        self.fields = dict(event.Event or {})
        self.options = dict(event.APIOpts or {})
        self.variables: dict[str, Any] = {}
        self.roots: dict[str, Any] = {}
        self.altered: dict[str, None] = {}
        self.times: dict[str, int] = {}

    @property
    def context(self) -> str:
        """The context that its profiles are for; a profile may have changed it."""
        context = self.options.get("*context", "*default")
        return context if type(context) is str else text_of(context)

    def wait(self) -> None:
        """Called before somebody else is asked.

        Raises:
            MustWait: this may not wait.
        """
        if not self.may_wait:
            raise MustWait

    def begin_run(self, number: int) -> None:
        """The roots of a run; rules see its number as `~*vars.*processRuns`, and what was applied as `~*vars.*processedProfileIDs`."""
        self.variables["*processRuns"] = number
        self.variables["*processedProfileIDs"] = self.times
        self.roots = {"*req": self.fields, "*opts": self.options, "*vars": self.variables, "*tenant": self.tenant}
