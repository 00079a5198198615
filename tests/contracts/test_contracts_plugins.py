"""Every installed plugin keeps the contract; the kernel knows none of them; each one imports alone; a bad one is named and harms nobody."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cgrd.errors import CgrdError, ConfigurationError, PluginError
from cgrd.hookspecs import Hooks
from cgrd.plugins import GROUPS, Plugins
from cgrd.testing import assert_contract, call, kernel_in_memory

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/*/pyproject.toml"))
GOOD = "from cgrd import Subsystem, hookimpl, method, CGREvent\n"
SUBSYSTEM = GOOD + (
    "class S(Subsystem, section='{0}'):\n"
    "    @method('{0}V1.Do')\n"
    "    def do(self, args: CGREvent) -> str:\n        return 'done'\n"
    "@hookimpl\ndef cgrd_components():\n    return [S]\n"
)
SCHEMA = {"type": "object", "properties": {"enabled": {"type": "boolean", "default": False, "description": "Whether it runs."}}}


@pytest.mark.parametrize("plugin", [plugin.distribution for plugin in Plugins.installed().found])
def test_a_plugin_keeps_the_contract(plugin: str) -> None:
    assert_contract(plugin)


STAGED = (
    "from cgrd import Subsystem, hookimpl, stage, stages_of\n"
    "@stage('*staged', of='authorize', edge='staged')\nasync def ask(flow):\n    pass\n"
    "@hookimpl\ndef cgrd_stages():\n    return stages_of(globals())\n"
)


def test_a_stage_that_is_not_found_where_its_plugin_is_off_breaks_the_contract(install: Callable[..., None]) -> None:
    install("acme-staged", "staged", STAGED, schema=SCHEMA)
    with pytest.raises(AssertionError, match=r"the stage \*staged \(staged.ask\) does not stand in the module staged.stages"):
        assert_contract("staged")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_one_word_names_everything(folder: Path) -> None:
    group = folder.parent.name.removesuffix("s")
    package = folder / f"cgrd_{group}_{folder.name}"
    assert package.joinpath("__init__.py").exists()
    assert package.joinpath("py.typed").exists()
    text = folder.joinpath("pyproject.toml").read_text()
    assert f'name = "cgrd-{group}-{folder.name}"' in text
    assert f'[project.entry-points."cgrd.{group}s"]\n{folder.name} = "cgrd_{group}_{folder.name}"' in text


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder.parent.name == "subsystems"], ids=lambda folder: folder.name)
def test_the_component_of_a_subsystem_stands_in_its_module_service(folder: Path) -> None:
    holders = [file.name for file in folder.glob("cgrd_*/*.py") if f'(Subsystem, section="{folder.name}")' in file.read_text()]
    assert holders == ["service.py"]


@pytest.mark.parametrize("folder", [ROOT, *FOLDERS], ids=lambda folder: folder.name)
def test_what_is_imported_is_declared_and_nothing_else(folder: Path) -> None:
    declared = tomllib.loads(folder.joinpath("pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[\w.-]+", text)[0].replace("-", "_") for text in declared}  # type: ignore[index]
    package = folder / "cgrd" if folder == ROOT else next(folder.glob("cgrd_*"))
    imported = {name.partition(".")[0] for file in package.rglob("*.py") for name in names_imported(file)}
    mine = {name for name in imported if name not in sys.stdlib_module_names and name != package.name} - {"pytest"}  # the test kit is an extra
    assert {MODULES.get(name, name) for name in names} == mine


MODULES = {"google_re2": "re2"}


def names_imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_the_kernel_imports_no_plugin() -> None:
    for file in sorted((ROOT / "cgrd").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(("cgrd_", "plugins"))], file


def test_every_distribution_builds_and_imports_alone_beside_the_kernel(tmp_path: Path) -> None:
    wheels, here = tmp_path / "wheels", ROOT / ".venv/bin/uv"
    subprocess.run([here, "build", "--quiet", "--wheel", "--all-packages", "--out-dir", wheels], cwd=ROOT, check=True)
    built = {wheel.name.partition("-")[0]: wheel for wheel in wheels.glob("*.whl")}
    assert set(built) == {"cgrd", *(f"cgrd_{folder.parent.name.removesuffix('s')}_{folder.name}" for folder in FOLDERS)}
    install = [here, "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*install, tmp_path / "kernel", built.pop("cgrd")], check=True)
    for name, wheel in built.items():
        subprocess.run([*install, tmp_path / name, wheel], check=True)
    # Not in the virtual environment: its .pth files would lend the other plugins.
    path = [str(tmp_path / "kernel"), "{}", sysconfig.get_path("purelib")]
    for name in built:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path).format(tmp_path / name)}
        done = subprocess.run([getattr(sys, "_base_executable", sys.executable), "-c", ALONE, name], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{name}:\n{done.stderr}"


ALONE = """
import importlib, pkgutil, sys
name = sys.argv[1]
package = importlib.import_module(name)
for found in pkgutil.walk_packages(package.__path__, name + "."):
    importlib.import_module(found.name)
