"""Where a request has its key."""

from __future__ import annotations

from typing import Any

import pytest

from cgrd.once import key_of, unkeyed


def test_the_key_is_under_its_tenant() -> None:
    assert key_of({"Tenant": "cgrates.org", "APIOpts": {"*idempotencyKey": "k"}}) == "cgrates.org:k"


@pytest.mark.parametrize("options", [[None], "x", 1.5, True, None, {}])
def test_what_is_no_map_of_options_has_no_key(options: Any) -> None:
    args = {"APIOpts": options}
    assert (key_of(args), unkeyed(args)) == ("", args)
