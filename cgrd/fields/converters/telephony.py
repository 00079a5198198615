"""Converters of phone numbers: ENUM names (RFC 6116) and the numbering plans."""

from __future__ import annotations

from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory, as_int
from cgrd.fields.phones import parse_number
from cgrd.fields.text import text_of


def _enum_name(value: Any) -> tuple[str, str]:
    digits, found, domain = text_of(value).partition(".e164.")
    if not found:
        raise Wrong("unknown format", explain=f'"{text_of(value)}" is no ENUM name as 4.3.2.1.e164.arpa')
    return digits, domain


def e164(args: list[str]) -> Converter:
    """`*e164`: "4.3.2.1.e164.arpa." → "1234"."""
    return lambda value: "".join(reversed(_enum_name(value)[0].split(".")))


def e164_domain(args: list[str]) -> Converter:
    """`*e164Domain`: "4.3.2.1.e164.arpa." → "e164.arpa"."""
    return lambda value: "e164." + _enum_name(value)[1].rstrip(".")


def phone_number(args: list[str]) -> Converter:
    """`*libphonenumber:CC[:format]`: 0 E.164, 1 international, 2 national (unless told), 3 RFC 3966."""
    if not 1 <= len(args) <= 2:
        raise Wrong(f"unsupported number of parameters for *libphonenumber converter: {len(args)}", explain="wanted *libphonenumber:CC[:format]")
    form = as_int(args[1], parser="Atoi") if len(args) > 1 else 2

    def convert(value: Any) -> str:
        import phonenumbers

        return str(phonenumbers.format_number(parse_number(text_of(value), args[0]), form if form in (0, 1, 2, 3) else 2))

    return convert


TELEPHONY: dict[str, ConverterFactory] = {
    "*e164": e164,
    "*e164Domain": e164_domain,
    "*libphonenumber": phone_number,
    "*phone_number": phone_number,
}
