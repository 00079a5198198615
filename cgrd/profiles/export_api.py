"""The methods that write tariff plans out."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

import msgspec
import trio

from cgrd.errors import CgrdError, MandatoryMissing, ServerError
from cgrd.profiles.export import row_of_record, write_folder, writing_file, zipped
from cgrd.profiles.kind import Kind, Method
from cgrd.profiles.plan import in_pieces
from cgrd.profiles.sheets import checked_separator

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles


class ExportTp(msgspec.Struct):
    """Arguments of ExportTPToFolder and ExportTPToZipString."""

    TPid: str | None = None
    FileFormat: str | None = None
    FieldSeparator: str | None = None
    ExportPath: str | None = None
    Compress: bool | None = None


class ExportedTPStats(msgspec.Struct):
    """What was exported where."""

    ExportPath: str
    ExportedFiles: list[str]
    Compressed: bool


class ExportFolder(msgspec.Struct):
    """Arguments of ExportToFolder: words of kinds (`*attributes`); none = all."""

    Path: str = ""
    Items: list[str] | None = None


def export_methods(profiles: Profiles) -> Iterator[Method]:
    """The methods that export stored plans and tables."""

    async def stored_files(args: ExportTp) -> dict[str, str]:
        if not args.TPid:
            raise MandatoryMissing("TPid")
        separator = checked_separator("FieldSeparator", args.FieldSeparator)
        kinds = [kind for kind in profiles.kinds if profiles.tp.keys(kind, args.TPid)]
        return {kind.file: await in_pieces(writing_file(kind, profiles.tp.all(kind, args.TPid), separator=separator)) for kind in kinds}

    async def tp_to_folder(args: ExportTp) -> ExportedTPStats:
        """Write a stored plan as CSV files into a folder, or a zip archive."""
        files, path = await stored_files(args), args.ExportPath or ""
        if args.Compress:
            await _written(_write_zip, path, files)
        else:
            await _written(write_folder, path, files)
        return ExportedTPStats(path, sorted(files), bool(args.Compress))

    async def tp_to_zip(args: ExportTp) -> str:
        """A stored plan as a zip archive of CSV files, in base64."""
        return base64.b64encode(await trio.to_thread.run_sync(zipped, await stored_files(args))).decode()

    async def to_folder(args: ExportFolder) -> str:
        """Write what is loaded as CSV files into a folder: all kinds, or those of `Items`."""
        kinds = [kind for kind in profiles.kinds if kind.stored and kind.export]
        known = {kind.export_word for kind in kinds}
        if unknown := sorted(set(args.Items or ()) - known):
            raise CgrdError(f"UNSUPPORTED_FORMAT:{unknown[0]}", explain=f"Items are of {' '.join(sorted(known))}")
        wanted = [kind for kind in kinds if not args.Items or kind.export_word in args.Items]
        await _written(write_folder, args.Path, {kind.file: await in_pieces(_table_text(profiles, kind)) for kind in wanted if len(profiles[kind.name])})
        return "OK"

    yield Method("APIerSv1.ExportTPToFolder", ExportTp, tp_to_folder)
    yield Method("APIerSv1.ExportTPToZipString", ExportTp, tp_to_zip)
    yield Method("APIerSv1.ExportToFolder", ExportFolder, to_folder)


def _table_text(profiles: Profiles, kind: Kind) -> Generator[None, None, str]:
    return writing_file(kind, (row_of_record(kind, record) for _, record in sorted(profiles[kind.name].items(), key=lambda item: item[0])))


def _write_zip(path: str, files: dict[str, str]) -> None:
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "tpexport.zip"), "wb") as file:
        file.write(zipped(files))


async def _written(write: Callable[[str, dict[str, str]], None], path: str, files: dict[str, str]) -> None:
    try:
        await trio.to_thread.run_sync(write, path, files)
    except (OSError, ValueError) as error:
        raise ServerError(error, explain=f"cannot write to {path!r}") from error
