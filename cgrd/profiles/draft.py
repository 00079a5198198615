"""A tariff plan while it is loaded: its row records, the records made of them, and what is wrong with it. Nothing here changes a table."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from cgrd.errors import CgrdError, NotFound, ServerError
from cgrd.instants import Instant
from cgrd.profiles.building import build_record
from cgrd.profiles.cells import Reading
from cgrd.profiles.faults import Fault, Follows, Several
from cgrd.profiles.kind import Kind
from cgrd.profiles.places import Places, meant
from cgrd.profiles.progress import Progress
from cgrd.profiles.rows import HEADINGS, Folding, is_heading
from cgrd.profiles.scope import Scope
from cgrd.profiles.sheets import CHUNK, BadLine, read_sheet

if TYPE_CHECKING:
    from cgrd.profiles.tables import Profiles

SUGGESTED = 20
"""For so many faults it is looked what the author may have meant."""


class Draft:
    """What a plan holds and refers to.

    Args:
        profiles: the tables, for what was loaded before.
        reading: zone and moment that times are read against; by default the daemon's.
        progress: told how far the work has come.

    Attributes:
        unknown_files: files of the plan that no installed kind loads.
    """

    def __init__(self, *, profiles: Profiles, reading: Reading | None = None, progress: Progress | None = None) -> None:
        self.profiles = profiles
        self.reading = reading or profiles.reading()
        self.progress = progress or Progress()
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.unknown_files: tuple[str, ...] = ()
        self._bad: set[tuple[str, str]] = set()
        self._unread: set[str] = set()
        self._places = Places()

    @property
    def now(self) -> Instant:
        """The moment that relative times count from."""
        return self.reading.now or Instant.ZERO

    # -- what kinds ask while they build and check

    def record(self, kind: str, key: str) -> Any:
        """The plan's record of that kind and key; None when the plan has none.

        Raises:
            Follows: the plan has one, and it is faulty.
        """
        found = self.records.get(kind, {}).get(key)
        if found is None and (kind in self._unread or (kind, key) in self._bad):
            raise Follows(f"{kind} {key} is faulty")
        return found

    def stored(self, kind: str, key: str) -> Any:
        """The record loaded or set before this plan; None when there is none."""
        table = self.profiles.get(kind)
        return table.find(key) if table is not None else None

    def find(self, kind: str, key: str) -> Any:
        """The plan's record, else the stored one, else None; raises as `record`."""
        found = self.record(kind, key)
        return found if found is not None else self.stored(kind, key)

    def has(self, kind: str, key: str) -> bool:
        """Whether there is such a record, in the plan or stored."""
        return key in self.rows.get(kind, ()) or self.find(kind, key) is not None

    # -- filling

    def read(self, kind: Kind, files: Iterable[tuple[str, str]], *, separator: str = ",") -> Generator[None, None, None]:
        """Parse the files of a kind (name and text each) and merge their rows."""
        folding = Folding(kind)
        for name, text in files:
            try:
                sheet = yield from read_sheet(name, text, width=len(kind.columns), separator=separator)
            except BadLine as bad:
                self.faults.append(Fault(word=bad.word, file=name, line=bad.line, column=bad.column, mend=_mend(bad, kind)))
                self._unread.add(kind.name)
                continue
            self._places.add(kind, sheet)
            if sheet.rows and is_heading(kind, sheet.rows[0]):
                self.notes.append(Fault(word="this looks like a line of headings and is loaded as a record", file=name, line=sheet.lines[0], mend=HEADINGS))
            for line in folding.add(sheet):
                self.progress.read(name, line)
                yield
            self.progress.read(name, text.count("\n") + 1)
        self.faults.extend(folding.faults)
        self._bad.update((kind.name, key) for key in folding.bad)
        self.rows[kind.name] = {key: row for key, row in folding.found.items() if key not in folding.bad} if folding.bad else folding.found

    def take(self, kind: Kind, rows: Iterable[Any]) -> None:
        """Row records that come from elsewhere than files (stored tariff plans)."""
        self.rows.setdefault(kind.name, {}).update((kind.row_key(row), row) for row in rows)

    def build(self, kind: Kind) -> Generator[None, None, None]:
        """Make the records of a kind; what they refer to must have been made before."""
        made = self.records[kind.name] = {}
        rows = self.rows.get(kind.name, {})
        for at, (key, row) in enumerate(rows.items()):
            if not at % CHUNK:
                self.progress.checked(kind.file, at / len(rows) / 2)
                yield
            try:
                record = kind.build(row, self) if kind.build else build_record(kind, row, self.reading)
                if isinstance(record, GeneratorType):
                    record = yield from record
                record = kind.normal(record) if kind.normal else record
                made[kind.record_key(record)] = record
            except Follows:
                self._bad.add((kind.name, key))
            except CgrdError as error:
                self._bad.add((kind.name, key))
                for each in error.errors if isinstance(error, Several) else [error]:
                    self._fault(kind, key, each, writing=not kind.early)
        self.progress.checked(kind.file, 0.5)

    def check(self, kind: Kind) -> Generator[None, None, None]:
        """Run the kind's checks on the records made."""
        records = self.records.get(kind.name, {}) if kind.check or kind.index or kind.doubt else {}
        for at, (key, record) in enumerate(records.items()):
            if not at % CHUNK:
                self.progress.checked(kind.file, 0.5 + at / len(records) / 2)
                yield
            scope = Scope(self.profiles, kind=kind.name, key=key, draft=self)
            try:
                check_record(kind, record, scope)
            except Follows:
                continue
            except CgrdError as error:
                self._fault(kind, key, error, writing=True)
            for doubt in kind.doubt(record, scope) if kind.doubt else ():
                (file, line, column), _ = self._places.find(kind, key, doubt)
                self.notes.append(Fault(word=doubt, file=file, line=line, column=column))
        self.progress.checked(kind.file, 1)

    def release(self) -> Generator[None, None, None]:
        """Let go of everything in pieces; freeing a hundred thousand rows at once would stop others. What is short goes with the draft."""
        if self._is_short():
            return
        for long in self._long_lists():
            while long:
                yield
                del long[-CHUNK:]
        for rows in self.rows.values():
            while rows:
                yield
                for _ in range(min(CHUNK, len(rows))):
                    rows.popitem()

    def _is_short(self) -> bool:
        rows = sum(map(len, self.rows.values())) + sum(len(sheet.rows) for sheet in self._places.sheets())
        return rows <= CHUNK and all(len(long) <= CHUNK for long in self._long_lists())

    def _long_lists(self) -> Iterator[list[Any]]:
        yield from (sheet.rows for sheet in self._places.sheets())
        for kind in self.profiles.kinds:
            if kind.items is not None:
                yield from (items for row in self.rows.get(kind.name, {}).values() if (items := getattr(row, kind.items.field)))

    def keep_only(self, kind: str, key: str) -> None:
        """Forget all records but one kind's, or one of them.

        Raises:
            ServerError: the plan has no such record.
        """
        kept = {each: record for each, record in self.records.get(kind, {}).items() if not key or each == key}
        if not kept:
            raise ServerError(NotFound(explain=f"the plan has no {kind} {key}"))
        self.records = {kind: kept}

    def _fault(self, kind: Kind, key: str, error: CgrdError, *, writing: bool) -> None:
        (file, line, column), cell = self._places.find(kind, key, error.word)
        near = meant(cell, self._names()) if cell and len(self.faults) < SUGGESTED else ""
        mend = "; ".join(part for part in (error.explain, f"is it meant to be {near}?" if near else "") if part)
        self.faults.append(Fault(word=error.word, file=file, line=line, column=column, writing=writing, mend=mend))

    def _names(self) -> set[str]:
        """The ids of all records of the plan."""
        return {key.rpartition(":")[2] for rows in self.rows.values() for key in rows}


def _mend(bad: BadLine, kind: Kind) -> str:
    if bad.cells:
        names = ",".join(column.name for column in kind.columns)
        return f"it has {bad.cells} columns, not the {len(kind.columns)} of {names}"
    return 'a cell that holds a " or a comma stands in quotes, and a " inside of them is written twice'


def check_record(kind: Kind, record: Any, scope: Scope) -> None:
    """Everything that must hold for one record: the kind's own check, then its filters.

    Raises:
        CgrdError: with the reference's word.
    """
    if kind.check is not None:
        kind.check(record, scope)
    if kind.index is not None:
        scope.need_filters(record.Tenant, kind.filter_ids(record))


def valid(kind: Kind, records: Iterable[Any]) -> bool:
    """Whether the kind's stricter rules hold (`Validate` of the loader's methods)."""
    return kind.valid is None or all(kind.valid(record) for record in records)
