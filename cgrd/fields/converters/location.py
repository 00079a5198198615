"""`*3gpp_uli[:path]`: the User Location Information of a mobile network (3GPP TS 29.061 §16.4.7.2, TS 29.274 §8.21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory
from cgrd.fields.missing import MISSING
from cgrd.fields.reading import descend
from cgrd.fields.text import text_of


def _operator(octets: bytes) -> dict[str, Any]:
    """Country and network code in packed digits; the third digit of a two-digit network code is filler."""
    digits = [octets[0] & 15, octets[0] >> 4, octets[1] & 15, octets[2] & 15, octets[2] >> 4, octets[1] >> 4]
    return {"MCC": "".join(map(str, digits[:3])), "MNC": "".join(str(digit) for digit in digits[3:] if digit != 15)}


def _two(first: str) -> Callable[[bytes], dict[str, Any]]:
    return lambda octets: {**_operator(octets), first: int.from_bytes(octets[3:5], "big")}


def _four(first: str, second: str) -> Callable[[bytes], dict[str, Any]]:
    return lambda octets: {**_two(first)(octets), second: int.from_bytes(octets[5:7], "big")}


def _cell(name: str, bits: int) -> Callable[[bytes], dict[str, Any]]:
    return lambda octets: {**_operator(octets), name: int.from_bytes(octets[3:], "big") & ((1 << bits) - 1)}


def _area(octets: bytes) -> dict[str, Any]:
    return {**_operator(octets), "TAC": int.from_bytes(octets[3:], "big")}


# Type octet → its parts in order: name, octets, reader.
_Part = tuple[str, int, Callable[[bytes], dict[str, Any]]]
_KINDS: dict[int, list[_Part]] = {
    0: [("CGI", 7, _four("LAC", "CI"))],
    1: [("SAI", 7, _four("LAC", "SAC"))],
    2: [("RAI", 7, _four("LAC", "RAC"))],
    128: [("TAI", 5, _area)],
    129: [("ECGI", 7, _cell("ECI", 28))],
    130: [("TAI", 5, _area), ("ECGI", 7, _cell("ECI", 28))],
    135: [("NCGI", 8, _cell("NCI", 36))],
    136: [("TAI5GS", 6, _area)],
    137: [("TAI5GS", 6, _area), ("NCGI", 8, _cell("NCI", 36))],
}


def decode_location(octets: bytes) -> dict[str, Any]:
    """The location's parts as maps.

    Raises:
        Wrong: another type of location, or too few octets.
    """
    if not octets:
        raise Wrong("ULI data too short")
    parts = _KINDS.get(octets[0])
    if parts is None:
        raise Wrong(f"unsupported ULI location type: {octets[0]}")
    found, at = {}, 1
    for name, size, read in parts:
        if len(octets) < at + size:
            raise Wrong(f"ULI data too short for {name}: {len(octets)} octets")
        found[name] = read(octets[at : at + size])
        at += size
    return found


def location(args: list[str]) -> Converter:
    """The location as JSON, or the field at the path (TAI.MCC); the text is octets, or hexadecimal after 0x."""

    def convert(value: Any) -> Any:
        found = decode_location(_octets(text_of(value)))
        if not args or not args[0]:
            return found
        part = descend(found, args[0].split("."))
        if part is MISSING:
            raise Wrong(f"no {args[0]} in this ULI", explain=f"it holds {' '.join(found)}")
        return part

    return convert


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8", "surrogateescape")
    except ValueError as error:
        raise Wrong(f"invalid ULI: {error}") from error


LOCATION: dict[str, ConverterFactory] = {"*3gpp_uli": location}
