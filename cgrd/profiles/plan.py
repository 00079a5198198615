"""Loading a tariff plan: read everything, check it as a whole, switch in one transaction; all of it or nothing.

The work is done in pieces of a few milliseconds, other requests go on being answered meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import trio

from cgrd.errors import CgrdError, NotFound, ServerError
from cgrd.garbage import give_back, no_collections
from cgrd.profiles.draft import Draft, valid
from cgrd.profiles.faults import PlanRefused
from cgrd.profiles.kind import Kind
from cgrd.profiles.progress import Progress
from cgrd.profiles.switch import PAGED_FROM, Switch

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles

T = TypeVar("T")
NOTED = 100
"""No more doubts than this are told of one load."""
PIECE_NS = 2_000_000
"""How long a load works before others get their turn."""

Files = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What is to be done with a plan.

    Attributes:
        dry_run: stop before the switch. Faults that the reference meets only while writing are told in the answer's `faults`, no error.
        validate: hold tariffs to stricter rules; `invalid data` when one is broken (a dry run does not look, as recorded).
        remove: delete what the plan would set.
        caching: told to those who watch loads (`*reload`, `*none` …).
        only: kind and key of what alone is switched; an empty key means all of the kind.
        strict: a dry run, too, refuses what the reference meets only while writing.
    """

    dry_run: bool = False
    validate: bool = False
    remove: bool = False
    caching: str = ""
    only: tuple[str, str] | None = None
    strict: bool = False


ALL = LoadOptions()
"""Load it, all of it."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was loaded: the load's id (unix ns), how many records of each kind, what was left out, and `notes` on what will fail when used."""

    id: int
    counts: dict[str, int]
    removed: bool = False
    caching: str = ""
    unknown_files: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def in_pieces(work: Generator[None, None, T]) -> T:
    """Run a generator to its end; give way whenever it has worked for a few milliseconds."""
    until = time.perf_counter_ns() + PIECE_NS
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        if time.perf_counter_ns() > until:
            await trio.lowlevel.checkpoint()
            until = time.perf_counter_ns() + PIECE_NS


async def load_files(profiles: Profiles, files: Files, *, separator: str = ",", progress: Progress | None = None, options: LoadOptions = ALL) -> Load:
    """Load the files of a plan, each a name and its text; `progress` is told how far it has come.

    Raises:
        PlanRefused: anything is wrong; nothing was loaded.
    """
    by_name = {kind.file: kind for kind in profiles.kinds}
    draft = Draft(profiles=profiles, progress=progress)
    draft.unknown_files = tuple(name for name, _ in files if name.rpartition("/")[2] not in by_name)
    draft.progress.expect((name, text) for name, text in files if name not in draft.unknown_files)
    with no_collections():
        await read_files(profiles, draft, files, separator=separator)
        return await load_draft(profiles, draft, options)


async def read_files(profiles: Profiles, draft: Draft, files: Files, *, separator: str = ",") -> None:
    """Fill a draft from files; those of no installed kind are left out."""
    named: dict[str, list[tuple[str, str]]] = {}
    for each in files:
        named.setdefault(each[0].rpartition("/")[2], []).append(each)
    for kind in profiles.kinds:
        if mine := named.get(kind.file):
            await in_pieces(draft.read(kind, mine, separator=separator))


async def load_draft(profiles: Profiles, draft: Draft, options: LoadOptions = ALL) -> Load:
    """Make the records of a draft, check them as a whole, and switch.

    Raises:
        PlanRefused: anything is wrong; nothing was changed.
    """
    async with profiles.loading:
        with no_collections():
            return await _load(profiles, draft, options)


async def _load(profiles: Profiles, draft: Draft, options: LoadOptions) -> Load:
    await _build(profiles, draft, check=not options.remove)
    _refuse(profiles, draft, options)
    if options.only is not None:
        draft.keep_only(*options.only)
    load = Load(
        id=profiles.clock_ns(),
        counts={name: len(records) for name, records in draft.records.items() if records},
        removed=options.remove,
        caching=options.caching,
        unknown_files=draft.unknown_files,
        faults=tuple(str(fault) for fault in draft.faults),
        notes=tuple(str(note) for note in draft.notes[:NOTED]),
    )
    if not options.dry_run:
        await _switch(profiles, draft, load)
    large = sum(load.counts.values()) > PAGED_FROM
    await in_pieces(draft.release())
    if large:
        give_back()
    return load


