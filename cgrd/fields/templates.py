"""Templates: lists of fields, each with a path, a type, values, filters and a form; agents, readers and exporters write through them.

Source: spec/agents.md §A2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from cgrd.errors import CgrdError, ConfigurationError, NotFound, Wrong
from cgrd.fields.asked import Asking, NoWeb, Web
from cgrd.fields.paths import Resolver
from cgrd.fields.reading import Roots
from cgrd.fields.text import Duration, text_of
from cgrd.fields.types import FieldType, Make, Source, field_type
from cgrd.fields.values import Value, compile_value
from cgrd.fields.width import fit
from cgrd.fields.writers import Spot, Writer
from cgrd.instants import zone_of

_DEEPEST = 16


class Passing(Protocol):
    """The filters of a field or processor, as `cgrd.filters` compiles them."""

    @property
    def needs_fetch(self) -> bool:
        """Whether `prefetch` comes before `passes`."""

    def passes(self, roots: Roots) -> bool:
        """Whether all pass."""

    async def prefetch(self, roots: Roots) -> None:
        """Ask what they need."""


class FilterLanguage(Protocol):
    """Compiles filters; `cgrd.filters.Filters` is one."""

    def compile(self, tenant: str, filter_ids: Sequence[str] | None) -> Passing:
        """The filters of a field."""


class FieldTemplate(msgspec.Struct, kw_only=True):
    """One field of a template as configured, in the reference's key names; see spec/agents.md §A2."""

    tag: str = ""
    path: str = ""
    type: str = ""
    value: str = ""
    filters: list[str] | None = None
    blocker: bool = False
    mandatory: bool = False
    width: int = 0
    strip: str = ""
    padding: str = ""
    layout: str = ""
    timezone: str = ""
    attribute_id: str = ""
    new_branch: bool = False
    cost_shift_digits: int = 0
    rounding_decimals: int | None = None
    mask_destinationd_id: str = ""
    mask_length: int = 0


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What templates are compiled in.

    Attributes:
        filters: the filter language.
        tenant: whose stored filters fields name.
        templates: id → fields, for type `*template`.
        separator: `general.rsr_separator`.
        timezone: of fields that name none.
        rounding_decimals: `general.rounding_decimals`.
        web: the HTTP client of `*http#`.
        resolvers: prefix → asks its subsystem.
    """

    filters: FilterLanguage
    tenant: str = ""
    templates: Mapping[str, Sequence[Mapping[str, Any]]] = {}
    separator: str = ";"
    timezone: str = ""
    rounding_decimals: int = 5
    web: Web = NoWeb()
    resolvers: Mapping[str, Resolver] = {}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field ready to be applied."""

    template: FieldTemplate
    type: FieldType
    make: Make
    filters: Passing | None
    asks: tuple[Asking, ...]
    path: Value
    spot: Spot

    @property
    def needs_fetch(self) -> bool:
        """Whether others are asked before."""
        return bool(self.asks) or (self.filters is not None and self.filters.needs_fetch)


def compile_fields(configs: Sequence[Mapping[str, Any]], around: Surroundings) -> tuple[Field, ...]:
    """The fields of a template, those of `*template` in their place.

    Raises:
        ConfigurationError: a field cannot be used; it is named.
    """
    return tuple(_compile(template, around) for template in _inflated(configs, around, ()))


def _inflated(configs: Sequence[Mapping[str, Any]], around: Surroundings, inside: tuple[str, ...]) -> Iterator[FieldTemplate]:
    for config in configs:
        template = _converted(config)
        if template.type != "*template":
            yield template
            continue
        named = around.templates.get(template.value)
        if not named or template.value in inside or len(inside) > _DEEPEST:
            raise ConfigurationError(
                f"no template with id: <{template.value}>",
                explain=f"field {template.tag or template.path} wants the template {template.value!r}; templates: {' '.join(sorted(around.templates))}",
            )
        yield from _inflated(named, around, (*inside, template.value))


