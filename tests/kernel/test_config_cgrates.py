"""A CGRateS configuration directory: its JSON, its many files, its merge rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgrd.config import ConfigurationError, Schemas, Tree, load
from cgrd.config.relaxed_json import expand, parse

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    made = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        made.add_file(file, package=file.parent.name)
    return made


def read(folder: Path, schemas: Schemas, *texts: str, **env: str) -> Tree:
    for number, text in enumerate(texts):
        (folder / f"{number}.json").write_text(text)
    return load(folder, schemas, env=env)


def test_comments_and_trailing_commas_are_taken() -> None:
    assert parse('{ // one\n "a": [1, 2,], /* two\n lines */ "url": "http://x//y", }') == {"a": [1, 2], "url": "http://x//y"}


def test_the_line_of_a_key_is_known() -> None:
    lines: dict[tuple[str | int, ...], int] = {}
    parse('{\n"a": {\n// b is next\n"b": [1,\n{"c": 2}]}}', lines)
    assert lines[("a", "b", 1, "c")] == 5


def test_an_open_comment_is_named() -> None:
    with pytest.raises(ConfigurationError, match="JSON_INCOMPLETE_COMMENT"):
        parse('{"a": 1 /* }')


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{bad", "invalid character 'b' looking for beginning of object key string around line 1 and position 2\n line: \"{bad\""),
        ('{"a" 1}', "invalid character '1' after object key around line 1 and position 6"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair around line 1 and position 9"),
        ("[1\n2]", "invalid character '2' after array element around line 2 and position 1"),
        ('{"a": ', "unexpected EOF"),
        ("{} x", "invalid character 'x' after top-level value"),
    ],
)
def test_an_error_says_what_and_where(text: str, error: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert str(caught.value).startswith(error)


def test_environment_variables_may_be_part_of_a_text_and_any_value() -> None:
    env = {"HOST": "db1", "PORT": "5"}
    assert parse(expand('{"a": "*env:HOST:1", "b": *env:PORT} // *env:NOBODY', env)) == {"a": "db1:1", "b": 5}
    with pytest.raises(ConfigurationError, match="NOT_FOUND:ENV_VAR:NOBODY"):
        expand('{"a": "*env:NOBODY"}', env)


def test_files_are_applied_in_lexical_order_and_hidden_folders_left_alone(tmp_path: Path, schemas: Schemas) -> None:
    for name in ("a", "b", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "z.json").write_text('{"general": {"node_id": "root", "log_level": 3}}')
    (tmp_path / "a/a.json").write_text('{"general": {"node_id": "first"}}')
    (tmp_path / "b/b.json").write_text('{"general": {"node_id": "second"}}')
    (tmp_path / ".git/c.json").write_text("no json")
    tree = load(tmp_path, schemas)
    assert (tree.general["node_id"], tree.general["log_level"]) == ("second", 3)
    assert tree.origin("general", "node_id") == f"{tmp_path}/b/b.json:1"
    assert tree.origin("general", "default_tenant") == "default"


def test_a_broken_file_is_named(tmp_path: Path, schemas: Schemas) -> None:
    with pytest.raises(ConfigurationError, match=r"file <.*0\.json>:invalid character"):
        read(tmp_path, schemas, "{bad")


def test_nothing_there_is_told_in_the_reference_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No config file found on path"):
        load(tmp_path)
    with pytest.raises(ConfigurationError, match='path:"/nowhere" is not reachable'):
        load("/nowhere")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="not a directory"):
        load(tmp_path / "x.json")


def test_unknown_keys_and_sections_are_warnings(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"sessions": {"listen_bijson": "x"}, "generall": {}}')
    assert any("sessions.listen_bijson: no such key" in each for each in tree.warnings)
    assert any("did you mean general" in each for each in tree.warnings)


def test_letter_case_of_keys_does_not_matter_and_null_changes_nothing(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"general": {"Default_Tenant": "a.org", "node_id": null}}')
    assert (tree.general["default_tenant"], tree.general["node_id"]) == ("a.org", "")


def test_a_wrong_type_is_an_error(tmp_path: Path, schemas: Schemas) -> None:
    with pytest.raises(ConfigurationError, match=r"0\.json:1: general\.log_level: wanted a whole number, found '7'"):
        read(tmp_path, schemas, '{"general": {"log_level": "7"}}')


def test_lists_are_replaced_and_maps_merged(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(
        tmp_path,
        schemas,
        '{"cdrs": {"extra_fields": ["a", "b"]}, "sessions": {"default_usage": {"*sms": "5", "*fax": "2"}}}',
        '{"cdrs": {"extra_fields": ["c"]}}',
    )
    assert tree.sections["cdrs"]["extra_fields"] == ["c"]
    assert tree.sections["sessions"]["default_usage"] == {"*any": "3h", "*voice": "3h", "*data": "1048576", "*sms": "5", "*fax": "2"}


def test_a_cache_partition_is_replaced_wholly(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"caches": {"partitions": {"*diameter_messages": {"static_ttl": true}}}}')
    partition = tree.sections["caches"]["partitions"]["*diameter_messages"]
    assert (partition["limit"], tree.duration("caches", "partitions", "*diameter_messages", "ttl"), partition["static_ttl"]) == (0, 0, True)


def test_an_unknown_cache_partition_is_an_error(tmp_path: Path, schemas: Schemas) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean \*resources"):
        read(tmp_path, schemas, '{"caches": {"partitions": {"*resourcess": {"limit": 1}}}}')


def test_an_embedded_store_needs_no_caches_of_its_records(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"data_db": {"db_type": "internal"}}')
    assert tree.sections["caches"]["partitions"]["*filters"]["limit"] == 0
    assert tree.sections["caches"]["partitions"]["*closed_sessions"]["limit"] == -1


def test_exporters_start_as_copies_of_the_default_one(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(
        tmp_path,
        schemas,
        '{"ees": {"exporters": [{"id": "*default", "attempts": 7, "flags": ["*log"]}, {"id": "A", "type": "*file_csv"}]}}',
        '{"ees": {"exporters": [{"id": "A", "attempts": 2, "opts": {"csvFieldSeparator": ";"}}, {"id": "B"}]}}',
    )
    found = {each["id"]: each for each in tree.sections["ees"]["exporters"]}
    assert [*found] == ["*default", "A", "B"]
    assert (found["A"]["type"], found["A"]["attempts"], found["A"]["flags"]) == ("*file_csv", 2, ["*log"])
    assert (found["B"]["attempts"], found["A"]["opts"], found["B"]["opts"]) == (7, {"csvFieldSeparator": ";"}, {})


def test_request_processors_are_merged_by_id(tmp_path: Path, schemas: Schemas) -> None:
    one = '{"http_agent": [{"id": "h", "url": "/h", "request_processors": [{"id": "p", "flags": ["*cdrs"], "request_fields": [{"path": "*cgreq.A"}]}]}]}'
    two = '{"http_agent": [{"id": "h", "request_processors": [{"id": "p", "filters": ["*string:~*req.A:1"]}, {"id": "q"}]}]}'
    (face,) = read(tmp_path, schemas, one, two).sections["http_agent"]
    p, q = face["request_processors"]
    assert (face["url"], p["flags"], p["filters"], q["id"]) == ("/h", ["*cdrs"], ["*string:~*req.A:1"], "q")
    assert p["request_fields"][0]["tag"] == "*cgreq.A"


def test_templates_are_spread_out_in_place(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"ees": {"exporters": [{"id": "A", "fields": [{"path": "*exp.X"}, {"type": "*template", "value": "*cdrLog"}]}]}}')
    fields = tree.sections["ees"]["exporters"][1]["fields"]
    assert [each["tag"] for each in fields][:3] == ["*exp.X", "ToR", "OriginHost"]


@pytest.mark.parametrize("templates", ["", ', "templates": {"*x": [{"type": "*template", "value": "*x"}]}'])
def test_a_template_that_is_missing_or_goes_in_a_circle_is_an_error(templates: str, tmp_path: Path, schemas: Schemas) -> None:
    with pytest.raises(ConfigurationError, match="template"):
        read(tmp_path, schemas, '{"ees": {"exporters": [{"id": "A", "fields": [{"tag": "t", "type": "*template", "value": "*x"}]}]}' + templates + "}")


def test_connections_start_from_the_built_in_element(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '{"freeswitch_agent": {"event_socket_conns": [{"address": "fs1:8021"}]}}')
    (conn,) = tree.sections["freeswitch_agent"]["event_socket_conns"]
    assert (conn["password"], conn["reconnects"], conn["alias"]) == ("ClueCon", 5, "fs1:8021")


def test_a_pool_is_replaced_and_the_built_in_ones_stay(tmp_path: Path, schemas: Schemas) -> None:
    first = '{"rpc_conns": {"far": {"strategy": "*next", "conns": [{"address": "a:1", "transport": "*json"}]}}}'
    tree = read(tmp_path, schemas, first, '{"rpc_conns": {"far": {"conns": [{"address": "b:1", "transport": "*json"}]}}}')
    assert (tree.sections["rpc_conns"]["far"]["strategy"], tree.sections["rpc_conns"]["far"]["conns"][0]["address"]) == ("*first", "b:1")
    assert "*bijson_localhost" in tree.sections["rpc_conns"]


def test_the_usual_port_of_a_driver(tmp_path: Path, schemas: Schemas) -> None:
    assert read(tmp_path, schemas, '{"stor_db": {"db_type": "postgres", "db_port": -1}}').sections["stor_db"]["db_port"] == 5432
