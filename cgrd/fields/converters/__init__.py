"""The converters `{*name:arg&*other}` of rule values: one small function each, by theme; plugins add theirs by `cgrd_converters`.

A converter gets the text (or what the converter before it made) and answers any value; the end of the chain is turned into text.
"""

from __future__ import annotations

from collections.abc import Mapping

from cgrd.errors import PluginError, Wrong
from cgrd.fields.converters.addresses import ADDRESSES
from cgrd.fields.converters.lengths import LENGTHS
from cgrd.fields.converters.location import LOCATION
from cgrd.fields.converters.numbers import NUMBERS
from cgrd.fields.converters.reading import Converter, ConverterFactory
from cgrd.fields.converters.telephony import TELEPHONY
from cgrd.fields.converters.texts import TEXTS
from cgrd.fields.converters.times import TIMES

CONVERTERS: dict[str, ConverterFactory] = {**LENGTHS, **NUMBERS, **TEXTS, **TIMES, **ADDRESSES, **TELEPHONY, **LOCATION}
"""Name → factory of the converter for its arguments; the vocabulary of the daemon."""
_OURS = frozenset(CONVERTERS)


def compile_converter(definition: str) -> Converter:
    """The converter of `*name:arg:arg`.

    Raises:
        Wrong: no converter has that name, or its arguments are wrong.
    """
    name, *args = definition.split(":")
    factory = CONVERTERS.get(name)
    if factory is None:
        raise Wrong(f"unsupported converter definition: <{definition}>", explain=f"known converters: {' '.join(sorted(CONVERTERS))}")
    return factory(args)


def add_converters(more: Mapping[str, ConverterFactory]) -> None:
    """Put a plugin's converters into the vocabulary.

    Raises:
        PluginError: it is the name of a converter of ours.
    """
    if taken := sorted(_OURS & more.keys()):
        raise PluginError(f"converter {taken[0]} is already there; a plugin cannot replace it")
    CONVERTERS.update(more)


__all__ = ["CONVERTERS", "Converter", "ConverterFactory", "add_converters", "compile_converter"]
