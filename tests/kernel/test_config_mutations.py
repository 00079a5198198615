"""Whatever a configuration file holds, it is taken or refused with a ConfigurationError; nothing else happens."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.config import ConfigurationError, Schemas, as_bytes, as_duration, as_json, as_toml, load, render

ROOT = Path(__file__).parents[2]
JSON = """{
// comment
"general": {"node_id": "a\\u00e9", "log_level": 3, "reply_timeout": "50s", "max_call_duration": 7},
"listen": {"rpc_json": "127.0.0.1:2012"}, /* more */
"sessions": {"enabled": true, "chargers_conns": ["*internal"], "client_protocol": 2.0, "default_usage": {"*sms": "1"}},
"chargers": {"enabled": true, "suffix_indexed_fields": ["*req.Account"],},
"rpc_conns": {"far": {"strategy": "*first", "conns": [{"address": "*env:HOST", "transport": "*json"}]}},
"caches": {"partitions": {"*uch": {"limit": -1, "ttl": "3h"}}},
"templates": {"*t": [{"tag": "A", "path": "*exp.A", "type": "*variable", "value": "~*req.A"}]},
"ees": {"exporters": [{"id": "X", "type": "*file_csv", "opts": {"csvFieldSeparator": ";"}, "fields": [{"type": "*template", "value": "*t"}]}]},
"http_agent": [{"id": "h", "url": "/h", "request_processors": [{"id": "p", "filters": []}]}]
}"""
TOML = (ROOT / "conf/cgrd.toml").read_text() + (
    '[rpc_conns.far]\nconns = [{address = "*env:HOST", transport = "*json"}]\n[[http_agent]]\nid = "h"\n'
    '[[ees.exporters]]\nid = "X"\nopts = {csvFieldSeparator = ";"}\nattempts = 0x3\n'
)
PIECES = ['"', "{", "}", "[", "]", ",", ":", "=", ".", "*env:HOST", "*env:X", "null", "true", "-1", "1e999999999", "1e5", "9" * 5000, "[" * 500]
PIECES += ['{"a":' * 300]
PIECES += ["inf", "nan", "1979-05-27", "'''", '"""', "\\ud800", "\\", "\x00", "é", "٣", "*internal", "*template", "\n", "//", "/*", "#", "[[", "0x", "1_0"]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    made = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        made.add_file(file, package=file.parent.name)
    return made


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 12))
        text = text[:start] + draw(st.sampled_from(PIECES) | st.text(max_size=5)) + text[end:]
    data = text.encode("utf-8", "surrogatepass")
    cut = draw(st.integers(0, len(data))) if draw(st.booleans()) else len(data)
    return data[:cut] + draw(st.binary(max_size=3))


def take(file: Path, place: Path, data: bytes, schemas: Schemas) -> None:
    file.write_bytes(data)
    with contextlib.suppress(ConfigurationError):
        tree = load(place, schemas, env={"HOST": "h:1"})
        for section in tree.sections:
            render(tree, section)
        as_toml(tree)
        as_json(tree)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=mutated(JSON))
def test_any_cgrates_file(data: bytes, tmp_path: Path, schemas: Schemas) -> None:
    take(tmp_path / "x.json", tmp_path, data, schemas)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=mutated(TOML))
def test_any_toml_file(data: bytes, tmp_path: Path, schemas: Schemas) -> None:
    take(tmp_path / "x.toml", tmp_path / "x.toml", data, schemas)


@given(value=st.none() | st.text() | st.integers() | st.floats() | st.booleans())
def test_any_duration_or_size(value: object) -> None:
    for read in (as_duration, as_bytes):
        with contextlib.suppress(ConfigurationError):
            assert isinstance(read(value), int)
