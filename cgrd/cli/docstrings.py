"""What the documentation of a function, class or module says, on one line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

_SECTIONS = ("Args:", "Attributes:", "Raises:", "Returns:", "Source:", "Yields:")
_NAMED = re.compile(r"\A(?:`\*\w+`(?:, )?)+: ")


def first_part(thing: Any) -> str:
    """The first paragraph, "" where there is none."""
    return next(_paragraphs(thing), "")


def whole(thing: Any) -> str:
    """What it does and takes: every paragraph but those on arguments, errors and sources, and without the word itself before it."""
    told = [part for part in _paragraphs(thing) if not part.startswith(_SECTIONS)]
    text = _NAMED.sub("", " ".join(told))
    return text[:1].upper() + text[1:]


def _paragraphs(thing: Any) -> Iterator[str]:
    while isinstance(thing, partial):
        thing = thing.func
    documented = inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing)
    text = thing if isinstance(thing, str) else inspect.getdoc(thing) if documented else ""
    yield from (" ".join(part.split()).replace("|", "\\|") for part in (text or "").split("\n\n"))
