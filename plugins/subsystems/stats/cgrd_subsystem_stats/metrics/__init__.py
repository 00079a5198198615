"""The metrics of StatS by name: what an event gives to each, and what they make of it."""

from __future__ import annotations

from typing import Final

from cgrd import MetricFactory
from cgrd_subsystem_stats.metrics.amounts import Average, AverageCost, Sum, TotalCost
from cgrd_subsystem_stats.metrics.answered import AnswerRatio
from cgrd_subsystem_stats.metrics.distinct import Destinations, Distinct
from cgrd_subsystem_stats.metrics.extremes import Highest, Lowest
from cgrd_subsystem_stats.metrics.lengths import AverageDuration, PostDialDelay, TotalDuration
from cgrd_subsystem_stats.metrics.metric import Kept
from cgrd_subsystem_stats.metrics.replies import Failures, Successes

METRICS: Final[dict[str, MetricFactory]] = {
    "*asr": AnswerRatio,
    "*acd": AverageDuration,
    "*tcd": TotalDuration,
    "*acc": AverageCost,
    "*tcc": TotalCost,
    "*pdd": PostDialDelay,
    "*ddc": Destinations,
    "*sum": Sum,
    "*average": Average,
    "*highest": Highest,
    "*lowest": Lowest,
    "*distinct": Distinct,
    "*repsc": Successes,
    "*repfc": Failures,
}
"""Name → factory of the metric's argument (what follows `#` in `*sum#~*req.Cost`)."""

__all__ = ["METRICS", "Kept"]
