"""A path becomes a checked tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from cgrd.config import sanity
from cgrd.config.check import did_you_mean, dotted
from cgrd.config.defaults import default_of
from cgrd.config.derive import derive
from cgrd.config.merge import Merge, Notes
from cgrd.config.schema import Schemas, beyond_the_walk
from cgrd.config.sources import Source, dialect_of, read
from cgrd.config.tree import Tree
from cgrd.errors import ConfigurationError


def load(path: str | os.PathLike[str], schemas: Schemas | None = None, *, env: Mapping[str, str] = os.environ) -> Tree:
    """Read a configuration: cgrd.toml, a directory of *.toml, a CGRateS directory, or URLs of CGRateS files.

    Args:
        path: where it is.
        schemas: the sections of the kernel and of the installed plugins; the kernel's alone when not given.
        env: where `*env:NAME` is looked up.

    Raises:
        ConfigurationError: everything that is wrong, a line each: file, line, key, what was wanted.
    """
    place = os.fspath(path)
    dialect = dialect_of(place)
    tree = defaults(schemas or Schemas.kernel(), dialect, path=place)
    return overlaid(tree, read(place, dialect, env))


def defaults(schemas: Schemas | None = None, dialect: str = "toml", *, path: str = "") -> Tree:
    """The tree of an empty configuration."""
    known = schemas or Schemas.kernel()
    return Tree(sections={name: default_of(known[name], dialect) for name in known}, dialect=dialect, schemas=known, path=path)


def overlaid(tree: Tree, sources: Iterable[Source], *, sections: Iterable[str] | None = None, checked: bool = True) -> Tree:
    """A new tree with sources laid over an old one, which is not changed.

    Args:
        tree: what was before.
        sources: files in their order.
        sections: only these are taken; all when not given.
        checked: whether the links and values of the whole are checked too.

    Raises:
        ConfigurationError: the sources do not fit the schemas, or the whole does not hold.
    """
    made = tree.copy()
    made.warnings = []
    notes = Notes(origins=made.origins)
    for source in sources:
        merge_section(made, source, sections, notes)
    notes.errors += derive(made)
    _beyond(made, notes)
    if not notes.errors and checked:
        errors, warnings = sanity.check(made)
        notes.errors += errors
        notes.warnings += warnings
    if notes.errors:
        raise ConfigurationError("\n".join(dict.fromkeys(notes.errors)))
    made.warnings = list(dict.fromkeys(notes.warnings))
    return made


def merge_section(tree: Tree, source: Source, sections: Iterable[str] | None, notes: Notes) -> None:
    """Lay the sections of one source over a tree, in place; findings go into the notes."""
    merge = Merge(source=source, dialect=tree.dialect, notes=notes)
    for name in source.data:
        if sections is not None and name not in sections:
            continue
        if name in tree.schemas:
            tree.sections[name] = merge.section(name, tree.schemas[name], tree.sections[name])
        else:
            _unknown(tree, merge, name, source.data[name], notes)


def _unknown(tree: Tree, merge: Merge, name: str, value: Any, notes: Notes) -> None:
    package = tree.schemas.package_for(name)
    mend = f"; install {package}, which serves it" if package else did_you_mean(name, tree.schemas)
    text = f"{merge.place((name,))}: {name}: no installed plugin has this section{mend}"
    enabled = isinstance(value, dict) and value.get("enabled")
    if tree.dialect == "toml":
        notes.errors.append(text)
    elif enabled or not package:
        notes.warnings.append(text)


def _beyond(tree: Tree, notes: Notes) -> None:
    """Check by jsonschema what the built-in walk does not know; its import costs a tenth of a second, so only plugins that need it pay."""
    for name in tree.schemas:
        if not beyond_the_walk(tree.schemas[name]):
            continue
        import jsonschema

        for found in jsonschema.Draft202012Validator(tree.schemas[name]).iter_errors(tree.sections[name]):
            path = list(found.absolute_path)
            notes.errors.append(f"{tree.origin(name, *path)}: {dotted((name, *path))}: {found.message}")
