"""ARCHITECTURE.md: every room of the kernel has its row, and knows no more than stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| (`cgrd/.*?) \| .* \| (.*?) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
KNOWN = {room: knows for rooms, knows in ROWS for room in re.findall(r"[\w.]+", rooms.replace("cgrd/", ""))}
FAMILIES = {room: rooms for rooms, _ in ROWS for room in re.findall(r"[\w.]+", rooms.replace("cgrd/", ""))}
NOUNS = {room for room, knows in KNOWN.items() if knows == "only one another"}


def room_of(file: Path) -> str:
    return file.relative_to(ROOT / "cgrd").parts[0]


def imported(node: ast.AST) -> Iterator[str]:
    """The rooms that a module imports when it is imported: not what is only for types, or imported inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _is_for_types(child):
            continue
        if isinstance(child, ast.ImportFrom) and (child.module or "").partition(".")[0] == "cgrd":
            rooms = [child.module] if child.module != "cgrd" else [f"cgrd.{alias.name}" for alias in child.names]
            yield from (room.split(".")[1] for room in rooms if room)
        elif isinstance(child, ast.Import):
            yield from (alias.name.split(".")[1] for alias in child.names if alias.name.startswith("cgrd."))
        else:
            yield from imported(child)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def rooms() -> list[str]:
    return sorted({room_of(file) for file in (ROOT / "cgrd").rglob("*.py")} - {"__init__.py"})


@pytest.mark.parametrize("room", rooms())
def test_a_room_knows_what_stands_in_its_row(room: str) -> None:
    assert room in KNOWN, f"cgrd/{room} has no row in ARCHITECTURE.md"
    if KNOWN[room] == "everything":
        return
    files = sorted((ROOT / "cgrd" / room).rglob("*.py")) or [ROOT / "cgrd" / room]
    found = {each for file in files for each in imported(ast.parse(file.read_bytes()))}
    names = {each if (ROOT / "cgrd" / each).is_dir() else f"{each}.py" for each in found}
    told = {f"{word}{suffix}" for word in KNOWN[room].split(", ") for suffix in ("", ".py")}
    beyond = {each for each in names if each not in NOUNS | told and FAMILIES.get(each) != FAMILIES[room]}
    assert not beyond, f"cgrd/{room} imports {', '.join(sorted(beyond))}, and ARCHITECTURE.md says that it knows {KNOWN[room]}"
