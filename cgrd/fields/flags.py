"""Flags of requests and of request processors: `*initiate`, `*attributes:*ids:A&B`, `*routes_maxcost:100`, `*stats:false`.

Source: spec/agents.md §A1, spec/sessions.md §4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cgrd.errors import Wrong

MAIN_FLAGS = ("*dryrun", "*authorize", "*initiate", "*update", "*terminate", "*message", "*cdrs", "*event", "*none")
"""What is done with an event: the first of these that is set, in this order."""


class Flags:
    """The flags of a processor or an event.

    Attributes:
        texts: as configured, in order (`*event` hands them on as they are).
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(texts)
        self._flags: dict[str, dict[str, list[str]]] = {}
        for text in self.texts:
            self._add(text)

    def _add(self, text: str) -> None:
        name, *rest = text.split(":", 2)
        parts = self._flags.setdefault(name, {})
        if len(rest) == 1:
            parts[rest[0]] = []
        elif rest:
            parts.setdefault(rest[0], []).extend(part for part in rest[1].split("&") if part)

    def main(self, *more: str) -> str:
        """The main flag; `more` are an agent's own (`*radauth`), looked at last.

        Raises:
            Wrong: none is set.
        """
        for name in (*MAIN_FLAGS, *more):
            if name in self._flags:
                return name
        raise Wrong("unknown request type: <>", explain=f"the processor's flags hold none of {' '.join((*MAIN_FLAGS, *more))}")

    def __contains__(self, name: str) -> bool:
        return name in self._flags

    def ids(self, name: str, part: str = "*ids") -> list[str]:
        """The ids behind a flag: `*attributes:*ids:A&B` → A, B."""
        return list(self._flags.get(name, {}).get(part, ()))

    def parts(self, name: str) -> dict[str, list[str]]:
        """Everything behind a flag: `*thresholds:*ids:A&B` → {"*ids": ["A", "B"]}."""
        return {key: list(values) for key, values in self._flags.get(name, {}).items()}

    def parameter(self, name: str) -> str:
        """The one word behind a flag: `*routes_maxcost:100` → "100"; "" when there is none."""
        return next(iter(self._flags.get(name, {})), "")

    def is_on(self, name: str) -> bool:
        """Whether it is set, and not by `*stats:false`."""
        return name in self._flags and "false" not in self._flags[name]

    def asked(self) -> dict[str, dict[str, list[str]]]:
        """The flags that are on, each with its options and their values: what is asked of a flow."""
        parts = ((name, found) for name, found in self._flags.items() if "false" not in found)
        return {name: {option: list(values) for option, values in found.items() if option != "true"} for name, found in parts}

    def __bool__(self) -> bool:
        return bool(self._flags)

    def __iter__(self) -> Iterator[str]:
        return iter(self._flags)