def _converted(config: Mapping[str, Any]) -> FieldTemplate:
    try:
        template = msgspec.convert(dict(config), FieldTemplate, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"field {config.get('tag') or config.get('path')}: {error}") from error
    return msgspec.structs.replace(template, tag=template.tag or template.path)


def _compile(template: FieldTemplate, around: Surroundings) -> Field:
    try:
        kind = field_type(template.type)
        source = _source(template, around)
        fetches = source.value.fetches if source.value else ()
        return Field(
            template=template,
            type=kind,
            make=kind.maker(source),
            filters=around.filters.compile(around.tenant, template.filters) if template.filters else None,
            asks=(*fetches, *(kind.asks(source) if kind.asks else ())),
            path=_path(template.path),
            spot=Spot(attribute_id=template.attribute_id, new_branch=template.new_branch, tag=template.tag),
        )
    except CgrdError as error:
        raise ConfigurationError(f"field {template.tag}: {error}", explain=error.explain) from error


def _source(template: FieldTemplate, around: Surroundings) -> Source:
    decimals = template.rounding_decimals
    return Source(
        type=template.type,
        value=compile_value(template.value, separator=around.separator) if template.value else None,
        layout=template.layout,
        zone=zone_of(template.timezone or around.timezone),
        rounding_decimals=around.rounding_decimals if decimals is None else decimals,
        web=around.web,
    )


def _path(text: str) -> Value:
    """The path as a value: most are constants, some hold `<~*req.X>`."""
    pieces = text.replace(">", "<").split("<")
    if len(pieces) == 1:
        return compile_value(f"`{text}`") if text else compile_value("*none")
    return compile_value(";".join(piece if at % 2 else f"`{piece}`" for at, piece in enumerate(pieces) if piece))


def apply(fields: Sequence[Field], roots: Roots, writer: Writer) -> None:
    """Write every field whose filters pass, in order.

    Raises:
        CgrdError: a filter or value cannot be evaluated, a mandatory field is missing or empty, a text does not fit its width.
    """
    for field in fields:
        if field.filters is not None and not field.filters.passes(roots):
            continue
        _apply(field, roots, writer)
        if field.template.blocker:
            return


async def apply_after_fetch(fields: Sequence[Field], roots: Roots, writer: Writer, around: Surroundings) -> None:
    """`apply` for fields of which some need something of other subsystems or services; raises as it does."""
    for field in fields:
        if field.filters is not None:
            await field.filters.prefetch(roots)
            if not field.filters.passes(roots):
                continue
        for asking in field.asks:
            await asking.into(roots, around.tenant, around.resolvers)
        _apply(field, roots, writer)
        if field.template.blocker:
            return


def needs_fetch(fields: Sequence[Field]) -> bool:
    """Whether `apply_after_fetch` is needed in the place of `apply`."""
    return any(field.needs_fetch for field in fields)


def _apply(field: Field, roots: Roots, writer: Writer) -> None:
    mode = field.type.mode
    if mode == "nothing":
        return
    path = field.path.find(roots)
    if path is None:
        return
    if mode in ("remove", "remove_all"):
        writer.write(path, None, mode=mode, spot=field.spot)
        return
    value = _value(field, roots, writer, path)
    if value is not None:
        writer.write(path, value, mode=mode, spot=field.spot)


def _value(field: Field, roots: Roots, writer: Writer, path: str) -> Any:
    """What is to be written; None when a field that it reads is missing and this one is not mandatory."""
    template = field.template
    try:
        made = field.make(roots, lambda: writer.read(path))
    except NotFound as error:
        if not template.mandatory:
            return None
        raise NotFound.of(template.tag, explain=error.explain) from error
    if template.width:
        made = fit(text_of(made), tag=template.tag, width=template.width, strip=template.strip, padding=template.padding)
    if template.mandatory and made == "":
        raise Wrong(f"Empty source value for fieldID: <{template.tag}>")
    # Durations travel as their texts, numbers and times as what they are.
    return text_of(made) if isinstance(made, Duration) or not isinstance(made, (int, Decimal)) else made
