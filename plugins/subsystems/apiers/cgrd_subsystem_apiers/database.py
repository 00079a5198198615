"""The store's file over the API: copies, everything written down, room given back.

The reference has two databases, DataDB and StorDB; here one store holds what both do, so both names of a method do the same.

Source: spec/ops.md §6; NOT_IMPLEMENTED where the store is no file, as there for databases that are not its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgrd import method
from cgrd.errors import Wrong

if TYPE_CHECKING:
    from cgrd.services import Services


class BackupArgs(msgspec.Struct, kw_only=True):
    """Where to: a folder (a relative one is beside the store; none is `opts.internalDBBackupPath`), and whether as an archive."""

    BackupFolderPath: str = ""
    Zip: bool = False
    Tenant: str = ""
    APIOpts: dict[str, Any] | None = None


class Database:
    """What is asked of the store; the work is in `cgrd.store.Upkeep`, in a thread."""

    def __init__(self, *, services: Services) -> None:
        self.services = services

    @method("APIerSv1.BackupDataDB", "APIerSv1.SnapshotDataDB")
    async def backup_data_db(self, args: BackupArgs) -> str:
        """Copy the store, as it is now, into a new folder or archive on which a daemon can be started; the log names it."""
        return await self._backup("data_db", args)

    @method("APIerSv1.BackupStorDB", "APIerSv1.SnapshotStorDB")
    async def backup_stor_db(self, args: BackupArgs) -> str:
        """The same: one store holds all; only the folder that is meant where none is named is another."""
        return await self._backup("stor_db", args)

    async def _backup(self, section: str, args: BackupArgs) -> str:
        folder = args.BackupFolderPath or str(self.services.config.value(section, "opts", "internalDBBackupPath"))
        made = await self.services.store.upkeep.backup(folder, zipped=args.Zip)
        self.services.log("apiers").info("backup made", path=str(made))
        return "OK"

    @method("APIerSv1.DumpDataDB", "APIerSv1.DumpStorDB")
    async def dump(self, _: str) -> str:
        """Commit what is queued and bring everything into the one file, without its write-ahead log; the argument is not looked at."""
        await self.services.store.upkeep.dump()
        return "OK"

    @method("APIerSv1.RewriteDataDB", "APIerSv1.RewriteStorDB")
    async def rewrite(self, _: str) -> str:
        """Give the room of what was deleted back to the file system; the argument is not looked at."""
        await self.services.store.upkeep.compact()
        return "OK"

    @method("APIerSv1.RestoreDataDB", "APIerSv1.RestoreStorDB")
    async def restore(self, path: str) -> str:
        """Read the store's file and say whether it is sound: what is in memory is what it holds. A backup is restored by starting on it."""
        if path:
            raise Wrong(
                f"a running daemon does not take its store from {path}",
                explain="what it holds in memory would be lost; stop it, put the backup's file into a folder of its own, and start with --state FOLDER",
            )
        await self.services.store.upkeep.check()
        return "OK"
