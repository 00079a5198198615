"""A reload reaches everything: what was computed of the old configuration is computed anew."""

from __future__ import annotations

from typing import Any

from cgrd.testing import kernel_in_memory
from cgrd.testing.memory import tree_of


def sections(tenant: str) -> dict[str, Any]:
    return {"general": {"default_tenant": tenant, "default_timezone": "Europe/Berlin" if tenant == "new" else "UTC"}, "attributes": {"enabled": True}}


async def test_what_components_hold_tells_of_the_new_configuration() -> None:
    async with kernel_in_memory(sections("old")) as kernel:
        held = kernel.house.components["attributes"].services
        assert (held.default_tenant, str(held.zone)) == ("old", "UTC")
        await kernel.apply(tree_of(sections("new"), kernel.plugins))
        assert (held.default_tenant, str(held.zone)) == ("new", "Europe/Berlin")
