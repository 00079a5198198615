"""Asking another daemon by HTTP POST."""

from __future__ import annotations

from typing import Any

import trio

from cgrd.errors import Disconnected, RemoteError, ReplyTimeout
from cgrd.rpc.limits import Limits
from cgrd.rpc.messages import request
from cgrd.rpc.replies import read_answer
from cgrd.rpc.settings import ConnectionSettings


class HttpClient:
    """One URL; user and password may stand in it. httpx keeps and reuses the connections.

    Args:
        settings: address and time limits.
        limits: `body` of an answer.
    """

    def __init__(self, *, settings: ConnectionSettings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        scheme = "https" if settings.tls else "http"
        self._url = settings.address if "://" in settings.address else f"{scheme}://{settings.address}"
        self._http: Any = None

    def start(self, nursery: trio.Nursery) -> None:
        """Nothing is kept in the nursery."""

    async def call(self, method: str, args: object, reply: Any = Any) -> Any:
        """Ask the other daemon.

        Raises:
            Disconnected: it cannot be reached.
            ReplyTimeout: no answer in time.
            CgrdError: its answer.
        """
        import httpx

        if self._http is None:
            self._http = self._open()
        try:
            with trio.fail_after(self._settings.reply_timeout):
                response = await self._http.post(self._url, content=request(1, method, args))
        except (trio.TooSlowError, httpx.ReadTimeout) as error:
            raise ReplyTimeout(explain=f"{self._settings.name}: {self._url} did not answer {method} in time (reply_timeout)") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            asked = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.InvalidURL)
            raise Disconnected(explain=f"{self._settings.name}: cannot ask {self._url}: {error}", asked=asked) from error
        if response.headers.get("content-type", "").partition(";")[0] != "application/json" and response.status_code != 200:
            explain = f"{self._settings.name}: {self._url} answered HTTP {response.status_code}: {response.text[:200].strip()}"
            raise RemoteError(f"HTTP status {response.status_code}", explain=explain)
        return read_answer(response.content, reply)

    def _open(self) -> Any:
        import httpx

        from cgrd.rpc.tls import client_tls

        settings = self._settings
        verify: Any = False
        if self._url.startswith("https:"):
            verify = client_tls(ca_certificate=settings.ca_certificate, certificate=settings.client_certificate, key=settings.client_key)
        timeout = httpx.Timeout(_none_for_ever(settings.reply_timeout), connect=_none_for_ever(settings.connect_timeout))
        return httpx.AsyncClient(verify=verify, timeout=timeout, headers={"Content-Type": "application/json"}, trust_env=False)


def _none_for_ever(seconds: float) -> float | None:
    return None if seconds == float("inf") else seconds
