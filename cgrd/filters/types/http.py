"""`*http#<url>`: a web service decides: asked with the field as query parameter, or with the whole event for `*any`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cgrd.errors import Wrong
from cgrd.fields.asked import ASKED, Asking, Question, url_of
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots
from cgrd.fields.text import sniff, text_of
from cgrd.filters.rule import FilterType, Subject, Test


class HttpQuestion(msgspec.Struct, frozen=True):
    """The question to the service about one event."""

    subject: Subject
    key: Question

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask once an evaluation; the answer goes into the roots."""
        known = roots.setdefault(ASKED, {})
        if self.key not in known:
            known[self.key] = await self._ask(roots)

    async def _ask(self, roots: Roots) -> Any:
        element, web = self.subject.element, self.subject.context.web
        url = url_of(self.subject.type)
        if element.rule == "*any":
            return await web.post(url, {prefix: roots[prefix] for prefix in ("*req", "*opts", "*vars") if prefix in roots})
        field = element.rule.rpartition(".")[2]
        return await web.get(url, query={field: element.find(roots) or ""}, headers={})


def _asks(subject: Subject) -> tuple[Asking, ...]:
    return (HttpQuestion(subject=subject, key=(subject.type, subject.element.rule)),)


def compile_http(subject: Subject) -> Test:
    """The test of what the service answered."""
    key = (subject.type, subject.element.rule)
    if not url_of(subject.type):
        raise Wrong(f"no URL in filter type <{subject.type}>", explain="write *http#[https://host/path]")

    def passes(roots: Roots) -> bool:
        answer = roots.get(ASKED, {}).get(key, False)
        found = sniff(text_of(answer).strip())
        if isinstance(found, bool) or found in (0, 1):
            return bool(found)
        raise Wrong(f'strconv.ParseBool: parsing "{text_of(answer)}": invalid syntax', explain=f"{subject.type} answers true or false")

    return passes


HTTP = FilterType(name="*http", compile=compile_http, negation=False, asks=_asks)
