"""`~*libphonenumber.<number>[.<what>]`: what the numbering plans say about a phone number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cgrd.errors import Wrong
from cgrd.fields.missing import MISSING

_TYPES = {0: "FIXED_LINE", 1: "MOBILE", 2: "FIXED_LINE_OR_MOBILE", 3: "TOLL_FREE", 4: "PREMIUM_RATE", 5: "SHARED_COST", 6: "VOIP"}
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


def read_phone(names: Sequence[str]) -> Any:
    """What `*libphonenumber.<names>` reads: the fact, or all of them as a map; MISSING where the plan says nothing by that name.

    Raises:
        Wrong: no number.
    """
    if not names or not names[0]:
        return MISSING
    facts = _facts(names[0])
    return facts.get(names[1], MISSING) if len(names) > 1 else facts


@lru_cache(4096)
def _facts(text: str) -> dict[str, Any]:
    import phonenumbers
    from phonenumbers import carrier, geocoder

    number = parse_number(text, None)
    kind = phonenumbers.number_type(number)
    return {
        "CountryCode": number.country_code,
        "NationalNumber": number.national_number,
        "Region": phonenumbers.region_code_for_number(number) or "",
        "NumberType": kind,
        "NumberTypeName": _TYPES.get(kind, "UNKNOWN"),
        "GeoLocation": geocoder.description_for_number(number, "en"),
        "Carrier": carrier.name_for_number(number, "en"),
        "LengthOfNationalDestinationCode": phonenumbers.length_of_national_destination_code(number),
        "RawInput": number.raw_input or text,
        "Extension": number.extension or "",
        "NumberOfLeadingZeros": number.number_of_leading_zeros or 1,
        "ItalianLeadingZero": bool(number.italian_leading_zero),
        "PreferredDomesticCarrierCode": number.preferred_domestic_carrier_code or "",
        "CountryCodeSource": number.country_code_source or 0,
    }
