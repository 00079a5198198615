"""Attributes.csv: rules that change events."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from cgrd.errors import MandatoryMissing, ServerError, Wrong
from cgrd.fields import compile_value, split_rules
from cgrd.profiles import (
    FLAG,
    INTERVAL,
    LIST,
    NUMBER,
    ActivationInterval,
    Api,
    Cell,
    FilterIndex,
    Items,
    Kind,
    Method,
    Profiles,
    Reading,
    Scope,
    TpApi,
    column,
    set_method,
)


class RSRRule(msgspec.Struct):
    """One part of a value list."""

    Rules: str = ""


class Attribute(msgspec.Struct):
    """One change: what is written where, when the filters pass."""

    FilterIDs: list[str] = []
    Path: str = ""
    Type: str = ""
    Value: list[RSRRule] = []

    @property
    def rules(self) -> list[str]:
        """The parts of the value."""
        return [part.Rules for part in self.Value]


class AttributeProfile(msgspec.Struct):
    """A set of changes for events of some contexts."""

    Tenant: str = ""
    ID: str = ""
    Contexts: list[str] = []
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    Attributes: list[Attribute] = []
    Blocker: bool = False
    Weight: Decimal = Decimal(0)


class ExternalAttribute(msgspec.Struct):
    """A change as APIerSv2 takes it: the value as one text."""

    FilterIDs: list[str] = []
    Path: str = ""
    Type: str = ""
    Value: str = ""


class APIAttributeProfile(msgspec.Struct):
    """A profile as APIerSv2 takes it."""

    Tenant: str = ""
    ID: str = ""
    Contexts: list[str] = []
    FilterIDs: list[str] = []
    ActivationInterval: ActivationInterval | None = None
    Attributes: list[ExternalAttribute] = []
    Blocker: bool = False
    Weight: Decimal = Decimal(0)
    APIOpts: dict[str, Any] | None = None


def split_value(text: str) -> list[RSRRule]:
    """The parts of a value list; between backticks `;` is an ordinary character.

    Raises:
        Wrong: a backtick is not closed, or a part is empty.
    """
    return [RSRRule(part) for part in split_rules(text)] if text else []


def join_value(parts: Iterable[RSRRule]) -> str:
    """The text of a value list; parts that hold a `;` go between backticks."""
    return ";".join(f"`{part.Rules}`" if ";" in part.Rules else part.Rules for part in parts)


def _build_value(text: str, _: Reading) -> list[RSRRule]:
    return split_value(text)


VALUE = Cell(word="value list by `;`", build=_build_value, unbuild=join_value)


def check(record: Any, scope: Scope) -> None:
    """Every value must compile.

    Raises:
        CgrdError: a rule or converter is wrong, in the reference's words.
    """
    for attribute in record.Attributes:
        if attribute.Type in ("*constant", "*none"):
            continue
        for rule in attribute.rules:
            compile_value(f"`{rule}`" if ";" in rule else rule)


def _api_check(record: Any) -> None:
    if not record.Attributes:
        raise ServerError(MandatoryMissing("Attributes"))
    for attribute in record.Attributes:
        if not attribute.Path:
            raise ServerError(MandatoryMissing("Path"))
        if not any(attribute.rules) and attribute.Type != "*none":
            raise ServerError(MandatoryMissing("Value"))


def _normal(record: Any) -> Any:
    return record if record.Contexts else msgspec.structs.replace(record, Contexts=["*any"])


def inline_profile(tenant: str, id: str) -> AttributeProfile | None:
    """The profile that an inline id stands for: `*type:path:value`, several with `;` between, parts of a value with `&`; None for an ordinary id.

    Raises:
        ServerError: it begins like one and is none.
    """
    if not id.startswith("*"):
        return None
    changes = [_inline_attribute(text, id) for text in id.split(";")]
    return AttributeProfile(Tenant=tenant, ID=id, Contexts=["*any"], Attributes=changes)


def _inline_attribute(text: str, id: str) -> Attribute:
    parts = text.split(":", 2)
    if len(parts) != 3:
        raise ServerError(f"inline parse error for string: <{id}>", explain="an inline attribute is *type:path:value")
    kind, path, value = parts
    if not path:
        raise ServerError(f"empty path in inline AttributeProfile <{id}>", explain="an inline attribute is *type:path:value")
    return Attribute(Path=path, Type=kind, Value=[RSRRule(part) for part in split_rules(value, "&")] if value else [])


def _methods(profiles: Profiles) -> Iterable[Method]:
    def to_record(args: APIAttributeProfile) -> AttributeProfile:
        changes = [Attribute(a.FilterIDs, a.Path, a.Type, _split_or_refuse(a.Value)) for a in args.Attributes]
        return AttributeProfile(args.Tenant, args.ID, args.Contexts, args.FilterIDs, args.ActivationInterval, changes, args.Blocker, args.Weight)

    yield set_method(profiles, "AttributeProfile", name="APIerSv2.SetAttributeProfile", args=APIAttributeProfile, to_record=to_record)


def _split_or_refuse(text: str) -> list[RSRRule]:
    try:
        return split_value(text)
    except Wrong as error:
        raise ServerError(error) from error


ATTRIBUTE_PROFILE = Kind(
    name="AttributeProfile",
    record=AttributeProfile,
    file="Attributes.csv",
    model="AttributeMdl",
    order=200,
    columns=(
        column("Tenant"),
        column("ID"),
        column("Contexts", LIST),
        column("FilterIDs", LIST),
        column("ActivationInterval", INTERVAL),
        column("AttributeFilterIDs", LIST, into="FilterIDs", item="Attributes"),
        column("Path", item="Attributes"),
        column("Type", item="Attributes", words="Attribute types"),
        column("Value", VALUE, item="Attributes"),
        column("Blocker", FLAG, first=True),
        column("Weight", NUMBER),
    ),
    items=Items(field="Attributes", key="Path", type=Attribute),
    cache="*attribute_profiles",
    api=Api(noun="AttributeProfile", count=True, check=_api_check, extra=_methods),
    tp=TpApi(noun="AttributeProfile", ids="AttributeProfileIds"),
    index=FilterIndex(item_type="*attributes", section="attributes", contexts="Contexts"),
    check=check,
    synthetic=inline_profile,
    normal=_normal,
    docs="Changes to events, before others see them.",
)

KINDS = [ATTRIBUTE_PROFILE]
