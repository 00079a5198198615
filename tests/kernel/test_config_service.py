"""Changing a running configuration: whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cgrd.config import ConfigService, ConfigurationError, Schemas, Tree, load
from cgrd.config.service import ReloadArgs, SectionArgs, SetConfigArgs, SetConfigFromJSONArgs
from cgrd.errors import CgrdError, MandatoryMissing, Wrong

ROOT = Path(__file__).parents[2]


class Daemon:
    """A daemon that takes what it is given, or refuses."""

    def __init__(self, folder: Path, files: dict[str, str], *, refuse: bool = False) -> None:
        self.folder, self.refuse, self.running = folder, refuse, ""
        self.write(files)
        schemas = Schemas.kernel()
        for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
            schemas.add_file(file, package=file.parent.name)
        self.service = ConfigService(tree=load(folder, schemas), apply=self.apply, env={})

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    async def apply(self, tree: Tree) -> None:
        if self.refuse:
            raise ConfigurationError("the port is taken")
        self.running = tree.general["node_id"]

    @property
    def node_id(self) -> Any:
        return self.service.tree.general["node_id"]


async def test_a_changed_key_takes_effect(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": "{}"})
    assert await daemon.service.set_config(SetConfigArgs(Config={"general": {"node_id": "n2"}})) == "OK"
    assert (daemon.node_id, daemon.running) == ("n2", "n2")
    assert daemon.service.tree.origin("general", "node_id") == "SetConfig"


async def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": "{}"})
    await daemon.service.set_config(SetConfigArgs(Config={"general": {"node_id": "n2"}}, DryRun=True))
    await daemon.service.set_config_from_json(SetConfigFromJSONArgs(Config='{"general": {"node_id": "n2"}}', DryRun=True))
    assert (daemon.node_id, daemon.running) == ("", "")


async def test_what_the_daemon_cannot_do_leaves_the_old_tree(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": "{}"}, refuse=True)
    with pytest.raises(ConfigurationError, match="the port is taken"):
        await daemon.service.set_config(SetConfigArgs(Config={"general": {"node_id": "n2"}}))
    assert daemon.node_id == ""


async def test_a_failed_check_leaves_the_old_tree(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": "{}"})
    text = '{"general": {"node_id": "n2"}, "rals": {"enabled": true, "stats_conns": ["*internal"]}}'
    with pytest.raises(ConfigurationError, match="<StatS> not enabled"):
        await daemon.service.set_config_from_json(SetConfigFromJSONArgs(Config=text))
    assert (daemon.node_id, daemon.running) == ("", "")


async def test_a_reload_of_one_section_leaves_the_others(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": '{"general": {"node_id": "n1"}, "cores": {"caps": 1}}'})
    daemon.write({"a.json": '{"general": {"node_id": "n2"}, "cores": {"caps": 2}}'})
    await daemon.service.reload_config(ReloadArgs(Path=str(tmp_path), Section="cores"))
    assert (daemon.node_id, daemon.service.tree.sections["cores"]["caps"]) == ("n1", 2)


async def test_a_cgrates_reload_lies_over_what_is_in_force(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.json": '{"general": {"node_id": "n1"}}'})
    daemon.write({"a.json": "{}"})
    await daemon.service.reload()
    assert daemon.node_id == "n1"


@pytest.mark.parametrize("section", ["", "*all", "general"])
async def test_a_key_removed_from_toml_is_gone_after_a_reload(section: str, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.toml": '[general]\nnode_id = "n1"'})
    daemon.write({"a.toml": ""})
    await daemon.service.reload_config(ReloadArgs(Path=str(tmp_path), Section=section))
    assert (daemon.node_id, daemon.service.tree.origin("general", "node_id")) == ("", "default")


async def test_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, {"a.toml": '[general]\nnode_id = "n1"'})
    daemon.write({"a.toml": "[general"})
    with pytest.raises(ConfigurationError, match=r"a\.toml"):
        await daemon.service.reload()
    assert daemon.node_id == "n1"


async def test_what_cannot_be_asked(tmp_path: Path) -> None:
    service = Daemon(tmp_path, {"a.json": "{}"}).service
    with pytest.raises(MandatoryMissing, match=r"MANDATORY_IE_MISSING: \[Path\]"):
        await service.reload_config(ReloadArgs(Section="nope"))
    with pytest.raises(Wrong, match="Invalid section: <nope>"):
        await service.reload_config(ReloadArgs(Path=str(tmp_path), Section="nope"))
    with pytest.raises(Wrong, match="Invalid section: <nope>"):
        await service.set_config(SetConfigArgs(Config={"nope": {}}))
    with pytest.raises(CgrdError, match=r"^Invalid section$"):
        service.get_config(SectionArgs(Section="nope"))
    assert await service.set_config(SetConfigArgs()) == "OK"


def test_a_native_configuration_answers_its_own_sections_and_hides_secrets(tmp_path: Path) -> None:
    service = Daemon(tmp_path, {"a.toml": '[data_db]\ndb_password = "hush"'}).service
    assert service.get_config(SectionArgs(Section="store"))["store"]["durability"] == "normal"
    assert service.get_config(SectionArgs(Section="data_db"))["data_db"]["db_password"] == "***"
