"""Where the block list takes part in flows."""

from cgrd import Flow, stage


@stage("*blocklist", of="authorize", after="*attributes", before="*chargers", edge="blocklist", always=True, errors="BLOCKLIST_ERROR")
@stage("*blocklist", of="event", after="*chargers", before="*attributes", edge="blocklist", always=True, errors="BLOCKLIST_ERROR")
async def refuse(flow: Flow) -> None:
    """Ask whether the number may be called."""
    await flow.call("BlockListSv1.Check", flow.event)
