"""Truth values and lists among the options of a request, each in the dialect of who reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cgrd.errors import Wrong
from cgrd.options import ASKED, FALSE_UNLESS_SAID, TEXT, TRUE_UNLESS_SAID, Dialect, asked_flag, asked_ids, read_flag


@pytest.mark.parametrize("dialect", [TEXT, ASKED, FALSE_UNLESS_SAID, TRUE_UNLESS_SAID])
def test_all_dialects_know_the_same_words(dialect: Dialect) -> None:
    assert all(read_flag(value, dialect=dialect) for value in (True, "1", "t", "T", "TRUE", "true", "True", 1))
    assert not any(read_flag(value, dialect=dialect) for value in (False, "0", "f", "F", "FALSE", "false", "False", 0))


@pytest.mark.parametrize(
    ("value", "text", "asked"),
    [("yes", None, None), (2, None, True), (-1, None, False), (Decimal("0.5"), None, True), ("", False, False), (None, False, False), ([True], None, None)],
)
def test_dialects_differ_where_it_is_neither(value: Any, text: bool | None, asked: bool | None) -> None:
    for dialect, wanted in ((TEXT, text), (ASKED, asked)):
        if wanted is None:
            with pytest.raises(Wrong, match=r"^strconv.ParseBool: parsing "):
                read_flag(value, dialect=dialect)
        else:
            assert read_flag(value, dialect=dialect) is wanted


@pytest.mark.parametrize("value", ["yes", "", None, [True], {}])
def test_some_take_what_cannot_be_read_for_what_is_safe(value: Any) -> None:
    assert read_flag(value, dialect=FALSE_UNLESS_SAID) is False
    assert read_flag(value, dialect=TRUE_UNLESS_SAID) is True


def test_an_option_that_is_not_given_is_what_is_configured_and_one_that_cannot_be_read_is_named() -> None:
    assert asked_flag({}, "*ignore", True) is True
    assert asked_flag({"*ignore": None}, "*ignore", True) is True
    assert asked_flag({"*ignore": "false"}, "*ignore", True) is False
    with pytest.raises(Wrong, match=r'^strconv.ParseBool: parsing "x": invalid syntax$') as told:
        asked_flag({"*ignore": "x"}, "*ignore", True)
    assert "*ignore" in told.value.explain


def test_ids_are_a_list() -> None:
    assert asked_ids({"*ids": ("A", 1)}, "*ids", []) == ["A", "1"]
    assert asked_ids({}, "*ids", ["D"]) == ["D"]
    with pytest.raises(Wrong, match=r"^cannot convert field: string to \[\]string$"):
        asked_ids({"*ids": "A"}, "*ids", [])
