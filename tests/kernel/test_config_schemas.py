"""The schemas themselves, and what a stranger's plugin may add."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cgrd.config import ConfigurationError, Schemas, defaults, load
from cgrd.config.check import wrong_with
from cgrd.errors import PluginError

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "cgrd/config/schemas").glob("*.schema.json"), *(ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")])


def schemas() -> Schemas:
    made = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        made.add_file(file, package=file.parent.name)
    return made


def keys(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, inner in node.get("properties", {}).items():
        yield f"{path}.{key}", inner
        yield from keys(inner, f"{path}.{key}")
    for inner in (node.get("items"), node.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from keys(inner, f"{path}[]")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_it_is_json_schema_and_names_its_section(file: Path) -> None:
    schema = json.loads(file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["x-section"]
    assert schema["description"]


def test_every_key_has_a_description() -> None:
    known = schemas()
    entries = ("caches.partitions.", "data_db.items.", "stor_db.items.", "ees.cache.")
    missing = [path for section in known for path, node in keys(known[section], section) if not node.get("description") and not path.startswith(entries)]
    assert missing == []


@pytest.mark.parametrize("dialect", ["toml", "cgrates"])
def test_every_default_fits_its_own_schema(dialect: str) -> None:
    known = schemas()
    tree = defaults(known, dialect)
    for section in known:
        found = json.loads(json.dumps(tree.sections[section], default=float))
        errors = list(jsonschema.Draft202012Validator(known[section]).iter_errors(found))
        assert errors == [], section


def test_a_stranger_brings_a_section_and_an_edge(tmp_path: Path) -> None:
    known = schemas()
    known.add("blocklist", {"title": "BlocklistS", "type": "object", "properties": {"enabled": {"type": "boolean", "default": False}}}, package="x-blocklist")
    known.add_key("sessions", "blocklist_conns", {"$ref": "cgrd:conns", "description": "Connections to BlocklistS."})
    (tmp_path / "cgrd.toml").write_text('[sessions]\nenabled = true\nblocklist_conns = ["*internal"]\n')
    with pytest.raises(ConfigurationError, match="<BlocklistS> not enabled but requested by <SessionS>"):
        load(tmp_path, known)
    (tmp_path / "cgrd.toml").write_text('[sessions]\nenabled = true\nblocklist_conns = ["*internal"]\n[blocklist]\nenabled = true\n')
    assert load(tmp_path, known).sections["sessions"]["blocklist_conns"] == ["*internal"]
    assert "blocklist_conns" not in schemas()["sessions"]["properties"]


def test_two_plugins_cannot_have_one_section() -> None:
    with pytest.raises(PluginError, match="x-rals brings the configuration section rals"):
        schemas().add("rals", {}, package="x-rals")


def test_words_beyond_the_built_in_walk_are_checked_too(tmp_path: Path) -> None:
    known = Schemas.kernel()
    known.add("odd", {"type": "object", "properties": {"code": {"type": "string", "pattern": "^[A-Z]+$", "default": "A"}}}, package="x-odd")
    (tmp_path / "cgrd.toml").write_text('[odd]\ncode = "abc"\n')
    with pytest.raises(ConfigurationError, match=r"cgrd\.toml:2: odd\.code: 'abc' does not match"):
        load(tmp_path, known)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"type": "integer"}, True),
        ({"type": "integer", "minimum": 1}, 0),
        ({"type": "number", "maximum": 1}, 2),
        ({"type": "string", "enum": ["a"]}, "b"),
        ({"type": ["string", "integer"], "format": "duration"}, "x"),
        ({"type": "string", "format": "bytes"}, "1XB"),
        ({"type": "string", "format": "listener"}, "127.0.0.1:70000"),
        ({"type": "array"}, {}),
    ],
)
def test_a_wrong_value_is_told(node: dict[str, Any], value: Any) -> None:
    assert wrong_with(node, value)
