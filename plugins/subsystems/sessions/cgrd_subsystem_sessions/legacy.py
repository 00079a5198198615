"""SMGenericV1: the flat calls of old switch modules (OpenSIPS 2.3); maps in, seconds out.

Source: spec/sessions.md §6 (V1 legacy), spec/api.md SMGenericV1.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cgrd import CGREvent, EventArgs, Peer, method
from cgrd.durations import SECOND
from cgrd_subsystem_sessions.structured import CALLS, Call

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

BY_METHOD = {call.method: call for call in CALLS}


class Legacy:
    """Serves SMGenericV1 by the structured API.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner

    @method("SMGenericV1.GetMaxUsage")
    async def get_max_usage(self, args: dict[str, Any], peer: Peer | None = None) -> Decimal:
        """How long an event may go on, in seconds."""
        return await self._seconds(BY_METHOD["AuthorizeEvent"], args, peer)

    @method("SMGenericV1.InitiateSession")
    async def initiate(self, args: dict[str, Any], peer: Peer | None = None) -> Decimal:
        """Start a session; how long it may go on, in seconds."""
        return await self._seconds(BY_METHOD["InitiateSession"], args, peer)

    @method("SMGenericV1.UpdateSession")
    async def update(self, args: dict[str, Any], peer: Peer | None = None) -> Decimal:
        """Let a session go on; how long, in seconds."""
        return await self._seconds(BY_METHOD["UpdateSession"], args, peer)

    @method("SMGenericV1.TerminateSession")
    async def terminate(self, args: dict[str, Any], peer: Peer | None = None) -> str:
        """End a session."""
        await self._owner.structured.charge(BY_METHOD["TerminateSession"], self._event(args), peer)
        return "OK"

    @method("SMGenericV1.ProcessCDR")
    async def process_cdr(self, args: dict[str, Any]) -> str:
        """Record a session."""
        return await self._owner.records.process_cdr(EventArgs(Tenant=str(args.get("Tenant") or ""), ID=str(args.get("ID") or ""), Event=args))

    async def _seconds(self, call: Call, fields: dict[str, Any], peer: Peer | None) -> Decimal:
        reply = await self._owner.structured.charge(call, self._event(fields), peer)
        usage = reply.get("MaxUsage", 0)
        return Decimal(usage) if usage < 0 else Decimal(usage) / SECOND

    def _event(self, fields: dict[str, Any]) -> CGREvent:
        return CGREvent(Tenant=str(fields.get("Tenant") or ""), ID=str(fields.get("ID") or ""), Event=fields)
