"""CoreSv1.Panic harms nobody."""

from __future__ import annotations

from typing import Any

import pytest
import structlog.testing

from cgrd.errors import ServerError
from cgrd.testing import call, kernel_in_memory


@pytest.mark.parametrize("asked", [{}, {"Message": ""}, {"Message": "trial"}, {"Message": "x" * 10_000, "Tenant": None}])
async def test_a_panic_fails_its_request_is_logged_and_the_daemon_goes_on(asked: dict[str, Any]) -> None:
    async with kernel_in_memory({}) as kernel:
        with structlog.testing.capture_logs() as logged, pytest.raises(ServerError, match=r"SERVER_ERROR: panic: ") as told:
            await call(kernel, "CoreSv1.Panic", **asked)
        assert len(told.value.word) < 600
        assert [each["log_level"] for each in logged] == ["critical"]
        assert await call(kernel, "CoreSv1.Ping") == "Pong"
