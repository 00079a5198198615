"""The HTTP client of rules and fields that ask a web service: `*http#…`, `*apiban`, `*sentrypeer`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd.clock import Clock
from cgrd.codec import decode, encode
from cgrd.durations import SECOND
from cgrd.errors import CgrdError, NotFound, ReplyTimeout, Unreachable

if TYPE_CHECKING:
    import httpx

    from cgrd.config import Tree

_LARGEST = 16 << 20


class HttpWeb:
    """Asks over HTTP; connections are kept and reused. httpx is imported when something is asked for the first time.

    Args:
        timeout_ns: how long one answer may take.
        verify: whether the server's certificate is checked.
    """

    def __init__(self, *, timeout_ns: int, verify: bool = True) -> None:
        self._timeout = timeout_ns / SECOND
        self._verify = verify
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The decoded JSON of the answer, or its text.

        Raises:
            NotFound: 404.
            ReplyTimeout, Unreachable: nothing came in time, or nothing answers there.
            CgrdError: any other status than 2xx, or an answer beyond 16 MiB.
        """
        return await self._ask("GET", url, params=query or None, headers=headers)

    async def post(self, url: str, body: Any) -> Any:
        """The same for a body, sent as JSON."""
        return await self._ask("POST", url, content=encode(body), headers={"content-type": "application/json"})

    async def _ask(self, verb: str, url: str, **request: Any) -> Any:
        import httpx

        try:
            with trio.fail_after(self._timeout):
                return read_answer(url, *await self._answer(verb, url, request))
        except (trio.TooSlowError, httpx.TimeoutException) as error:
            raise ReplyTimeout(explain=f"{url} did not answer within {self._timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise Unreachable(f"cannot ask {url}: {error}") from error

    async def _answer(self, verb: str, url: str, request: dict[str, Any]) -> tuple[int, bytes]:
        async with self._opened().stream(verb, url, **request) as response:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise CgrdError(f"{url} answered more than {_LARGEST} octets")
            return response.status_code, bytes(body)

    def _opened(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(verify=ssl.create_default_context() if self._verify else False, follow_redirects=True, timeout=self._timeout)
        return self._client


def read_answer(url: str, status: int, body: bytes) -> Any:
    """What an answer says; raises as `HttpWeb.get`."""
    if status == 404:
        raise NotFound(explain=f"{url} answered 404")
    if not 200 <= status < 300:
        told = body[:200].decode(errors="replace").strip()
        raise CgrdError(f"{url} answered HTTP {status}", explain=told)
    try:
        return decode(body)
    except msgspec.DecodeError:
        return body.decode(errors="replace")


class SentryPeerToken:
    """The token of sentrypeer.com, fetched when it is needed and kept until it expires.

    Args:
        web: the HTTP client.
        settings: section `sentrypeer`.
        clock: when it expires.
    """

    def __init__(self, *, web: HttpWeb, settings: Mapping[str, Any], clock: Clock) -> None:
        self._web = web
        self._settings = settings
        self._clock = clock
        self._token = ""
        self._until_ns = 0

    async def __call__(self) -> str:
        """The token; raises CgrdError when none is given."""
        if self._clock.monotonic_ns() >= self._until_ns:
            await self._fetch()
        return self._token

    async def _fetch(self) -> None:
        body = {name: self._settings[name] for name in ("client_id", "client_secret", "audience", "grant_type")}
        answer = await self._web.post(self._settings["token_url"], body)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise CgrdError(f"{self._settings['token_url']} gave no access_token", explain="look at sentrypeer.client_id and client_secret")
        life = answer.get("expires_in")
        self._token = answer["access_token"]
        self._until_ns = self._clock.monotonic_ns() + (life if isinstance(life, int) else 0) * SECOND


def web_of(tree: Tree) -> HttpWeb:
    """The client as `general.reply_timeout` and `http.client_opts` want it."""
    options = tree.sections["http"].get("client_opts") or {}
    return HttpWeb(timeout_ns=tree.duration("general", "reply_timeout"), verify=not options.get("skipTlsVerify"))


def services_of(tree: Tree, web: HttpWeb, clock: Clock) -> dict[str, Any]:
    """What the filter types need to know of the services they ask: `FilterContext.services`."""
    peer = tree.sections["sentrypeer"]
    return {
        "apiban_keys": tree.sections["apiban"]["keys"],
        "sentrypeer_token": SentryPeerToken(web=web, settings=peer, clock=clock),
        "sentrypeer_numbers_url": peer["numbers_url"],
        "sentrypeer_ips_url": peer["ips_url"],
    }
