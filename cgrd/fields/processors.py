"""Request processors: which of an agent's requests they take, the event they make of one and the reply of the answer.

Source: spec/agents.md §A1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cgrd.errors import CgrdError, ConfigurationError
from cgrd.event import CGREvent
from cgrd.fields.flags import Flags
from cgrd.fields.reading import Roots
from cgrd.fields.templates import Field, Passing, Surroundings, apply, apply_after_fetch, compile_fields
from cgrd.fields.values import Value, compile_value
from cgrd.fields.writers import Targets, Writer
from cgrd.instants import Instant, zone_of


class RequestProcessor(msgspec.Struct, frozen=True, kw_only=True):
    """One processor ready to be used.

    Attributes:
        id: its name.
        tenant: the rule of the event's tenant; None for the default tenant.
        timezone: of times that name none.
        flags: what is to be done.
        filters: whether a request is taken.
        request_fields: write `*cgreq`, `*opts`, `*vars`, `*tmp`.
        reply_fields: write `*rep`.
    """

    id: str
    tenant: Value | None
    timezone: str
    flags: Flags
    filters: Passing
    request_fields: tuple[Field, ...]
    reply_fields: tuple[Field, ...]
    around: Surroundings

    @property
    def continues(self) -> bool:
        """Whether later processors see the request too (`*continue`)."""
        return "*continue" in self.flags

    async def takes(self, roots: Roots) -> bool:
        """Whether its filters let the request pass; raises CgrdError when they cannot be evaluated."""
        if self.filters.needs_fetch:
            await self.filters.prefetch(roots)
        return self.filters.passes(roots)

    def tenant_of(self, roots: Roots, default: str) -> str:
        """The tenant of a request; `default` where the rule finds none."""
        found = self.tenant.find(roots) if self.tenant is not None else None
        return found or default


class Exchange:
    """One message of an agent on its way through the processors: what they may read and write.

    Args:
        request: the message: a map, or an object that reads its own paths; `*req`.
        vars: what the agent knows beside it (`RemoteHost`); `*vars`.
        reply: where `*rep` is written; a map unless the protocol keeps order.
        more: other roots to read (`*oreq`, `*cfg`).
        writers: other targets to write (`*diamreq`).
    """

    def __init__(
        self,
        *,
        request: Any,
        vars: Mapping[str, Any] | None = None,
        reply: Writer | None = None,
        more: Mapping[str, Any] | None = None,
        writers: Mapping[str, Writer] | None = None,
    ) -> None:
        self.cgreq: dict[str, Any] = {}
        self.opts: dict[str, Any] = {}
        self.vars: dict[str, Any] = dict(vars or {})
        self.reply: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        own = {"*cgreq": self.cgreq, "*opts": self.opts, "*vars": self.vars, "*rep": self.reply, "*cgrep": self.answer, "*tmp": {}, "*uch": {}}
        self.roots: Roots = {**(more or {}), "*req": request, **own}
        self.targets = Targets.of(own)
        self.targets.writers.update(writers or {})
        if reply is not None:
            self.targets.writers["*rep"] = reply

    async def request(self, processor: RequestProcessor, *, default_tenant: str, now: Instant, id: str) -> CGREvent:
        """The event that the processor makes of the message; raises CgrdError for a field that cannot be made."""
        self.cgreq.clear()
        tenant = processor.tenant_of(self.roots, default_tenant)
        self.roots["*tenant"] = tenant
        await self._write(processor.request_fields, processor.around)
        at = now.at_zone(zone_of(processor.timezone)) if processor.timezone else now
        return CGREvent(Tenant=tenant, ID=id, Time=at, Event=dict(self.cgreq), APIOpts=dict(self.opts))

    def answered(self, reply: Mapping[str, Any] | None, *, error: str = "") -> None:
        """What the event's journey brought, as `*cgrep`; `Error` is always there."""
        self.answer.clear()
        self.answer.update(reply or {})
        self.answer["Error"] = error

    async def reply_fields(self, processor: RequestProcessor) -> None:
        """Write the processor's reply; raises CgrdError for a field that cannot be made."""
        await self._write(processor.reply_fields, processor.around)

    async def _write(self, fields: Sequence[Field], around: Surroundings) -> None:
        if any(field.needs_fetch for field in fields):
            await apply_after_fetch(fields, self.roots, self.targets, around)
        else:
            apply(fields, self.roots, self.targets)


def compile_processor(config: Mapping[str, Any], around: Surroundings) -> RequestProcessor:
    """The processor of a configuration item.

    Raises:
        ConfigurationError: it cannot be used; the processor and field are named.
    """
    name = str(config.get("id", ""))
    try:
        timezone = str(config.get("timezone") or around.timezone)
        zone_of(timezone)
        inside = msgspec.structs.replace(around, timezone=timezone)
        tenant = str(config.get("tenant") or "")
        return RequestProcessor(
            id=name,
            tenant=compile_value(tenant, separator=around.separator) if tenant else None,
            timezone=timezone,
            flags=Flags(config.get("flags") or ()),
            filters=around.filters.compile(around.tenant, config.get("filters") or ()),
            request_fields=compile_fields(config.get("request_fields") or (), inside),
            reply_fields=compile_fields(config.get("reply_fields") or (), inside),
            around=inside,
        )
    except CgrdError as error:
        raise ConfigurationError(f"request processor {name}: {error}", explain=error.explain) from error


def compile_processors(configs: Iterable[Mapping[str, Any]], around: Surroundings) -> tuple[RequestProcessor, ...]:
    """The processors of an agent's section, in order; raises as `compile_processor`."""
    return tuple(compile_processor(config, around) for config in configs)
