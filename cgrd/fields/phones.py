"""`~*libphonenumber.<number>[.<what>]`: what the numbering plans say about a phone number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.missing import MISSING

_FAULTS = {
    0: "invalid country code",
    1: "the phone number supplied is not a number",
    2: "the string supplied is too short to be a phone number",
    3: "the string supplied is too short to be a phone number",
    4: "the string supplied is too long to be a phone number",
}


def parse_number(text: str, region: str | None) -> Any:
    """The `phonenumbers` object of a number; without region only numbers with a country code are understood.

    Raises:
        Wrong: no number, in the words of the library that the reference uses.
    """
    import phonenumbers

    try:
        return phonenumbers.parse(text, region or None, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        raise Wrong(_FAULTS.get(error.error_type, str(error)), explain=f'"{text}" is no phone number') from error


def _carrier(number: Any) -> str:
    from phonenumbers import carrier

    return str(carrier.name_for_number(number, "en"))


def _place(number: Any) -> str:
    from phonenumbers import geocoder

    return str(geocoder.description_for_number(number, "en"))


def _region(number: Any) -> str:
    import phonenumbers

    return str(phonenumbers.region_code_for_number(number) or "")


def _type(number: Any) -> int:
    import phonenumbers

    return int(phonenumbers.number_type(number))


def _area_length(number: Any) -> int:
    import phonenumbers

    return int(phonenumbers.length_of_national_destination_code(number))


_FACTS: dict[str, Callable[[Any], Any]] = {
    "CountryCode": lambda number: number.country_code,
    "NationalNumber": lambda number: number.national_number,
    "Region": _region,
    "NumberType": _type,
    "GeoLocation": _place,
    "Carrier": _carrier,
    "LengthOfNationalDestinationCode": _area_length,
    "RawInput": lambda number: number.raw_input or "",
    "Extension": lambda number: number.extension or "",
    "NumberOfLeadingZeros": lambda number: number.number_of_leading_zeros or 1,
    "ItalianLeadingZero": lambda number: bool(number.italian_leading_zero),
    "PreferredDomesticCarrierCode": lambda number: number.preferred_domestic_carrier_code or "",
    "CountryCodeSource": lambda number: number.country_code_source or 0,
}


def prepare_phones(names: Sequence[str]) -> None:
    """Load the numbering plans that these names need when a rule is compiled: places and carriers take seconds, which no event should wait for."""
    read_phone(["+493012345", *names[1:]])


def read_phone(names: Sequence[str]) -> Any:
    """What `*libphonenumber.<names>` reads: the fact, or all of them as a map; MISSING where the plan says nothing by that name.

    Raises:
        Wrong: no number.
    """
    if not names or not names[0]:
        return MISSING
    number = _number(names[0])
    if len(names) == 1:
        return {name: read(number) for name, read in _FACTS.items()}
    read = _FACTS.get(names[1])
    return MISSING if read is None else read(number)


@lru_cache(4096)
def _number(text: str) -> Any:
    return parse_number(text, None)
