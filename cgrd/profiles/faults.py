"""What is wrong with a tariff plan: every fault with its place, and the one error that a caller is told."""

from __future__ import annotations

from dataclasses import dataclass

from cgrd.errors import CgrdError, ServerError


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        word: the text that clients of the reference know.
        line, column: its place; they count from 1, 0 = unknown.
        writing: whether the reference meets it only while it writes.
        mend: what was wanted, and what would mend it.
    """

    word: str
    file: str
    line: int = 0
    column: int = 0
    writing: bool = False
    mend: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        return f"{place}: {self.word}{f' ({self.mend})' if self.mend else ''}"


class PlanRefused(ServerError):
    """A tariff plan that was not loaded, not in part either. `faults` are all that were found; the word is the first one's."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].word, explain="nothing was loaded; mend these and load again:\n" + "\n".join(map(str, faults[:100])))
        self.faults = faults


class Refused(CgrdError):
    """A record that cannot be stored; the word is what the reference says without its wrapping."""
