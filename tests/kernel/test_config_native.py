"""Native TOML: strict, with safe defaults, explained."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from cgrd.config import ConfigurationError, Schemas, Tree, as_json, as_toml, explain, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    made = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        made.add_file(file, package=file.parent.name)
    return made


def read(folder: Path, schemas: Schemas, text: str, **env: str) -> Tree:
    (folder / "cgrd.toml").write_text(text)
    return load(folder / "cgrd.toml", schemas, env=env)


def wrong(folder: Path, schemas: Schemas, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(folder, schemas, text)
    return str(caught.value)


@pytest.mark.parametrize("name", ["conf/cgrd.toml", "conf/janus/cgrd.toml"])
def test_the_shipped_configurations_load_without_a_warning(name: str, schemas: Schemas) -> None:
    tree = load(ROOT / name, schemas)
    assert tree.warnings == []
    assert tree.enabled("sessions")


def test_every_error_is_told_with_its_line(tmp_path: Path, schemas: Schemas) -> None:
    text = '[general]\ndefault_tenent = "x"\n\n[sessions]\nenabled = "yes"\ndebit_interval = "10 s"\n[sesions]\n'
    found = wrong(tmp_path, schemas, text).replace(str(tmp_path), "").splitlines()
    assert found[0] == "/cgrd.toml:2: general.default_tenent: no such key; did you mean default_tenant?"
    assert found[1] == "/cgrd.toml:5: sessions.enabled: wanted true or false, found 'yes'"
    assert found[2].startswith("/cgrd.toml:6: sessions.debit_interval: wanted a duration")
    assert found[3] == "/cgrd.toml:7: sesions: no installed plugin has this section; did you mean sessions?"


def test_lines_inside_lists_of_tables(tmp_path: Path, schemas: Schemas) -> None:
    text = '[[ees.exporters]]\nid = "a"\n[[ees.exporters]]\nid = "b"\nopts = {csvFieldSeparator = 1}\ntype = 4\n'
    found = wrong(tmp_path, schemas, text)
    assert "cgrd.toml:6: ees.exporters[1].type" in found
    assert "cgrd.toml:5: ees.exporters[1].opts.csvFieldSeparator" in found


def test_a_broken_file_is_named_with_its_line(tmp_path: Path, schemas: Schemas) -> None:
    found = wrong(tmp_path, schemas, "[general]\nnode_id = \n")
    assert "cgrd.toml: " in found
    assert "line 2" in found


def test_files_of_a_directory_are_merged(tmp_path: Path, schemas: Schemas) -> None:
    (tmp_path / "1.toml").write_text('[general]\nnode_id = "a"\nlog_level = 5\n')
    (tmp_path / "2.toml").write_text('[general]\nnode_id = "b"\n')
    tree = load(tmp_path, schemas)
    assert (tree.general["node_id"], tree.general["log_level"], tree.dialect) == ("b", 5, "toml")
    (tmp_path / "3.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="both"):
        load(tmp_path, schemas)


def test_a_partition_keeps_what_is_not_written(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '[caches.partitions."*diameter_messages"]\nstatic_ttl = true\n')
    assert tree.sections["caches"]["partitions"]["*diameter_messages"]["limit"] == -1
    assert tree.duration("caches", "partitions", "*diameter_messages", "ttl") == 3 * 3600 * 10**9


def test_safe_defaults(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, "")
    assert tree.sections["data_db"]["db_type"] == "*internal"
    assert tree.sections["cores"]["caps"] > 0
    assert (tree.sections["listen"]["rpc_gob"], tree.sections["http"]["pprof_path"], tree.sections["stor_db"]["db_password"]) == ("", "", "")


def test_a_variable_of_the_environment(tmp_path: Path, schemas: Schemas) -> None:
    assert read(tmp_path, schemas, '[general]\nnode_id = "n-*env:ZONE"', ZONE="eu").general["node_id"] == "n-eu"


def test_numbers_are_exact_and_finite(tmp_path: Path, schemas: Schemas) -> None:
    assert read(tmp_path, schemas, "[sessions]\nclient_protocol = 2.10").sections["sessions"]["client_protocol"] == Decimal("2.10")
    assert "out of range" in wrong(tmp_path, schemas, "[sessions]\nclient_protocol = inf")


@pytest.mark.parametrize("address", ["0.0.0.0:2012", ":2012", "10.0.0.1:2012", "[::]:2012", "example.org:2012"])
def test_a_public_listener_without_authentication_is_refused(address: str, tmp_path: Path, schemas: Schemas) -> None:
    assert "open to the network" in wrong(tmp_path, schemas, f'[listen]\nrpc_json = "{address}"')


@pytest.mark.parametrize("address", ["127.0.0.1:2012", "localhost:2012", "[::1]:2012", "127.8.8.8:1", ""])
def test_a_listener_on_loopback_is_taken(address: str, tmp_path: Path, schemas: Schemas) -> None:
    assert read(tmp_path, schemas, f'[listen]\nrpc_json = "{address}"').sections["listen"]["rpc_json"] == address


def test_public_faces_that_know_their_callers(tmp_path: Path, schemas: Schemas) -> None:
    read(tmp_path, schemas, '[listen]\nhttp = "0.0.0.0:2080"\n[http]\nuse_basic_auth = true\nauth_users = {a = "eA=="}\n')
    janus = '[sessions]\nenabled = true\n[janus_agent]\nenabled = true\nlisten = "0.0.0.0:8089"\n'
    assert "janus_agent.allowed_networks" in wrong(tmp_path, schemas, janus)
    read(tmp_path, schemas, janus + 'allowed_networks = ["10.0.0.0/8"]\n')


def test_what_is_not_served_yet_is_told(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '[listen]\nrpc_gob = "127.0.0.1:2013"\n[http.api_keys.ops]\nkey = "x"\n')
    assert [each.partition(": ")[2] for each in tree.warnings] == [
        "listen.rpc_gob: not served yet; the setting is kept and has no effect",
        "http.api_keys: not served yet; the setting is kept and has no effect",
    ]


def test_a_key_is_explained(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '[rals]\nmax_increments = 7\n[janus_agent]\njanus_conns = [{admin_password = "s"}]\n')
    found = explain(tree, "rals.max_increments")
    assert (found.value, found.origin, found.default) == (7, f"{tmp_path}/cgrd.toml:2", 10**18)
    assert found.description
    assert explain(tree, "attributes.opts.*processRuns").origin == "default"
    assert explain(tree, "janus_agent.janus_conns.0.admin_password").value == "***"
    with pytest.raises(ConfigurationError, match="did you mean max_increments"):
        explain(tree, "rals.max_increment")


def test_shown_as_toml_it_reads_back_the_same(tmp_path: Path, schemas: Schemas) -> None:
    tree = load(ROOT / "conf/janus/cgrd.toml", schemas)
    assert read(tmp_path, schemas, as_toml(tree, masked=False)).sections == tree.sections


def test_secrets_are_not_shown(tmp_path: Path, schemas: Schemas) -> None:
    tree = read(tmp_path, schemas, '[data_db]\ndb_password = "hush"\n')
    assert "hush" not in as_toml(tree) + as_json(tree)
    assert as_toml(tree, only_set=True) == '[data_db]\ndb_password = "***"\n'
