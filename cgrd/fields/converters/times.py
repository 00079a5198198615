"""Converters of times."""

from __future__ import annotations

from typing import Any

from cgrd.durations import SECOND
from cgrd.errors import Wrong
from cgrd.fields.converters.reading import Converter, ConverterFactory, as_instant
from cgrd.fields.layouts import RFC3339, format_layout
from cgrd.fields.parsing import parse_layout
from cgrd.fields.text import text_of
from cgrd.instants import Instant, zone_of


def unix_time(args: list[str]) -> Converter:
    """`*unixtime`: whole seconds since 1970."""
    return lambda value: as_instant(value).ns // SECOND


def time_string(args: list[str]) -> Converter:
    """`*timestring[:zone[:layout]]`: the time told in a zone ("Local" unless told), by Go's layout, which may hold colons."""
    zone = zone_of(args[0] if args and args[0] else "Local")
    layout = ":".join(args[1:]) or "2006-01-02 15:04:05"
    return lambda value: format_layout(as_instant(value, zone).at_zone(zone), layout)


def date_time(args: list[str]) -> Converter:
    """`*datetime:layout`: the time that the text holds in Go's layout, which may hold colons."""
    if not args:
        raise Wrong("*datetime converter: requires at least one parameter")
    layout = ":".join(args) or RFC3339

    def convert(value: Any) -> Instant:
        text = text_of(value)
        try:
            return parse_layout(text, layout)
        except Wrong as error:
            raise Wrong(f'*datetime converter: parsing failed for value "{text}" with layout "{layout}": {error}') from error

    return convert


TIMES: dict[str, ConverterFactory] = {"*unixtime": unix_time, "*timestring": time_string, "*datetime": date_time}
