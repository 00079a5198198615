"""Backups over the API: a daemon started on one has what was answered before it, and the daemon that made it goes on."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from cgrd.errors import CgrdError, NotFound, ServerError, Wrong
from cgrd.kernel import Kernel
from cgrd.store import SqliteStore
from cgrd.testing import VirtualClock, call, kernel_in_memory

APIERS = {"apiers": {"enabled": True}, "rals": {"enabled": True}}


def on(folder: Path, clock: VirtualClock) -> Any:
    """A daemon whose store is in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return kernel_in_memory(APIERS, clock=clock, store=SqliteStore.open(folder / "cgrd.sqlite", clock=clock))


async def top_up(kernel: Kernel, value: int) -> None:
    await call(kernel, "APIerSv1.AddBalance", Tenant="cgrates.org", Account="1001", BalanceType="*monetary", Value=value, Balance={"ID": "main"})


async def money(kernel: Kernel) -> int:
    account = await call(kernel, "APIerSv2.GetAccount", Tenant="cgrates.org", Account="1001")
    return int(sum(balance["Value"] for balance in account["BalanceMap"]["*monetary"]))


async def asked_with(kernel: Kernel, method: str, argument: str) -> Any:
    """A method whose argument is a text."""
    return await kernel.house.graph.request(kernel.house.graph.find(f"APIerSv1.{method}"), argument)


@pytest.mark.parametrize("name", ["BackupDataDB", "BackupStorDB", "SnapshotDataDB", "SnapshotStorDB"])
@pytest.mark.parametrize("zipped", [False, True])
async def test_a_daemon_started_on_a_backup_has_what_was_answered_before_it(tmp_path: Path, virtual_clock: VirtualClock, name: str, zipped: bool) -> None:
    async with on(tmp_path / "state", virtual_clock) as kernel:
        await top_up(kernel, 10)
        assert await call(kernel, f"APIerSv1.{name}", BackupFolderPath=str(tmp_path / "kept"), Zip=zipped) == "OK"
        await top_up(kernel, 5)
        assert await money(kernel) == 15
    (made,) = (tmp_path / "kept").iterdir()
    if zipped:
        zipfile.ZipFile(made).extractall(tmp_path / "restored")
    async with on(tmp_path / "restored" if zipped else made, virtual_clock) as kernel:
        assert await money(kernel) == 10
        assert (await kernel.store.verify()).faults == []


async def test_a_backup_that_names_no_folder_is_beside_the_store(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with on(tmp_path, virtual_clock) as kernel:
        assert await call(kernel, "APIerSv1.BackupDataDB") == "OK"
    assert [made.name.startswith("cgrd-") for made in (tmp_path / "backup").iterdir()] == [True]


async def test_what_is_no_file_cannot_be_copied_and_says_so(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(APIERS, clock=virtual_clock) as kernel:
        for name in ("BackupDataDB", "SnapshotStorDB"):
            with pytest.raises(CgrdError, match=r"\ANOT_IMPLEMENTED\Z"):
                await call(kernel, f"APIerSv1.{name}")
        for name in ("DumpDataDB", "RewriteStorDB", "RestoreDataDB"):
            with pytest.raises(CgrdError, match=r"\ANOT_IMPLEMENTED\Z"):
                await asked_with(kernel, name, "")


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with on(tmp_path, virtual_clock) as kernel:
        with pytest.raises(ServerError, match="cannot back up to /proc/none"):
            await call(kernel, "APIerSv1.BackupDataDB", BackupFolderPath="/proc/none")


async def test_dump_rewrite_and_restore_leave_all_as_it_is(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with on(tmp_path, virtual_clock) as kernel:
        await top_up(kernel, 10)
        for name in ("DumpDataDB", "DumpStorDB", "RewriteDataDB", "RewriteStorDB", "RestoreDataDB", "RestoreStorDB"):
            assert await asked_with(kernel, name, "") == "OK"
            assert await money(kernel) == 10


async def test_a_running_daemon_is_not_restored_over_itself(tmp_path: Path, virtual_clock: VirtualClock) -> None:
    async with on(tmp_path, virtual_clock) as kernel:
        with pytest.raises(Wrong, match="does not take its store from") as told:
            await asked_with(kernel, "RestoreDataDB", "/backups/cgrd-1")
        assert "--state" in told.value.explain


async def test_versions_stand_under_the_reference_s_names(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(APIERS, clock=virtual_clock) as kernel:
        data, stor = await asked_with(kernel, "GetDataDBVersions", ""), await asked_with(kernel, "GetStorDBVersions", "")
        assert (data["Accounts"], data["RQF"], stor["CDRs"], stor["TpRatingPlans"]) == (3, 5, 2, 1)
        assert data["Schema"] == stor["Schema"] > 0
        assert await asked_with(kernel, "GetDataDBVersions", "Accounts") == {"Accounts": 3}
        with pytest.raises(NotFound):
            await asked_with(kernel, "GetStorDBVersions", "Accounts")


async def test_versions_that_are_can_be_set_and_no_others(virtual_clock: VirtualClock) -> None:
    async with kernel_in_memory(APIERS, clock=virtual_clock) as kernel:
        for versions in (None, {}, {"Accounts": 3, "RQF": 5}):
            assert await call(kernel, "APIerSv1.SetDataDBVersions", Versions=versions, Overwrite=True) == "OK"
        assert await call(kernel, "APIerSv1.SetStorDBVersions", Versions={"CDRs": 2}) == "OK"
        with pytest.raises(ServerError, match="Accounts is at version 3, not 4"):
            await call(kernel, "APIerSv1.SetDataDBVersions", Versions={"Accounts": 4}, Overwrite=True)
        with pytest.raises(ServerError, match="there is no version of 'Accounts'"):
            await call(kernel, "APIerSv1.SetStorDBVersions", Versions={"Accounts": 3})
