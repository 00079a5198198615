"""Converters of numbers; exact decimals, never binary floats."""

from __future__ import annotations

import random as dice

from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory, as_decimal, as_int, quotient
from cgrd.money import round_decimal

_FOUR_GIGA = 1 << 32


def rounded(args: list[str]) -> Converter:
    """`*round[:decimals[:method]]`: 0 decimals and `*middle` unless told."""
    try:
        decimals = int(args[0]) if args and args[0] else 0
    except ValueError as error:
        raise Wrong(f"*round converter needs integer as decimals, have: <{args[0]}>") from error
    method = args[1] if len(args) > 1 and args[1] else "*middle"
    return lambda value: round_decimal(as_decimal(value), min(max(decimals, -30), 30), method)


def multiplied(args: list[str]) -> Converter:
    """`*multiply:n`."""
    factor = as_decimal(_needed(args))
    return lambda value: as_decimal(value) * factor


def divided(args: list[str]) -> Converter:
    """`*divide:n`."""
    divisor = as_decimal(_needed(args))
    return lambda value: quotient(as_decimal(value), divisor)


def _needed(args: list[str]) -> str:
    if not args or not args[0]:
        raise Wrong("mandatory information missing", explain="give the number, as {*multiply:2}")
    return args[0]


def number(args: list[str]) -> Converter:
    """`*float64`: the text as a number."""
    return as_decimal


def gigawords(args: list[str]) -> Converter:
    """`*gigawords`: how many octets that many overflows of a 32-bit counter are (RFC 2869 §5.1)."""
    return lambda value: as_int(value) * _FOUR_GIGA


def random(args: list[str]) -> Converter:
    """`*random[:min[:max]]`: an integer, min <= n < max."""
    low = as_int(args[0], parser="Atoi") if args and args[0] else 0
    high = as_int(args[1], parser="Atoi") if len(args) > 1 and args[1] else (1 << 63) - 1
    if high <= low:
        raise Wrong(f"*random converter needs min < max, have: <{low}:{high}>")
    return lambda value: dice.randrange(low, high)


NUMBERS: dict[str, ConverterFactory] = {
    "*round": rounded,
    "*multiply": multiplied,
    "*divide": divided,
    "*float64": number,
    "*gigawords": gigawords,
    "*random": random,
}
