"""The methods that load, remove and import tariff plans."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from cgrd.errors import MandatoryMissing, NotFound, ServerError
from cgrd.instants import Instant
from cgrd.profiles.draft import Draft
from cgrd.profiles.faults import PlanRefused
from cgrd.profiles.kind import Method
from cgrd.profiles.paging import Paginator
from cgrd.profiles.plan import ALL, Files, Load, LoadOptions, load_draft, load_files, read_files
from cgrd.profiles.progress import FileProgress, Progress
from cgrd.profiles.sheets import checked_separator
from cgrd.profiles.source import read_source, read_zip

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles


class LoadFromFolder(msgspec.Struct):
    """Arguments of LoadTariffPlanFromFolder and RemoveTPFromFolder."""

    FolderPath: str = ""
    DryRun: bool = False
    Validate: bool = False
    APIOpts: dict[str, Any] | None = None
    Caching: str | None = None


class LoadFromStorDb(msgspec.Struct):
    """Arguments of LoadTariffPlanFromStorDb and RemoveTPFromStorDB."""

    TPid: str = ""
    DryRun: bool = False
    Validate: bool = False
    APIOpts: dict[str, Any] | None = None
    Caching: str | None = None


class LoadPlan(msgspec.Struct):
    """Arguments of LoadPlan: a folder, zip file or address."""

    FolderPath: str
    DryRun: bool = False
    Validate: bool = False
    Caching: str = ""


class Loaded(msgspec.Struct):
    """What LoadPlan answers: how many records of each kind, the files that no installed plugin loads, and what will fail when it is used."""

    Records: dict[str, int]
    UnknownFiles: tuple[str, ...]
    Notes: tuple[str, ...] = ()

    @staticmethod
    def of(load: Load) -> Loaded:
        """What is told of a load."""
        return Loaded(Records=load.counts, UnknownFiles=load.unknown_files, Notes=load.notes)


class WatchLoad(msgspec.Struct):
    """Arguments of GetLoadProgress: the FolderPath that the load was asked for with."""

    FolderPath: str


class LoadInstance(msgspec.Struct):
    """What APIerSv2 answers to a load; the reference leaves it empty."""

    LoadID: str = ""
    RatingLoadID: str = ""
    AccountingLoadID: str = ""
    LoadTime: Instant = Instant.ZERO


class ImportFolder(msgspec.Struct):
    """Arguments of ImportTariffPlanFromFolder."""

    TPid: str = ""
    FolderPath: str = ""
    RunId: str = ""
    CsvSeparator: str = ""
    APIOpts: dict[str, Any] | None = None


class ImportZip(msgspec.Struct):
    """Arguments of ImportTPZipFile; the archive in base64."""

    TPid: str = ""
    File: str = ""


class TpOnly(msgspec.Struct):
    """A stored plan."""

    TPid: str = ""


class LoadOne(msgspec.Struct):
    """One record of a stored plan; each method names the id in its own way."""

    TPid: str = ""
    ID: str = ""
    RatingPlanId: str = ""
    RatingProfileID: str = ""
    SharedGroupId: str = ""
    AccountActionsId: str = ""
    LoadId: str = ""
    Tenant: str = ""
    Category: str = ""
    Subject: str = ""
    Account: str = ""


def load_methods(profiles: Profiles) -> list[Method]:
    """The methods that load and remove whole plans."""
    return [*_folder_methods(profiles), *_stored_methods(profiles)]


def file_names(profiles: Profiles) -> list[str]:
    """The files that installed kinds load."""
    return [kind.file for kind in profiles.kinds]


async def load_folder(profiles: Profiles, path: str, options: LoadOptions = ALL) -> Load:
    """Load a plan from a folder, a zip file or the web.

    Raises:
        CgrdError: the path is none, or the plan is refused; nothing was loaded.
    """
    progress = Progress(path)
    profiles.under_way.append(progress)
    try:
        return await load_files(profiles, await read_source(path, file_names=file_names(profiles)), progress=progress, options=options)
    finally:
        profiles.under_way.remove(progress)


def _options(args: LoadFromFolder | LoadFromStorDb, *, remove: bool = False) -> LoadOptions:
    caching = args.Caching or str((args.APIOpts or {}).get("*cache", ""))
    return LoadOptions(dry_run=args.DryRun, validate=args.Validate, caching=caching, remove=remove)


def _folder_methods(profiles: Profiles) -> Iterator[Method]:
    async def v1_load(args: LoadFromFolder) -> str:
        """Load a tariff plan's files from a folder of the daemon's machine, all or nothing."""
        await load_folder(profiles, args.FolderPath, _options(args))
        return "OK"

    async def v2_load(args: LoadFromFolder) -> LoadInstance:
        """The same as in APIerSv1, with an empty LoadInstance as its answer."""
        await load_folder(profiles, args.FolderPath, _options(args))
        return LoadInstance()

    async def remove(args: LoadFromFolder) -> str:
        """Delete everything that a plan names."""
        await load_folder(profiles, args.FolderPath, _options(args, remove=True))
        return "OK"

    async def load_plan(args: LoadPlan) -> Loaded:
        """Load a tariff plan and tell what it held; a dry run fails on everything that a load would."""
        options = LoadOptions(dry_run=args.DryRun, validate=args.Validate, caching=args.Caching, strict=True)
        return Loaded.of(await load_folder(profiles, args.FolderPath, options))

    def load_progress(args: WatchLoad) -> list[FileProgress]:
        """How far the load of a folder has come, file by file; empty when none is under way."""
        return [each for progress in profiles.under_way if progress.source == args.FolderPath for each in progress.files.values()]

    yield Method("APIerSv1.LoadPlan", LoadPlan, load_plan)
    yield Method("APIerSv1.GetLoadProgress", WatchLoad, load_progress)
    yield Method("APIerSv1.LoadTariffPlanFromFolder", LoadFromFolder, v1_load)
    yield Method("APIerSv2.LoadTariffPlanFromFolder", LoadFromFolder, v2_load)
    yield Method("APIerSv1.RemoveTPFromFolder", LoadFromFolder, remove)


def stored_draft(profiles: Profiles, tpid: str) -> Draft:
    """A draft of a stored plan."""
    draft = Draft(profiles=profiles)
    for kind in profiles.kinds:
        draft.take(kind, profiles.tp.all(kind, tpid))
    return draft


def _stored_methods(profiles: Profiles) -> Iterator[Method]:
    def need(tpid: str) -> str:
        if not tpid:
            raise MandatoryMissing("TPid")
        return tpid

    async def load(args: LoadFromStorDb) -> str:
        """Load what the store has of a plan, all or nothing."""
        await load_draft(profiles, stored_draft(profiles, need(args.TPid)), _options(args))
        return "OK"

    async def remove(args: LoadFromStorDb) -> str:
        """Delete everything that a plan names."""
        await load_draft(profiles, stored_draft(profiles, need(args.TPid)), _options(args, remove=True))
        return "OK"

    async def import_folder(args: ImportFolder) -> str:
        """Keep a folder's files in the store under a TPid, without loading them."""
        if missing := [name for name in ("TPid", "FolderPath") if not getattr(args, name)]:
            raise MandatoryMissing(*missing)
        separator = checked_separator("CsvSeparator", args.CsvSeparator)
        files = await read_source(args.FolderPath, file_names=file_names(profiles))
        await _import(profiles, args.TPid, files, separator=separator, load_id=args.RunId)
        return "OK"

    async def import_zip(args: ImportZip) -> str:
        """Keep the files of a zip archive (base64) in the store under a TPid, without loading them."""
        try:
            data = base64.b64decode(args.File, validate=True)
        except ValueError as error:
            raise ServerError(f"illegal base64 data: {error}") from error
        await _import(profiles, need(args.TPid), await trio.to_thread.run_sync(read_zip, data))
        return "OK"

    def forget(args: TpOnly) -> str:
        """Delete a stored plan; what was loaded of it stays."""
        profiles.tp.forget(need(args.TPid))
        return "OK"

    def ids(_: Paginator) -> list[str]:
        """The TPids of stored plans."""
        if not (found := profiles.tp.ids()):
            raise NotFound(explain="no tariff plan is stored")
        return found

    yield Method("APIerSv1.LoadTariffPlanFromStorDb", LoadFromStorDb, load)
    yield Method("APIerSv1.RemoveTPFromStorDB", LoadFromStorDb, remove)
    yield Method("APIerSv1.ImportTariffPlanFromFolder", ImportFolder, import_folder)
    yield Method("APIerSv1.ImportTPZipFile", ImportZip, import_zip)
    yield Method("APIerSv1.RemTP", TpOnly, forget)
    yield Method("APIerSv1.GetTPIds", Paginator, ids)
    yield from _load_one_methods(profiles)


