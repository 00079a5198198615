"""`*repsc` and `*repfc`: requests that went well, and those that did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cgrd.fields import MISSING, Roots, text_of
from cgrd_subsystem_stats.metrics.metric import Metric

OK = "OK"


class Successes(Metric):
    """Events whose ReplyState is OK."""

    def read(self, roots: Roots) -> Any:
        state = roots["*req"].get("ReplyState", MISSING)
        return 1 if state is not MISSING and text_of(state) == OK else MISSING


class Failures(Metric):
    """Events whose ReplyState is another one, or the one that the argument names."""

    def read(self, roots: Roots) -> Any:
        state = roots["*req"].get("ReplyState", MISSING)
        if state is MISSING:
            return MISSING
        text = text_of(state)
        return 1 if (text == self.argument if self.argument else text != OK) else MISSING

    def shown(self, fed: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return {**super().shown(fed), "ErrorType": self.argument}
