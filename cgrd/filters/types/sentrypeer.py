"""`*sentrypeer`: the number (`*number`) or address (`*ip`) in the field is known to sentrypeer.com.

Source: https://docs.sentrypeer.com (an answer 200 means listed, 404 not).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cgrd.errors import NotFound, Wrong
from cgrd.fields.asked import ASKED, Asking
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, constants

_URLS = {
    "*ip": ("sentrypeer_ips_url", "https://sentrypeer.com/api/ip-addresses"),
    "*number": ("sentrypeer_numbers_url", "https://sentrypeer.com/api/phone-numbers"),
}


class PeerQuestion(msgspec.Struct, frozen=True):
    """The question about one event's number or address."""

    subject: Subject
    sort: str

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask once an evaluation; the answer goes into the roots."""
        text = self.subject.element.find(roots)
        known = roots.setdefault(ASKED, {})
        if text is not None and (self.sort, text) not in known:
            known[self.sort, text] = await self._listed(text)

    async def _listed(self, text: str) -> bool:
        services: dict[str, Any] = self.subject.context.services
        setting, default = _URLS[self.sort]
        token = services.get("sentrypeer_token", "")
        headers = {"Authorization": f"Bearer {await token() if callable(token) else token}"}
        try:
            await self.subject.context.web.get(f"{services.get(setting, default)}/{text}", query={}, headers=headers)
        except NotFound:
            return False
        return True


def _sort(subject: Subject) -> str:
    known = constants(subject.values) or frozenset()
    if len(known) != 1 or not known <= _URLS.keys():
        raise Wrong(f"invalid value for sentrypeer filter: <{'|'.join(value.rule for value in subject.values)}>", explain="wanted *number or *ip")
    return next(iter(known))


def _asks(subject: Subject) -> tuple[Asking, ...]:
    return (PeerQuestion(subject=subject, sort=_sort(subject)),)


def compile_sentrypeer(subject: Subject) -> Test:
    """The test of what the service says."""
    find, sort = subject.element.find, _sort(subject)
    return lambda roots: bool(roots.get(ASKED, {}).get((sort, find(roots)), False))


SENTRYPEER = FilterType(name="*sentrypeer", compile=compile_sentrypeer, asks=_asks)
