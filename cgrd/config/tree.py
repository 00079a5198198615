"""The checked configuration, where each value came from, and what is to be said about it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from cgrd.config.schema import Schemas
from cgrd.config.units import as_bytes, as_duration

Path = tuple[str | int, ...]


class Tree:
    """One configuration, whole: every section with every key, defaults filled in, texts as they were written.

    Attributes:
        sections: section name → its keys (a list for `http_agent`).
        dialect: "toml" or "cgrates".
        warnings: what the operator should know, one sentence each.
        origins: path of a value → "file:line"; what is not in it is a default.
        schemas: what the sections were checked against.
        path: where it was read, "" for defaults alone.
    """

    def __init__(self, *, sections: dict[str, Any], dialect: str, schemas: Schemas, path: str = "") -> None:
        self.sections = sections
        self.dialect = dialect
        self.schemas = schemas
        self.path = path
        self.warnings: list[str] = []
        self.origins: dict[Path, str] = {}

    @property
    def general(self) -> dict[str, Any]:
        """Section `general`, which everybody reads."""
        found: dict[str, Any] = self.sections["general"]
        return found

    def value(self, section: str, *keys: str | int) -> Any:
        """The value at a path, as it was written; None where there is none."""
        at: Any = self.sections.get(section)
        for key in keys:
            is_there = key in at if isinstance(at, dict) else isinstance(at, list) and isinstance(key, int) and 0 <= key < len(at)
            if not is_there:
                return None
            at = at[key]
        return at

    def duration(self, section: str, *keys: str | int) -> int:
        """Nanoseconds of a duration; 0 where nothing is set."""
        return as_duration(self.value(section, *keys))

    def size(self, section: str, *keys: str | int) -> int:
        """Octets of a size ("16MiB")."""
        return as_bytes(self.value(section, *keys))

    def enabled(self, section: str) -> bool:
        """Whether a service is to run: its `enabled`; a list of faces is enabled when it has any; CacheS and CoreS always run."""
        found = self.sections.get(section)
        if isinstance(found, list):
            return bool(found)
        return section in ("caches", "cores") or bool(isinstance(found, dict) and found.get("enabled"))

    def origin(self, section: str, *keys: str | int) -> str:
        """ "file:line" of what set the value or the list it is in, or "default"."""
        path: Path = (section, *keys)
        known = (self.origins.get(path[:end]) for end in range(len(path), 0, -1))
        return next((origin for origin in known if origin), "default")

    def is_set(self, section: str, *keys: str | int) -> bool:
        """Whether the operator set the value."""
        return self.origin(section, *keys) != "default"

    def copy(self) -> Tree:
        """The same configuration, to be changed freely."""
        made = Tree(sections=deepcopy(self.sections), dialect=self.dialect, schemas=self.schemas, path=self.path)
        made.warnings, made.origins = list(self.warnings), dict(self.origins)
        return made
