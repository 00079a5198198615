"""Questions to web services that a rule or field asks before it is evaluated, and where the answers lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from cgrd.errors import NotConnected
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots

ASKED: Final = "*asked"
"""The root that keeps what services answered; no rule can name it."""
Question = tuple[str, str]
"""What makes two questions the same: the rule's type and its element or number."""


class Web(Protocol):
    """The HTTP client that the kernel gives to what asks a service."""

    async def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """The decoded JSON (or the text) of the answer; raises NotFound for 404 and CgrdError for every other failure."""

    async def post(self, url: str, body: Any) -> Any:
        """The same for a JSON body."""


class NoWeb:
    """No HTTP client: every request fails with a clear error."""

    async def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        raise NotConnected("HTTP", explain=f"{url} is to be asked, and the language was given no HTTP client")

    async def post(self, url: str, body: Any) -> Any:
        raise NotConnected("HTTP", explain=f"{url} is to be asked, and the language was given no HTTP client")


class Asking(Protocol):
    """Something to be asked of another subsystem or service before an evaluation; lays its answer into the roots."""

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask once an evaluation."""


def url_of(type_name: str) -> str:
    """The URL of `*http#url` or `*http#[url]`."""
    url = type_name.partition("#")[2]
    return url[1:-1] if url.startswith("[") and url.endswith("]") else url
