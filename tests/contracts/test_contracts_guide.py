"""CONTRIBUTING.md: its plugin is the stranger's, file by file, and its tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cgrd.testing
from cgrd import Stage
from cgrd.services import Services

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
STRANGER = Path(__file__).parent / "stranger"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_guide_shows_the_stranger_s_files() -> None:
    assert blocks("toml")[0] == (STRANGER / "pyproject.toml").read_text()
    assert blocks("json")[0] == (STRANGER / "src/blocklist/config.schema.json").read_text()
    assert blocks("python")[0] == (STRANGER / "src/blocklist/__init__.py").read_text()
    assert blocks("python")[1] == (STRANGER / "src/blocklist/stages.py").read_text()


def test_the_guide_s_tests_pass(tmp_path: Path, stranger_path: str) -> None:
    (tmp_path / "test_blocklist.py").write_text(blocks("python")[2])
    (tmp_path / "pytest.ini").write_text("[pytest]\ntrio_mode = true\n")
    environment = {**os.environ, "PYTHONPATH": stranger_path}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", tmp_path], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def quota_path(tmp_path: Path) -> str:
    """A folder with the guide's second plugin in it, for PYTHONPATH."""
    package, info = tmp_path / "path" / "callquota", tmp_path / "path" / "callquota-1.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    kinds, code, commands, test = blocks("python")[3:]
    package.joinpath("kinds.py").write_text(kinds)
    package.joinpath("__init__.py").write_text(code)
    package.joinpath("commands.py").write_text(commands)
    enabled = '{"type": "object", "properties": {"enabled": {"type": "boolean", "default": false, "description": "Whether it runs."}}}'
    package.joinpath("config.schema.json").write_text(enabled)
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: callquota\nVersion: 1\n")
    info.joinpath("entry_points.txt").write_text("[cgrd.subsystems]\ncallquota = callquota\n[cgrd.kinds]\ncallquota = callquota.kinds\n")
    (tmp_path / "test_callquota.py").write_text(test)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntrio_mode = true\n")
    return str(tmp_path / "path")


def run(*words: str, path: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, cwd=cwd)


def test_the_guide_s_second_plugin_keeps_its_state(tmp_path: Path, quota_path: str) -> None:
    done = run("-m", "pytest", "-q", "test_callquota.py", path=quota_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_guide_s_second_plugin_has_a_kind_and_a_command(tmp_path: Path, quota_path: str, daemon: Callable[..., Any]) -> None:
    running = daemon("[callquota]\nenabled = true\n[apiers]\nenabled = true\n", path=quota_path)
    plan = tmp_path / "plan"
    plan.mkdir()
    (plan / "Quotas.csv").write_text("#Tenant,ID,Calls\ncgrates.org,1001,1\n")
    at = f"127.0.0.1:{running.port()}"
    assert run("-m", "cgrd.cli", "load", "plan", "-s", at, path=quota_path, cwd=tmp_path).stdout == "loaded: 1 Quota\n"
    assert run("-m", "cgrd.cli", "take-call", "1001", "-s", at, path=quota_path, cwd=tmp_path).stdout == "0\n"
    over = run("-m", "cgrd.cli", "take-call", "1001", "-s", at, path=quota_path, cwd=tmp_path)
    assert over.returncode == 1
    assert "QUOTA_EXCEEDED\n1001 may make 1 calls" in over.stderr


def test_the_guide_says_all_that_a_component_finds_and_a_stage_tells() -> None:
    rows = "".join(line for line in GUIDE.splitlines() if line.startswith("|"))
    public = {name for name, value in vars(Services).items() if not name.startswith("_") and (isinstance(value, property) or callable(value))}
    for name in {*public, *Services.__dataclass_fields__, *Stage.__dataclass_fields__} - {"flag", "run"}:
        assert re.search(rf"`{name}\b", rows), name


def test_the_guide_names_all_of_the_kit() -> None:
    for name in cgrd.testing.__all__:
        assert f"`{name}" in GUIDE, name