others = {each for each in sys.modules if each.startswith(("cgrd_agent", "cgrd_sub", "cgrd_exp")) and each.partition(".")[0] != name}
assert not others, others
"""


@pytest.mark.parametrize("hook", [name for name in vars(Hooks) if name.startswith("cgrd_")])
def test_every_hook_is_asked(hook: str) -> None:
    texts = [file.read_text() for folder in ("cgrd", "plugins") for file in (ROOT / folder).rglob("*.py") if file.name != "hookspecs.py"]
    asked = re.compile(rf"""(given|vocabulary)\(["']{hook}["']\)|manager\.hook\.{hook}\b""")
    assert any(asked.search(text) for text in texts), f"{hook} is a promise that nobody keeps: no code asks for it"


async def test_a_misspelt_hook_is_refused_by_the_name_of_its_distribution(install: Callable[..., None]) -> None:
    install("acme-typo", "typo", GOOD + "@hookimpl\ndef cgrd_componets():\n    return []\n", schema=SCHEMA)
    with pytest.raises(PluginError, match=r"acme-typo cannot be loaded.*cgrd_componets"):
        async with kernel_in_memory({"typo": {"enabled": True}}):
            pass


async def test_a_hook_without_its_mark_is_refused(install: Callable[..., None]) -> None:
    install("acme-plain", "plain", "def cgrd_components():\n    return []\n", schema=SCHEMA)
    with pytest.raises(PluginError, match=r"acme-plain.*not marked with @hookimpl"):
        async with kernel_in_memory({"plain": {"enabled": True}}):
            pass


@pytest.mark.parametrize(
    "source",
    [
        "raise RuntimeError('at import')\n",
        "import nothing_of_that_name\n",
        GOOD + "@hookimpl\ndef cgrd_components():\n    raise RuntimeError('in the hook')\n",
        GOOD + "@hookimpl\ndef cgrd_stages():\n    return undefined\n",
        "def (\n",
    ],
)
async def test_a_broken_plugin_is_named_and_the_others_go_on(install: Callable[..., None], source: str) -> None:
    install("acme-broken", "broken", source, schema=SCHEMA)
    install("acme-good", "good", SUBSYSTEM.format("good"), schema=SCHEMA)
    sections = {"broken": {"enabled": True}, "good": {"enabled": True}}
    with pytest.raises(PluginError, match="acme-broken cannot be loaded"):
        async with kernel_in_memory(sections):
            pass
    async with kernel_in_memory({**sections, "plugins": {"on_start_error": "skip"}}) as kernel:
        assert [plugin.distribution for plugin in kernel.plugins.broken()] == ["acme-broken"]
        assert await call(kernel, "goodV1.Do") == "done"


async def test_one_that_cannot_be_built_is_named_and_skipped_where_that_is_wanted(install: Callable[..., None]) -> None:
    unbuilt = SUBSYSTEM.format("unbuilt").replace("    @method", "    def __init__(self, **given):\n        given['nothing']\n    @method")
    install("acme-unbuilt", "unbuilt", unbuilt, schema=SCHEMA)
    with pytest.raises(PluginError, match=r"\(unbuilt\) cannot be built: KeyError"):
        async with kernel_in_memory({"unbuilt": {"enabled": True}}):
            pass
    async with kernel_in_memory({"unbuilt": {"enabled": True}, "plugins": {"on_start_error": "skip"}}) as kernel:
        assert "unbuilt" not in kernel.house.components
        assert await call(kernel, "CoreSv1.Ping") == "Pong"


async def test_one_that_does_not_start_is_named_and_skipped_where_that_is_wanted(install: Callable[..., None]) -> None:
    late = SUBSYSTEM.format("late").replace("    @method", "    async def serve(self, *, task_status):\n        raise OSError('no such line')\n    @method")
    install("acme-late", "late", late, schema=SCHEMA)
    with pytest.raises(CgrdError, match="late cannot be started: no such line"):
        async with kernel_in_memory({"late": {"enabled": True}}):
            pass
    async with kernel_in_memory({"late": {"enabled": True}, "plugins": {"on_start_error": "skip"}}) as kernel:
        assert await call(kernel, "CoreSv1.Ping") == "Pong"


@pytest.mark.parametrize("fault", ["async def serve(self, *, task_status):\n        raise OSError('no such line')", "x = undefined"])
async def test_one_that_fails_in_a_reload_leaves_the_old_configuration_and_may_be_left_out_again(install: Callable[..., None], fault: str) -> None:
    install("acme-late", "late", SUBSYSTEM.format("late").replace("    @method", f"    {fault}\n    @method"), schema=SCHEMA)
    async with kernel_in_memory({"attributes": {"enabled": True}}) as kernel:
        before = await call(kernel, "ConfigSv1.GetConfig")
        with pytest.raises(CgrdError, match="late cannot be"):
            await call(kernel, "ConfigSv1.SetConfig", Config={"late": {"enabled": True}, "attributes": {"nested_fields": True}})
        assert await call(kernel, "ConfigSv1.GetConfig") == before
        with pytest.raises(CgrdError, match="find service"):
            await call(kernel, "lateV1.Do")
        assert await call(kernel, "ConfigSv1.SetConfig", Config={"attributes": {"nested_fields": True}}) == "OK"


async def test_one_that_is_not_enabled_is_not_imported(install: Callable[..., None]) -> None:
    install("acme-off", "off", "raise RuntimeError('imported')\n", schema=SCHEMA, group="cgrd.agents")
    async with kernel_in_memory({}) as kernel:
        assert [plugin.state for plugin in kernel.plugins.found if plugin.name == "off"] == ["off"]
    assert "off" not in sys.modules


async def test_an_unknown_key_of_a_plugin_s_section_is_refused_with_the_nearest_name(install: Callable[..., None]) -> None:
    install("acme-keys", "keys", SUBSYSTEM.format("keys"), schema=SCHEMA)
    with pytest.raises(ConfigurationError, match=r"enabeld.*enabled"):
        async with kernel_in_memory({"keys": {"enabeld": True}}):
            pass


async def test_two_plugins_cannot_have_one_section(install: Callable[..., None]) -> None:
    install("acme-one", "one", SUBSYSTEM.format("one"), schema={**SCHEMA, "x-section": "shared"})
    install("acme-two", "two", SUBSYSTEM.format("two"), schema={**SCHEMA, "x-section": "shared"})
    with pytest.raises(PluginError, match="acme-two brings the configuration section shared, which acme-one has"):
        async with kernel_in_memory({}):
            pass


def test_groups_of_entry_points_are_the_three_kinds() -> None:
    assert sorted(GROUPS) == ["cgrd.agents", "cgrd.exporters", "cgrd.subsystems"]