_ONE: dict[str, tuple[str, Callable[[LoadOne], str]]] = {
    "APIerSv1.LoadDestination": ("Destination", lambda args: args.ID),
    "APIerSv1.LoadRatingPlan": ("RatingPlan", lambda args: args.RatingPlanId),
    "APIerSv1.LoadSharedGroup": ("SharedGroup", lambda args: args.SharedGroupId),
    "APIerSv1.LoadRatingProfile": ("RatingProfile", lambda args: f"*out:{args.Tenant}:{args.Category}:{args.Subject}"),
    "APIerSv2.LoadRatingProfile": ("RatingProfile", lambda args: f"*out:{args.RatingProfileID.partition(':')[2]}"),
    "APIerSv1.LoadAccountActions": ("AccountActions", lambda args: f"{args.Tenant}:{args.Account}"),
    "APIerSv2.LoadAccountActions": ("AccountActions", lambda args: args.AccountActionsId.partition(":")[2]),
}


def _load_one_methods(profiles: Profiles) -> Iterator[Method]:
    for name, (kind, key_of) in _ONE.items():
        if profiles.kind(kind) is not None:
            yield Method(name, LoadOne, _load_one(profiles, kind, key_of))


def _load_one(profiles: Profiles, kind: str, key_of: Callable[[LoadOne], str]) -> Callable[[LoadOne], Awaitable[str]]:
    async def load(args: LoadOne) -> str:
        """Load what the store has of a plan, all or nothing."""
        if not args.TPid:
            raise MandatoryMissing("TPid")
        key = key_of(args)
        await load_draft(profiles, stored_draft(profiles, args.TPid), LoadOptions(only=(kind, "" if not key.strip("*out:") else key)))
        return "OK"

    return load


async def _import(profiles: Profiles, tpid: str, files: Files, *, separator: str = ",", load_id: str = "") -> None:
    draft = Draft(profiles=profiles)
    await read_files(profiles, draft, files, separator=separator)
    if draft.faults:
        raise PlanRefused(draft.faults)
    for kind in profiles.kinds:
        if rows := draft.rows.get(kind.name):
            named = load_id or "CSVLOAD" if kind.tp and kind.tp.load_id else ""
            profiles.tp.put(kind, tpid, list(rows.values()), load_id=named)
