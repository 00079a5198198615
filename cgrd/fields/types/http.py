"""`*http#<url>`: what a web service answers; asked with the fields that the value names as query parameters, or with the whole event for `*any`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from cgrd.errors import CgrdError, Wrong
from cgrd.fields.asked import ASKED, Asking, url_of
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots
from cgrd.fields.text import text_of
from cgrd.fields.types.source import FieldType, Make, Source, missing


class HttpField(msgspec.Struct, frozen=True):
    """The question of one field."""

    source: Source

    async def into(self, roots: Roots, tenant: str, resolvers: Mapping[str, Resolver]) -> None:
        """Ask once an evaluation; the answer goes into the roots."""
        known = roots.setdefault(ASKED, {})
        if (key := _key(self.source)) not in known:
            known[key] = await self._ask(roots)

    async def _ask(self, roots: Roots) -> str:
        url = url_of(self.source.type)
        rules = [part.rule for part in self.source.parts]
        try:
            if rules == ["*any"]:
                return text_of(await self.source.web.post(url, {prefix: roots[prefix] for prefix in ("*req", "*opts", "*vars") if prefix in roots}))
            query = {part.rule.rpartition(".")[2]: part.find(roots) or "" for part in self.source.parts}
            return text_of(await self.source.web.get(url, query=query, headers={}))
        except CgrdError as error:
            raise Wrong(f"error processing the request: {error}", explain=error.explain) from error


def _key(source: Source) -> tuple[str, str]:
    return source.type, source.value.rule if source.value else ""


def answer(source: Source) -> Make:
    """`*http#<url>`: what a web service answers, asked with the fields as query parameters, or with the whole event for `*any`."""
    key = _key(source)

    def make(roots: Roots, current: Callable[[], str | None]) -> str:
        answers = roots.get(ASKED, {})
        if key not in answers:
            raise missing(source.type)
        return str(answers[key])

    return make


def _asks(source: Source) -> tuple[Asking, ...]:
    return (HttpField(source=source),)


HTTP = FieldType(name="*http", compile=answer, asks=_asks)
