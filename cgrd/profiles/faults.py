"""What is wrong with a tariff plan: every fault with its place, and the one error that a caller is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from cgrd.errors import CgrdError, ServerError

T = TypeVar("T")
R = TypeVar("R")
MOST_OF_ONE = 20
"""So many faults of one record are told: their places are looked for among all of its rows."""


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


class Several(CgrdError):
    """Several things that are wrong with one record; the word is the first one's."""

    def __init__(self, errors: list[CgrdError]) -> None:
        super().__init__(errors[0].word, explain=errors[0].explain)
        self.errors = errors


class Follows(CgrdError):
    """What a record refers to is in the plan but faulty itself; that fault is told, this one is not."""


def every(items: Iterable[T], make: Callable[[T], R]) -> list[R]:
    """Something made of each item; what is wrong with them is told together, so that nobody has to mend one after the other.

    Raises:
        CgrdError: what the only wrong one raised.
        Several: what the first twenty wrong ones raised.
        Follows: nothing was wrong but what some refer to.
    """
    made: list[R] = []
    wrong: dict[str, CgrdError] = {}
    follows: Follows | None = None
    for item in items:
        try:
            made.append(make(item))
        except Follows as error:
            follows = error
        except CgrdError as error:
            wrong.update((each.word, each) for each in (error.errors if isinstance(error, Several) else [error]))
            if len(wrong) >= MOST_OF_ONE:
                break
    if wrong:
        errors = list(wrong.values())
        raise Several(errors) if len(errors) > 1 else errors[0]
    if follows is not None:
        raise follows
    return made


class Refused(CgrdError):
    """A record that cannot be stored; the word is what the reference says without its wrapping."""
