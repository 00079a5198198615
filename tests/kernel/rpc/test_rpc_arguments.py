"""Arguments are read strictly and fast, then as Go's encoding/json would, then refused in plain words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd import CGREvent, Instant
from cgrd.errors import CgrdError, Wrong
from cgrd.rpc.arguments import read_arguments


class Item(msgspec.Struct):
    Units: str = ""
    Time: Instant | None = None


class Profile(msgspec.Struct):
    ID: str = ""
    Weight: Decimal = Decimal(0)
    UsageTTL: int = 0
    Blocker: bool = False
    Items: list[Item] = []
    Options: dict[str, Any] = {}
    Names: list[str] | None = None


class Needy(msgspec.Struct):
    ID: str
    Count: int
    Since: Instant


def read(params: str, wanted: Any = Profile) -> Any:
    return read_arguments(wanted, msgspec.Raw(params.encode()))


@pytest.mark.parametrize("params", ["", "null", "[]", "[null]", "[{}]", "{}"])
def test_nothing_is_the_zero_value(params: str) -> None:
    assert read(params) == Profile()


def test_fields_that_must_be_there_have_zero_values_too() -> None:
    assert read("[{}]", Needy) == Needy(ID="", Count=0, Since=Instant.ZERO)


def test_an_object_by_name_is_the_argument() -> None:
    assert read('{"ID":"A","Weight":1.5}') == Profile(ID="A", Weight=Decimal("1.5"))


def test_keys_may_come_in_any_case_and_an_exact_one_wins() -> None:
    assert read('[{"id":"a","usagettl":5,"items":[{"units":"3"}]}]') == Profile(ID="a", UsageTTL=5, Items=[Item(Units="3")])
    assert read('[{"ID":"exact","id":"other"}]').ID == "exact"
    assert read('[{"Items":[{"uNITS":"3"}]}]').Items == [Item(Units="3")]


def test_unknown_keys_are_not_looked_at_and_of_two_the_last_wins() -> None:
    assert read('[{"ID":"a","Colour":"red","ID":"b"}]') == Profile(ID="b")


def test_null_in_a_field_is_its_zero_value() -> None:
    nulls = ",".join(f'"{field}":null' for field in Profile.__struct_fields__)
    assert read(f"[{{{nulls}}}]") == Profile()
    assert read('[{"Items":[null]}]').Items == [Item()]


def test_an_event_keeps_its_free_fields_with_exact_numbers() -> None:
    event = read('[{"tenant":"t","Event":{"Cost":0.1,"Usage":"1m"},"Time":"2024-01-01T00:00:00Z"}]', CGREvent)
    assert (event.Tenant, event.Event) == ("t", {"Cost": Decimal("0.1"), "Usage": "1m"})
    assert str(event.Time) == "2024-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ('[{"UsageTTL":"1h"}]', "json: cannot use a string for UsageTTL: a whole number is wanted"),
        ('[{"Weight":"1"}]', "json: cannot use a string for Weight: a number is wanted"),
        ('[{"ID":5}]', "json: cannot use a number for ID: a text is wanted"),
        ('[{"Blocker":"x"}]', "json: cannot use a string for Blocker: true or false is wanted"),
        ('[{"Names":"x"}]', "json: cannot use a string for Names: a list is wanted"),
        ('[{"Options":5}]', "json: cannot use a number for Options: an object is wanted"),
        ('[{"Items":[{"Units":5}]}]', "json: cannot use a number for Items.Units: a text is wanted"),
        ('[{"Items":[{"Time":"noon"}]}]', "json: cannot use a string for Items.Time: a time, as 2026-01-31T08:00:00Z, is wanted"),
        ('["x"]', "json: cannot use a string for the argument: an object with ID"),
        ("[[]]", "json: cannot use a list for the argument: an object with ID"),
        ("5", "json: params is a list with one argument"),
        ('[{"Weight":1e999999}]', "json: number out of range"),
    ],
)
def test_what_does_not_fit_is_named(params: str, told: str) -> None:
    with pytest.raises(Wrong, match="^" + re.escape(told)) as refusal:
        read(params)
    assert "`" not in refusal.value.word


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ID", "id", "Items", "Weight", "Time", "x"]) | st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from([Profile, CGREvent, Needy, str, Any, list[str], dict[str, Any], Item | None]))
def test_any_json_is_an_argument_or_a_clear_error(value: Any, wanted: Any) -> None:
    told = refusal(wanted, msgspec.json.encode([value]))
    assert not re.search(r"\b(str|dict|Decimal|NoneType|int)\b", told.partition("value")[0].partition("with")[0])


def refusal(wanted: Any, params: bytes) -> str:
    """The text of the refusal; empty where the arguments are good."""
    try:
        read_arguments(wanted, msgspec.Raw(params))
    except CgrdError as error:
        return error.word
    return ""


@given(st.binary(max_size=60))
def test_any_octets_are_an_argument_or_a_clear_error(octets: bytes) -> None:
    for params in (octets, b"[" + octets + b"]", b'[{"ID":"' + octets + b'"}]'):
        told = refusal(Profile, params)
        assert not told or told.startswith("json: ")
