"""The field language is total: any text compiles or is refused, and what compiles never fails in another way than by CgrdError."""

from __future__ import annotations

import contextlib
import string
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgrd.errors import CgrdError
from cgrd.fields import CONVERTERS, FIELD_TYPES, Source, compile_rule, compile_value, field_type, fit, format_layout, sniff, text_of
from cgrd.fields.parsing import parse_layout
from cgrd.instants import Instant

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.decimals(allow_nan=False, allow_infinity=False, places=4)
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "10s",
            "1001",
            "2026-01-31T08:00:00Z",
            "sip:a@b",
            "+4986517174963",
            "[1,2]",
            "1e999",
            "-1e-999",
            "9" * 70,
            "99999999999s",
            "4.3.2.1.e164.arpa",
            "0x8264f210",
            "%zz",
            "10.0.0.1",
        ]
    )
)
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["A", "B", "C d", "0", "ID"]), inner, max_size=4), max_leaves=8
)
EVENTS = st.dictionaries(st.sampled_from(["Account", "A", "B", "Usage", "CostDetails", "AccountSummary"]), TREES, max_size=5)
ARGUMENTS = st.lists(st.text(alphabet=string.digits + "*xPprefixsuffixchar.-", max_size=8), max_size=4)
PIECES = [
    "~*req.",
    "Account",
    "A",
    "[0]",
    "[x",
    "<",
    ">",
    "~",
    ";",
    "`",
    ":s/",
    "(.*)",
    "/",
    "${1}",
    "{*",
    "}",
    "&",
    "*round:2",
    "*len",
    "*req",
    "*asm.ID",
    ".",
    "<~*req.A>",
]
RULES = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=30)


@given(RULES, EVENTS)
@example("~*req.A[0].B:s/(.*)/${9}/{*slice&*len}", {"A": [{"B": "[1]"}]})
@example("~*libphonenumber.<~*req.A>.Region", {"A": "x"})
@example("~*req.CostDetails.A", {"CostDetails": "[" * 5000})
@settings(max_examples=400, deadline=None)
def test_any_rule_compiles_or_is_refused_and_any_event_is_answered(rule: str, event: dict[str, Any]) -> None:
    with contextlib.suppress(CgrdError):
        value = compile_value(rule)
        roots = {"*req": event, "*opts": {}, "*vars": None}
        found = value.find(roots)
        assert found is None or isinstance(found, str)
        assert isinstance(value.text(roots), str)


@given(st.sampled_from(sorted(CONVERTERS)), ARGUMENTS, LEAVES)
@settings(max_examples=800, deadline=None)
def test_a_converter_converts_or_says_why_not(name: str, args: list[str], leaf: Any) -> None:
    with contextlib.suppress(CgrdError):
        value = compile_rule(f"~*req.X{{{':'.join([name, *args])}}}")
        assert isinstance(value.text({"*req": {"X": leaf}}), str)


@given(st.sampled_from(sorted(set(FIELD_TYPES) - {"*http"})), st.lists(LEAVES, max_size=4), st.none() | st.text(max_size=5))
@settings(max_examples=800, deadline=None)
def test_a_type_makes_a_value_or_says_why_not(name: str, leaves: list[Any], there: str | None) -> None:
    event = {f"F{at}": leaf for at, leaf in enumerate(leaves)}
    value = compile_value(";".join(f"~*req.{key}" for key in event)) if event else None
    with contextlib.suppress(CgrdError):
        assert isinstance(text_of(field_type(name).maker(Source(type=name, value=value))({"*req": event}, lambda: there)), str)


@given(st.text(max_size=30))
def test_sniffing_never_fails(text: str) -> None:
    text_of(sniff(text))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_numbers_keep_their_value_through_their_text(number: Decimal) -> None:
    assert Decimal(text_of(number)) == number


@given(
    st.integers(-2_000_000_000, 4_000_000_000),
    st.sampled_from(["2006-01-02T15:04:05Z07:00", "02/01/2006 15:04:05", "Jan _2 2006 03:04:05PM", "20060102150405"]),
)
def test_what_a_layout_writes_it_reads(seconds: int, layout: str) -> None:
    moment = Instant(seconds * 1_000_000_000)
    assert parse_layout(format_layout(moment, layout), layout) == moment


@given(st.text(max_size=30), st.text(max_size=20))
def test_reading_by_any_layout_reads_or_is_refused(text: str, layout: str) -> None:
    with contextlib.suppress(CgrdError):
        parse_layout(text, layout)


@given(st.text(max_size=12), st.integers(1, 10), st.sampled_from(["*right", "*xright", "*left", "*xleft"]), st.sampled_from(["*right", "*left", "*zeroleft"]))
def test_a_width_is_kept(text: str, width: int, strip: str, padding: str) -> None:
    assert len(fit(text, tag="T", width=width, strip=strip, padding=padding)) == width
