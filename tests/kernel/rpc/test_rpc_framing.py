"""JSON values are found in a stream, however it is cut; whatever else comes is refused within bounds."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.rpc.framing import Splitter, too_deep
from cgrd.rpc.limits import Limits

LIMITS = Limits(body=2000, depth=10)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[]\n é')
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('k"\\{', max_size=3), inner, max_size=4), max_leaves=8)
REQUESTS = st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=3).filter(lambda value: len(json.dumps(value)) < 1500)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


@given(st.lists(REQUESTS), st.sampled_from(["", "\n", " \r\n", "\n\n"]), st.lists(st.integers(0, 10_000)), st.sampled_from([None, 1]))
def test_values_come_out_whole_however_the_stream_is_cut(requests: list[object], between: str, cuts: list[int], indent: int | None) -> None:
    stream = between.join(json.dumps(request, indent=indent) for request in requests).encode()
    splitter = Splitter(Limits())
    found = [value for piece in pieces(stream, cuts) for value in splitter.feed(piece)]
    assert splitter.error is None
    assert not splitter.partial
    assert [json.loads(value) for value in found] == requests


@given(st.lists(st.binary(max_size=600)))
def test_any_octets_are_read_or_refused_and_never_kept_beyond_the_limit(chunks: list[bytes]) -> None:
    splitter = Splitter(LIMITS)
    for chunk in chunks:
        splitter.feed(chunk)
        assert len(splitter._kept) <= LIMITS.body


@given(st.text('{}[]"\\ \na', max_size=300))
def test_octets_that_look_like_json_are_read_the_same_whole_and_one_by_one(text: str) -> None:
    whole, slow = Splitter(LIMITS), Splitter(LIMITS)
    values = whole.feed(text.encode())
    assert [value for letter in text for value in slow.feed(letter.encode())] == values
    assert (slow.error is None) == (whole.error is None)


@pytest.mark.parametrize(
    ("stream", "told"),
    [(b"GET / HTTP/1.1\r\n", "begins with { or ["), (b"[" * 11, "nested deeper than 10"), (b'{"a":"' + b"x" * 3000, "more than 2000 octets")],
)
def test_a_refusal_says_why(stream: bytes, told: str) -> None:
    splitter = Splitter(LIMITS)
    assert splitter.feed(stream) == []
    assert told in str(splitter.error)


def test_values_before_what_is_refused_are_given() -> None:
    splitter = Splitter(LIMITS)
    assert splitter.feed(b'{"a":1}{"b":2} nonsense') == [b'{"a":1}', b'{"b":2}']
    assert splitter.error is not None


def test_depth_is_counted_in_brackets_outside_texts() -> None:
    assert too_deep(b"[" * 11 + b"]" * 11, LIMITS)
    assert not too_deep(b"[" * 10 + b"]" * 10, LIMITS)
    assert not too_deep(b'["' + b"[" * 50 + b'"]', LIMITS)
