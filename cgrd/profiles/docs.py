"""The reference of tariff plan files, made from the declarations: what stands here is what is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cgrd.profiles.kind import Column, Kind

HEAD = """# Tariff plans

The files of a tariff plan and their columns, in the order in which they are loaded. Made by `python -m cgrd.profiles.docs` out of the declarations that
load them; a test compares this page with those. Which words a column may hold (action types, threshold types, timings …) and what they mean stands in
[VOCABULARY.md](VOCABULARY.md); `cgrd load FOLDER --check` warns of those that nobody knows.

Durations are written `60s`, `1m30s`, `500ms`; a bare number is nanoseconds (octets or pieces, where data or
messages are charged), so `60` is next to nothing.
"""


def kinds_page(kinds: Iterable[Kind]) -> str:
    """Markdown: a section a kind, with its columns."""
    return "\n".join([HEAD, *(line for kind in sorted(kinds, key=lambda kind: kind.order) for line in _section(kind))])


def _section(kind: Kind) -> Iterator[str]:
    yield f"## {kind.file}: {kind.name}"
    yield ""
    if kind.docs:
        yield kind.docs
        yield ""
    yield "| # | column | field | holds | empty means | over several rows |"
    yield "|---|---|---|---|---|---|"
    for number, column in enumerate(kind.columns, 1):
        where = f"{column.item}[].{column.into}" if column.item else column.into
        yield f"| {number} | {column.name} | {where} | {_held(column)} | {_empty(column)} | {_merging(kind, column)} |"
    yield ""


def _held(column: Column) -> str:
    return f"{column.cell.word}: [{column.words.lower()}](VOCABULARY.md#{anchor(column.words)})" if column.words else column.cell.word


def anchor(heading: str) -> str:
    """Where a heading of a page is, as an address within it."""
    return heading.lower().replace(" ", "-")


def _empty(column: Column) -> str:
    if column.cell.many:
        return "none"
    zero = column.cell.zero
    return "" if zero in ("", None) else "false" if zero is False else str(zero)


def _merging(kind: Kind, column: Column) -> str:
    if column.name in kind.key:
        return "names the record"
    if column.item:
        starts = kind.items is not None and kind.items.key == column.name
        return "a new item where not empty" if starts else "belongs to the row's item"
    if column.cell.many:
        return "all values of all rows"
    return "the first row's" if column.first else "the last that is not empty"


if __name__ == "__main__":
    from cgrd.profiles import all_kinds

    print(kinds_page(all_kinds()), end="")
