"""The kit for plugin authors."""

from cgrd.testing.clock import VirtualClock

__all__ = ["VirtualClock"]
