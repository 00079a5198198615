"""The filter language: rules that an event must meet, compiled to functions; and the index that finds who may match.

A filter is a stored record (`FLTR_1`) or written out (`*string:~*req.Account:1001|1002`). `Filters` compiles lists of them into a
`Matcher`; `Index` finds candidates without trying every profile.
"""

from cgrd.filters.compiled import CompiledFilter, IndexKey, Lookup
from cgrd.filters.context import FilterContext, Timing
from cgrd.filters.index import Index
from cgrd.filters.language import Filters, Matcher
from cgrd.filters.record import Filter, Interval, Rule, is_inline, parse_inline
from cgrd.filters.rule import FilterType, Subject, Test
from cgrd.filters.table import IndexSettings
from cgrd.filters.types import FilterTypes

__all__ = [
    "CompiledFilter",
    "Filter",
    "FilterContext",
    "FilterType",
    "FilterTypes",
    "Filters",
    "Index",
    "IndexKey",
    "IndexSettings",
    "Interval",
    "Lookup",
    "Matcher",
    "Rule",
    "Subject",
    "Test",
    "Timing",
    "is_inline",
    "parse_inline",
]
