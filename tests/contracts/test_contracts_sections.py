"""Which sections of the configuration a plugin reads beside its own: those that ARCHITECTURE.md lists, and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/*/pyproject.toml"))
VARIABLE = "by a variable"
READING = {"value", "duration", "size", "enabled", "origin", "is_set"}


def listed() -> Iterator[tuple[str, str]]:
    """Plugin and section of each row; where a row says so, also that the plugin chooses by a variable."""
    text = (ROOT / "ARCHITECTURE.md").read_text().partition("## Sections of others")[2].partition("\n## ")[0]
    for sections, plugins, what in re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", text, re.MULTILINE):
        for plugin in plugins.split(", "):
            if VARIABLE in what:
                yield plugin, VARIABLE
            else:
                yield from ((plugin, section) for section in re.findall(r"`(\w+)`", sections))


def read(folder: Path) -> Iterator[tuple[str, str]]:
    """Plugin and section of each look into the whole configuration."""
    for file in folder.rglob("cgrd_*/**/*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if (section := _section(node)) is not None:
                yield folder.name, section


def _section(node: ast.AST) -> str | None:
    """The section that an expression reads: `config.sections[x]`, `config.sections.get(x)`, `config.value(x, …)`."""
    if isinstance(node, ast.Subscript) and _is_sections(node.value):
        return _word(node.slice)
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
        return None
    whole = _is_config(node.func.value) and node.func.attr in READING
    return _word(node.args[0]) if whole or (node.func.attr == "get" and _is_sections(node.func.value)) else None


def _is_sections(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "sections" and _is_config(node.value)


def _is_config(node: ast.AST) -> bool:
    """`….services.config`, which is the whole of it; a component's own section is `self.config`."""
    return isinstance(node, ast.Attribute) and node.attr == "config" and "services" in ast.unparse(node.value)


def _word(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else VARIABLE


def test_plugins_read_the_sections_that_are_listed_and_no_others() -> None:
    found = {each for folder in FOLDERS for each in read(folder)} - {(folder.name, folder.name) for folder in FOLDERS}
    assert sorted(found - set(listed())) == [], "read the plugin's own section, ask the component that owns it, or list it in ARCHITECTURE.md"
    assert sorted(set(listed()) - found) == [], "nobody reads this any more: take it out of ARCHITECTURE.md"


def test_whole_configurations_are_looked_into_by_sections_alone() -> None:
    """`sections` handed on as a whole would hide what is read."""
    for folder in FOLDERS:
        for file in folder.rglob("cgrd_*/**/*.py"):
            uses = len(re.findall(r"services\.config\.sections\b", file.read_text()))
            assert uses == len(re.findall(r"services\.config\.sections(?:\[|\.get\()", file.read_text())), file
