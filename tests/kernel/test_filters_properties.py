"""The filter language is total, and the index finds exactly who passes where its rules say so."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cgrd.errors import CgrdError
from cgrd.filters import Filters, FilterTypes, IndexSettings

TYPES = [name for name in FilterTypes().names() if not name.endswith(("http", "apiban", "sentrypeer"))]
TEXTS = st.sampled_from(
    ["", "1", "10", "1001", "1002", "abc", "10s", "true", "2026-01-31T08:00:00Z", "10.0.0.1", "10.0.0.0/8", "^1", "!x", "(", ">=5", "~*req.B", "*any"]
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 2000) | st.decimals(-5, 50, places=2) | TEXTS | st.lists(TEXTS, max_size=2)
EVENTS = st.dictionaries(st.sampled_from(["A", "B", "C"]), LEAVES | st.dictionaries(st.sampled_from(["X", "Y"]), LEAVES, max_size=2), max_size=3)


@st.composite
def inline(draw: st.DrawFn, types: list[str] = TYPES) -> str:
    kind = draw(st.sampled_from(types))
    element = draw(
        st.sampled_from(["~*req.A", "~*req.B", "~*req.C.X", "~*opts.A", "~*req.A{*len}", "A", "~*asm.ID", "~*vars.x", "~*libphonenumber.<~*req.A>.Region"])
    )
    values = "" if kind.endswith(("exists", "empty")) else "|".join(draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=3)))
    return f"{kind}:{element}:{values}"


@given(inline() | st.text(max_size=20).map("*".__add__), EVENTS)
@settings(max_examples=1000, deadline=None)
def test_any_filter_compiles_or_is_refused_and_any_event_is_answered(text: str, event: dict[str, Any]) -> None:
    with contextlib.suppress(CgrdError):
        passed = Filters().compile("cgrates.org", [text]).passes({"*req": event, "*opts": {}, "*vars": {}})
        assert isinstance(passed, bool)


@given(inline([name for name in TYPES if f"*not{name[1:]}" in TYPES]), EVENTS)
@settings(max_examples=500, deadline=None)
def test_a_negation_is_the_opposite(text: str, event: dict[str, Any]) -> None:
    filters, roots = Filters(), {"*req": event, "*opts": {}, "*vars": {}}
    with contextlib.suppress(CgrdError):
        passed = filters.compile("t", [text]).passes(roots)
        assert filters.compile("t", [f"*not{text[1:]}"]).passes(roots) is not passed


INDEXED = st.lists(inline(["*string"]).filter(lambda text: ":~*req.A:" in text or ":~*req.B:" in text), min_size=1, max_size=2)
PROFILES = st.dictionaries(st.sampled_from([f"P{at}" for at in range(8)]), INDEXED | st.just([]), max_size=8)


@given(PROFILES, EVENTS)
@settings(max_examples=500, deadline=None)
def test_indexed_and_linear_matching_agree(profiles: dict[str, list[str]], event: dict[str, Any]) -> None:
    """Where every profile has only constant *string filters, or none, the index loses nobody who passes."""
    profiles = {id: ids for id, ids in profiles.items() if "~*req.B" not in "".join(each.split(":", 2)[2] for each in ids)}
    filters = Filters()
    index = filters.index("t")
    for id, ids in profiles.items():
        index.set(id, ids)
    roots = {"*req": event, "*opts": {}}
    passing = {id for id, ids in profiles.items() if filters.compile("t", ids).passes(roots)}
    assert passing == {id for id in index.candidates(roots) if filters.compile("t", profiles[id]).passes(roots)}


ADDED = st.lists(
    st.tuples(st.sampled_from(["P1", "P2", "P3"]), st.booleans(), st.lists(inline(["*string", "*prefix", "*suffix", "*exists"]), max_size=2)), max_size=12
)


@given(ADDED)
def test_an_index_is_what_its_profiles_are_whatever_their_history(changes: list[tuple[str, bool, list[str]]]) -> None:
    filters = Filters()
    lived, final = filters.index("t"), dict[str, list[str]]()
    for id, removed, ids in changes:
        if removed:
            lived.remove(id)
            final.pop(id, None)
        else:
            lived.set(id, ids)
            final[id] = ids
    fresh = filters.index("t")
    for id, ids in final.items():
        fresh.set(id, ids)
    assert lived.listing() == fresh.listing()
    roots = {"*req": {"A": "1001", "B": "10", "C": {"X": "abc"}}, "*opts": {"A": "1"}}
    settings = IndexSettings(prefix_indexed_fields=("*req.A",), suffix_indexed_fields=("*req.A",), exists_indexed_fields=("*req.B",), nested_fields=True)
    lived.settings = fresh.settings = settings
    assert lived.candidates(roots) == fresh.candidates(roots)


WAYS = st.builds(
    IndexSettings,
    indexed_selects=st.booleans(),
    string_indexed_fields=st.none() | st.just(("*req.A", "*opts.A")),
    prefix_indexed_fields=st.sampled_from([(), ("*req.A",)]),
    exists_indexed_fields=st.sampled_from([(), ("*req.B",)]),
    nested_fields=st.booleans(),
)
PLACED = st.dictionaries(st.sampled_from(["P1", "P2"]), st.lists(inline(["*string", "*prefix", "*exists", "*gte"]), max_size=2), max_size=2)


@given(PLACED, WAYS, EVENTS, st.dictionaries(st.just("A"), TEXTS, max_size=1))
@settings(max_examples=500, deadline=None)
def test_who_is_said_to_find_none_finds_none(profiles: dict[str, list[str]], ways: IndexSettings, event: dict[str, Any], options: dict[str, str]) -> None:
    index = Filters().index("t", ways)
    for id, ids in profiles.items():
        index.set(id, ids)
    if not index.may_have_candidates(event.keys(), options):
        assert not index.candidates({"*req": event, "*opts": options})


def test_candidates_are_known_to_be_none_by_the_names_of_fields_and_the_values_of_options() -> None:
    index = Filters().index("t")
    assert not index.may_have_candidates({"Account"}, {})
    index.set("P", ["*string:~*req.Account:1001", "*string:~*opts.*eventType:CDR"])
    assert not index.may_have_candidates({"AccountID"}, {"*eventType": "AccountUpdate"})
    assert index.may_have_candidates({"Account"}, {"*eventType": "AccountUpdate"})
    assert index.may_have_candidates({"AccountID"}, {"*eventType": "CDR"})
    index.set("ANY", [])
    assert index.may_have_candidates({"AccountID"}, {})