def _refuse(profiles: Profiles, draft: Draft, options: LoadOptions) -> None:
    """Raise what is wrong with the draft, as far as it matters for what is to be done with it."""
    early = [fault for fault in draft.faults if not fault.writing]
    if early or (draft.faults and (options.strict or not (options.dry_run or options.remove))):
        raise PlanRefused(draft.faults)
    looks = options.validate and (options.strict or not options.dry_run)
    if looks and not all(valid(kind, draft.records.get(kind.name, {}).values()) for kind in profiles.kinds):
        raise CgrdError("invalid data", explain="a rating plan leaves a gap in the week, or a rate's slots or a timing are not sane")


async def _build(profiles: Profiles, draft: Draft, *, check: bool) -> None:
    kinds = [kind for kind in profiles.kinds if draft.rows.get(kind.name)]
    for kind in kinds:
        await in_pieces(draft.build(kind))
    for kind in kinds if check else ():
        await in_pieces(draft.check(kind))
    draft.faults.sort(key=lambda fault: fault.writing)


async def _switch(profiles: Profiles, draft: Draft, load: Load) -> None:
    if load.removed:
        _refuse_missing(profiles, draft)
    switches = list(_switches(profiles, draft, remove=load.removed))
    try:
        for switch in switches:
            await in_pieces(_told(switch.prepare(), draft.progress, switch.table.kind))
        with profiles.store.transaction(why="load") if profiles.store is not None else nullcontext() as tx:
            for switch in switches:
                switch.commit(tx)
                draft.progress.written(switch.table.kind.file, 1)
            for kind in _instructions(profiles, draft):
                profiles.appliers[kind.name](list(draft.records[kind.name].values()), load.removed)
                draft.progress.written(kind.file, 1)
            profiles.mark_loaded(_loaded(profiles, draft), load.id, tx)
    finally:
        for switch in switches:
            switch.close()
    await profiles.tell_loaded(load)


def _told(steps: Iterator[float], progress: Progress, kind: Kind) -> Generator[None, None, None]:
    """The work of a switch, what is done of it told; the last tenth is left for the step that makes it so."""
    for share in steps:
        progress.written(kind.file, 0.9 * share)
        yield


def _switches(profiles: Profiles, draft: Draft, *, remove: bool) -> Iterator[Switch]:
    for kind in profiles.kinds:
        records = draft.records.get(kind.name)
        if records and kind.stored:
            drop = list(records) if remove else ()
            yield Switch(profiles[kind.name], put={} if remove else records, drop=drop, filters=draft.records.get("Filter", {}))


def _instructions(profiles: Profiles, draft: Draft) -> Iterable[Kind]:
    return [kind for kind in profiles.kinds if kind.instruction and draft.records.get(kind.name) and kind.name in profiles.appliers]


def _loaded(profiles: Profiles, draft: Draft) -> list[str]:
    return [name for kind in profiles.kinds if draft.records.get(kind.name) for name in (kind.cache, *kind.caches) if name]


def _refuse_missing(profiles: Profiles, draft: Draft) -> None:
    """Profiles that a removal names must all be there, and no filter among them may be used by others."""
    for kind in profiles.kinds:
        if kind.early or not kind.stored:
            continue
        for key in draft.records.get(kind.name, ()):
            if key not in profiles[kind.name]:
                missing = NotFound(explain=f"{kind.name} {key} of {kind.file} is not loaded; nothing was removed")
                raise ServerError(missing)
    going = {(kind.name, key) for kind in profiles.kinds for key in draft.records.get(kind.name, ())}
    for key in draft.records.get("Filter", ()):
        for kind in profiles.kinds:
            index = profiles[kind.name].index if kind.stored else None
            left = [user for user in sorted(index.users(key) if index else ()) if (kind.name, user) not in going]
            if left:
                raise ServerError(f"cannot remove filter <{key}> because will broken the reference to following items: {left}")
