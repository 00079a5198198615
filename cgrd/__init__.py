"""cgrd: a real-time charging and AAA daemon. These are the names a plugin may import; what else is here is the kernel's own."""

from cgrd.component import Agent, Component, HttpFace, Peer, Served, Subsystem, method, methods_of, served_as
from cgrd.event import AlteredEvent, CGREvent, EventArgs, FlaggedEvent, cgrid
from cgrd.exports import Exporter, ExportRecord
from cgrd.flows import Flow, Run, Stage, stage, stages_of
from cgrd.graph import Hop
from cgrd.hookspecs import hookimpl
from cgrd.instants import Instant
from cgrd.vocabularies import Action, ActionContext, Metric, MetricFactory, Sorting, SortingFactory, without_account

__all__ = [
    "Action",
    "ActionContext",
    "Agent",
    "AlteredEvent",
    "CGREvent",
    "Component",
    "EventArgs",
    "ExportRecord",
    "Exporter",
    "FlaggedEvent",
    "Flow",
    "Hop",
    "HttpFace",
    "Instant",
    "Metric",
    "MetricFactory",
    "Peer",
    "Run",
    "Served",
    "Sorting",
    "SortingFactory",
    "Stage",
    "Subsystem",
    "cgrid",
    "hookimpl",
    "method",
    "methods_of",
    "served_as",
    "stage",
    "stages_of",
    "without_account",
]
