"""Which of cgrd's names a plugin imports, read from its source: only those in the `__all__` of `cgrd` and of its rooms are promised to stay."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from cgrd.plugins import Plugin


def forbidden_imports(plugin: Plugin) -> Iterator[str]:
    """The imports of names that are not public, and those of other plugins."""
    package = plugin.entry.value.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        yield f"its package {package} cannot be found"
        return
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            yield from (f"{file.name}:{node.lineno}: {lack}" for lack in _lacks(node, package))  # type: ignore[attr-defined]


def _lacks(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.startswith("cgrd.") or _is_other_plugin(alias.name, package):
                yield f"import {alias.name}: import its public names with from … import"
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        if _is_other_plugin(node.module, package):
            yield f"from {node.module}: a plugin imports no other plugin"
        elif node.module == "cgrd" or node.module.startswith("cgrd."):
            for alias in node.names:
                if not is_public(node.module, alias.name):
                    yield f"from {node.module} import {alias.name}: it is not in the __all__ of {node.module}"


def _is_other_plugin(module: str, package: str) -> bool:
    first = module.partition(".")[0]
    return first != package and first.startswith(("cgrd_agent_", "cgrd_subsystem_", "cgrd_exporter_"))


def is_public(module: str, name: str) -> bool:
    """Whether a module lists the name in its `__all__`; or the name is itself a module that has one (`from cgrd import codec`)."""
    if name in getattr(importlib.import_module(module), "__all__", ()):
        return True
    if importlib.util.find_spec(f"{module}.{name}") is None:
        return False
    return hasattr(importlib.import_module(f"{module}.{name}"), "__all__")
