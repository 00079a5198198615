"""CONTRIBUTING.md: its plugin is the stranger's, file by file, and its tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cgrd.testing

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


def test_the_guide_names_all_of_the_kit() -> None:
    for name in cgrd.testing.__all__:
        assert f"`{name}" in GUIDE, name
