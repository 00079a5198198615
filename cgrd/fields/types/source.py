"""What a field type is made of, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any, Literal

import msgspec

from cgrd.errors import NotFound, Wrong
from cgrd.fields.asked import Asking, NoWeb, Web
from cgrd.fields.reading import Roots
from cgrd.fields.text import sniff
from cgrd.fields.values import Value, out_of_range

Mode = Literal["set", "append", "group", "nothing", "remove", "remove_all"]
"""What is done with what a type makes: put in the place of what is there, put behind its text, added as one more element; or nothing; or the field goes."""

Make = Callable[[Roots, Callable[[], str | None]], Any]
"""(roots, text of what is there now or None) → what is to be written. Raises NotFound when a field that it reads is not there."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a field is made from.

    Attributes:
        type: as written; `*http#…` with its URL.
        value: the value rules; None when there are none.
        layout: Go layout of `*datetime`; "" is RFC 3339.
        zone: of times that name none.
        rounding_decimals: of `*value_exponent`.
        web: the HTTP client of `*http#`.
    """

    type: str
    value: Value | None = None
    layout: str = ""
    zone: tzinfo = UTC
    rounding_decimals: int = 5
    web: Web = NoWeb()

    @property
    def parts(self) -> tuple[Value, ...]:
        """The arguments: each value of the list."""
        return self.value.parts if self.value is not None else ()

    def texts(self, roots: Roots, *, count: int | None = None) -> list[str]:
        """The texts of the arguments.

        Raises:
            Wrong: there are not as many as the type wants.
            NotFound: a field is not there.
        """
        if count is not None and len(self.parts) != count:
            rules = ",".join(f'{{"Rules":{msgspec.json.encode(part.rule).decode()}}}' for part in self.parts)
            raise Wrong(f"invalid arguments <[{rules}]> to {self.type}", explain=f"{self.type} wants {count} values")
        return [part.text(roots) for part in self.parts]

    def operands(self, roots: Roots) -> list[Any]:
        """The arguments as numbers, times, durations; raises as `texts`."""
        return [sniff(text) for text in self.texts(roots)]

    def text(self, roots: Roots) -> str:
        """The joined text, "" when there are no rules; raises NotFound."""
        return self.value.text(roots) if self.value is not None else ""


class FieldType(msgspec.Struct, frozen=True, kw_only=True):
    """One type of field (`*sum`), of templates and attributes alike.

    Attributes:
        name: as written in configurations and profiles.
        compile: source → maker of the value.
        mode: what is done with the value.
        asks: source → what must be asked before the maker runs.
    """

    name: str
    compile: Callable[[Source], Make]
    mode: Mode = "set"
    asks: Callable[[Source], tuple[Asking, ...]] | None = None

    def maker(self, source: Source) -> Make:
        """The maker of the value; it raises nothing but CgrdError."""
        make = self.compile(source)

        def guarded(roots: Roots, current: Callable[[], str | None]) -> Any:
            try:
                return make(roots, current)
            except ArithmeticError as error:
                raise out_of_range(error) from error

        return guarded


def missing(what: str) -> NotFound:
    """The error for a field that a type needs."""
    return NotFound(explain=f"no field at {what}")
