"""`*apiban`: the address in the field is on apiban.org's list: `*all` fetches the whole list, `*single` asks for the one.

Source: https://www.apiban.org/doc.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cgrd.errors import Wrong
from cgrd.fields.asked import ASKED, Asking
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots
from cgrd.filters.rule import FilterType, Subject, Test, constants

_URL = "https://apiban.org/api"


class ListQuestion(msgspec.Struct, frozen=True):
    """The question about one event's address."""

    subject: Subject

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask once an evaluation for each address; the answer goes into the roots."""
        address = self.subject.element.find(roots)
        known = roots.setdefault(ASKED, {})
        if address is not None and ("*apiban", address) not in known:
            known["*apiban", address] = await self._listed(address)

    async def _listed(self, address: str) -> bool:
        web, keys = self.subject.context.web, self.subject.context.services.get("apiban_keys") or []
        if not keys:
            raise Wrong("no apiban keys", explain="set apiban.keys in the configuration")
        if constants(self.subject.values) == frozenset({"*single"}):
            answer = await web.get(f"{_URL}/{keys[0]}/check/{address}", query={}, headers={})
            return address in _addresses(answer)
        return await self._in_whole_list(keys[0], address)

    async def _in_whole_list(self, key: str, address: str) -> bool:
        start, seen = "100", set[str]()
        # The list comes in pages, each naming the next; a page that names itself or one before it is the last.
        while start not in seen:
            seen.add(start)
            answer = await self.subject.context.web.get(f"{_URL}/{key}/banned/{start}", query={}, headers={})
            if address in _addresses(answer):
                return True
            start = str(answer.get("ID", start)) if isinstance(answer, dict) else start
        return False


def _addresses(answer: Any) -> list[Any]:
    found = answer.get("ipaddress", []) if isinstance(answer, dict) else []
    return found if isinstance(found, list) else [found]


def _asks(subject: Subject) -> tuple[Asking, ...]:
    return (ListQuestion(subject=subject),)


def compile_apiban(subject: Subject) -> Test:
    """The test of what the list says."""
    find = subject.element.find
    for value in subject.values:
        if value.constant not in ("*all", "*single"):
            raise Wrong(f"invalid value for apiban filter: <{value.rule}>", explain="wanted *all or *single")
    return lambda roots: bool(roots.get(ASKED, {}).get(("*apiban", find(roots)), False))


APIBAN = FilterType(name="*apiban", compile=compile_apiban, asks=_asks)
