"""What the whole configuration must hold: links that lead somewhere, values that can work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cgrd.config import ConfigurationError, Schemas, Tree, load

ROOT = Path(__file__).parents[2]


def schemas(*, without: str = "") -> Schemas:
    made = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        if file.parent.name != without:
            made.add_file(file, package=file.parent.name)
    return made


def read(folder: Path, known: Schemas | None = None, **sections: Any) -> Tree:
    (folder / "cgrates.json").write_text(json.dumps(sections))
    return load(folder, known or schemas())


ON = {"enabled": True}
BROKEN = {
    "a service that is not enabled": (
        {"rals": {**ON, "stats_conns": ["*internal"]}},
        "<StatS> not enabled but requested by <RALs> component",
    ),
    "an edge with another name than its section": (
        {"apiers": {**ON, "scheduler_conns": ["*internal"]}},
        "<SchedulerS> not enabled but requested by <APIerS> component",
    ),
    "a pool that nobody defined": ({"rals": {**ON, "stats_conns": ["far"]}}, "<RALs> connection with id: <far> not defined"),
    "an agent without sessions": ({"sip_agent": {**ON, "sessions_conns": []}}, "<SIPAgent> no SessionS connections defined"),
    "no attempt to terminate": ({"sessions": {**ON, "terminate_attempts": 0}}, "terminate_attempts should be at least 1"),
    "closed sessions forgotten": ({"sessions": ON, "caches": {"partitions": {"*closed_sessions": {"limit": 0}}}}, "*closed_sessions needs to be != 0"),
    "a key of the session altered": ({"sessions": {**ON, "alterable_fields": ["Usage"]}}, "protected field"),
    "an exporter that is not there": (
        {"ees": ON, "cdrs": {**ON, "ees_conns": ["*internal"], "online_cdr_exports": ["X"]}},
        "cannot find exporter with ID: <X>",
    ),
    "no attribute run": ({"attributes": {**ON, "opts": {"*processRuns": 0}}}, "*processRuns needs to be bigger than 0"),
    "items from nobody": ({"data_db": {"items": {"*accounts": {"remote": True}}}}, "remote_conns names no connection"),
    "items from itself": ({"data_db": {"items": {"*accounts": {"remote": True}}, "remote_conns": ["*internal"]}}, "cannot be *internal"),
}


@pytest.mark.parametrize(("sections", "error"), BROKEN.values(), ids=BROKEN)
def test_it_does_not_start(sections: dict[str, Any], error: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, **sections)
    assert error in str(caught.value)
    assert "cgrates.json:1: " in str(caught.value)


def test_links_of_what_is_not_enabled_do_not_matter(tmp_path: Path) -> None:
    assert read(tmp_path, rals={"stats_conns": ["far"]}, attributes={**ON, "apiers_conns": []}).warnings == read(tmp_path).warnings


def test_caches_and_cores_are_always_there(tmp_path: Path) -> None:
    assert read(tmp_path, apiers={**ON, "caches_conns": ["*internal"]}).warnings == read(tmp_path).warnings


def test_a_section_that_no_installed_plugin_serves_names_the_package(tmp_path: Path) -> None:
    tree = read(tmp_path, sessions=ON, radius_agent=ON)
    assert any("install cgrd-agent-radius" in each for each in tree.warnings)
    tree = read(tmp_path, schemas(without="cgrd_subsystem_stats"), stats=ON)
    assert any("install cgrd-subsystem-stats" in each for each in tree.warnings)


def test_a_section_that_no_installed_plugin_serves_is_an_error_in_toml(tmp_path: Path) -> None:
    (tmp_path / "cgrd.toml").write_text("[sessions]\nenabled = true\n[radius_agent]\nenabled = true\n")
    with pytest.raises(ConfigurationError, match="install cgrd-agent-radius"):
        load(tmp_path, schemas())


def test_a_public_listener_is_a_warning_in_a_cgrates_configuration(tmp_path: Path) -> None:
    tree = read(tmp_path, listen={"http": "0.0.0.0:2080"})
    assert any("open to the network" in each for each in tree.warnings)


def test_the_embedded_store_instead_of_redis_is_told(tmp_path: Path) -> None:
    assert any(each.startswith("data_db.db_type is not set") for each in read(tmp_path, general={}).warnings)
