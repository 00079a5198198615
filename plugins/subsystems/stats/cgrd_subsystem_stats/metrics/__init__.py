"""The metrics of StatS by name: what an event gives to each, and what they make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cgrd_subsystem_stats.metrics.amounts import Average, Sum, average_cost, total_cost
from cgrd_subsystem_stats.metrics.answered import AnswerRatio
from cgrd_subsystem_stats.metrics.distinct import Distinct, destinations
from cgrd_subsystem_stats.metrics.extremes import Highest, Lowest
from cgrd_subsystem_stats.metrics.lengths import average_duration, post_dial_delay, total_duration
from cgrd_subsystem_stats.metrics.metric import Kept, Metric
from cgrd_subsystem_stats.metrics.replies import Failures, Successes

METRICS: Final[dict[str, Callable[[str], Metric]]] = {
    "*asr": AnswerRatio,
    "*acd": average_duration,
    "*tcd": total_duration,
    "*acc": average_cost,
    "*tcc": total_cost,
    "*pdd": post_dial_delay,
    "*ddc": destinations,
    "*sum": Sum,
    "*average": Average,
    "*highest": Highest,
    "*lowest": Lowest,
    "*distinct": Distinct,
    "*repsc": Successes,
    "*repfc": Failures,
}
"""Name → factory of the metric's argument (what follows `#` in `*sum#~*req.Cost`)."""

__all__ = ["METRICS", "Kept", "Metric"]
