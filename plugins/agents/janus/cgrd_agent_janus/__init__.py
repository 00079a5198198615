"""The Janus agent: charges WebRTC sessions of a Janus gateway."""

from __future__ import annotations

from collections.abc import Sequence

from cgrd import Component, hookimpl


@hookimpl
def cgrd_components() -> Sequence[type[Component]]:
    """The agent's class; its libraries are loaded here, not when the plugin is found."""
    from cgrd_agent_janus.agent import JanusAgent

    return [JanusAgent]
