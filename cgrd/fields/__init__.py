"""The field language: how configurations, profiles and tariff plans say what is read, made of it, and written where.

`~*req.Account` reads a path, `{*round:2}` converts, `:s/^00/+/` replaces; lists are joined; types (`*sum`) compute; templates write.
"""

from cgrd.fields.asked import Asking, NoWeb, Web
from cgrd.fields.converters import CONVERTERS, Converter, ConverterFactory, add_converters
from cgrd.fields.flags import MAIN_FLAGS, Flags
from cgrd.fields.layouts import RFC3339, format_layout
from cgrd.fields.missing import MISSING
from cgrd.fields.paths import FETCHED, Fetch, Path, Resolver, compile_path, prefetch
from cgrd.fields.processors import Exchange, RequestProcessor, compile_processor, compile_processors
from cgrd.fields.reading import Readable, Roots, descend, split_path
from cgrd.fields.templates import Field, FieldTemplate, Surroundings, apply, apply_after_fetch, compile_fields, needs_fetch
from cgrd.fields.text import Duration, number_of, sniff, text_of
from cgrd.fields.types import FIELD_TYPES, FieldType, Source, add_field_types, field_type
from cgrd.fields.values import Value, compile_rule, compile_rules, compile_value, split_rules
from cgrd.fields.width import fit
from cgrd.fields.writers import OrderedWriter, Spot, Targets, TreeWriter, Writer, Written

__all__ = [
    "CONVERTERS",
    "FETCHED",
    "FIELD_TYPES",
    "MAIN_FLAGS",
    "MISSING",
    "RFC3339",
    "Asking",
    "Converter",
    "ConverterFactory",
    "Duration",
    "Exchange",
    "Fetch",
    "Field",
    "FieldTemplate",
    "FieldType",
    "Flags",
    "NoWeb",
    "OrderedWriter",
    "Path",
    "Readable",
    "RequestProcessor",
    "Resolver",
    "Roots",
    "Source",
    "Spot",
    "Surroundings",
    "Targets",
    "TreeWriter",
    "Value",
    "Web",
    "Writer",
    "Written",
    "add_converters",
    "add_field_types",
    "apply",
    "apply_after_fetch",
    "compile_fields",
    "compile_path",
    "compile_processor",
    "compile_processors",
    "compile_rule",
    "compile_rules",
    "compile_value",
    "descend",
    "field_type",
    "fit",
    "format_layout",
    "needs_fetch",
    "number_of",
    "prefetch",
    "sniff",
    "split_path",
    "split_rules",
    "text_of",
]
