"""A transaction: a plain `with` block that collects changes; leaving the outermost one queues them for the next group's commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from cgrd.errors import Exists, NotFound, StoreError, Wrong
from cgrd.store.changes import Changes, Export, OutboxRecord, Outcome, Remembered
from cgrd.store.conditions import Condition
from cgrd.store.groups import undo
from cgrd.store.ledger import LedgerEntry, posted
from cgrd.store.tables import Table, Values, plain_text

if TYPE_CHECKING:
    from cgrd.store.owned import OwnedStore

_open: ContextVar[Transaction | None] = ContextVar("cgrd_store_transaction", default=None)


def open_transaction(store: OwnedStore) -> Transaction | None:
    """The innermost transaction of this store that is open in the present context."""
    found = _open.get()
    return found if found is not None and found.store is store and not found.over else None


class _Over:
    """Stands where a transaction's changes were, so that a write after its end is an error and never lost silently."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("this transaction is over; what is written must be written inside its `with` block")


_OVER: Final[Any] = _Over()


class Transaction:
    """Collects changes. See `Store.transaction`."""

    __slots__ = ("_groups", "_token", "calls", "dropped", "key", "outer", "over", "own_changes", "root", "store", "why")

    def __init__(self, store: OwnedStore, why: str, key: str = "") -> None:
        self.store = store
        self._groups = store.groups
        self.why = why
        self.key = key
        self.calls = 0
        self.over = False
        self.dropped = False
        self.own_changes = Changes()

    @property
    def changes(self) -> Changes:
        """What is collected here, to be read or added to now; what others have begun and not finished comes before it."""
        blocks = self._groups.open
        if blocks.contexts > 1 and not self.over:
            blocks.hold_others(self.root)
        return self.own_changes

    @property
    def is_held(self) -> bool:
        """Whether its changes are in the held group already."""
        held = self._groups.open.held
        return held is not None and self.own_changes is held.changes

    def __enter__(self) -> Transaction:
        outer = self.outer = open_transaction(self.store)
        self.root: Transaction = self if outer is None else outer.root
        self._groups.open.enter(self)
        self._token: Token[Transaction | None] = _open.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _open.reset(self._token)
        self._groups.open.leave(self)
        try:
            if kind is not None:
                self._fail(error)
            elif self.outer is None:
                self._queue()
            elif not self.is_held:
                self.outer.changes.merge(self.own_changes)
        finally:
            self.over = True
            self.own_changes = _OVER
            # Else it would refer to itself, and wait for Python's collector.
            del self.root, self._token

    def _fail(self, error: BaseException | None) -> None:
        if self.is_held:
            self._groups.fail_held(self.why, error)
        else:
            undo(self.own_changes)

    def _queue(self) -> None:
        groups = self._groups
        try:
            if self.dropped:
                text = f"{self.why} waited inside its transaction, and what it rests on was dropped meanwhile"
                raise StoreError(text, explain="nothing of it has happened; repeat it")
            if self.is_held:
                groups.release(self)
            elif not self.own_changes.empty:
                if groups.open.contexts:
                    groups.open.hold_others(self)
                groups.queue(self.own_changes, self.why)
        except StoreError as error:
            self._fail(error)
            raise

    def call_key(self, request_key: str) -> str:
        """A key for what is asked of another daemon now: of the innermost block that has one, else of the request, else new."""
        block = self
        while not block.key and block.outer is not None:
            block = block.outer
        if not block.key:
            block.key = request_key or str(uuid4())
        block.calls += 1
        return f"{block.key}:{block.calls}"

    def on_rollback(self, callback: Callable[[], object]) -> None:
        """Run `callback` if this does not come to be: the block fails, or its group cannot be committed. Newest first."""
        self.changes.undo.append(callback)

    def put(self, kind: str, key: str, value: bytes) -> None:
        """Set a record.

        Raises:
            Wrong: the key or value cannot be kept.
        """
        if type(value) is not bytes:
            raise Wrong(f"record {kind} {key}: wanted bytes, not {type(value).__name__}")
        self.changes.records[checked_text(kind), checked_text(key)] = value

    def delete(self, kind: str, key: str) -> None:
        """Remove a record; no error when there is none."""
        self.changes.records[checked_text(kind), checked_text(key)] = None

    def post(self, entries: Iterable[LedgerEntry]) -> None:
        """Append to the ledger.

        Raises:
            Wrong: an entry does not add up.
        """
        self.changes.ledger.extend([posted(entry) for entry in entries])

    def insert(self, table: Table, row: Mapping[str, Any]) -> int:
        """Add a row; its number.

        Raises:
            Exists: a unique value is taken, be it by a row that is only queued.
            Wrong: an unknown column, or a value that its column cannot hold.
        """
        values = table.encode(row)
        number = self.store.next_number(table)
        changes = self.changes
        self._claim(changes, table, number, values)
        changes.row(table, number, values, replaces=False)
        return number

    def update(self, table: Table, number: int, changes: Mapping[str, Any]) -> None:
        """Change columns of the row with this number, as `insert` and `select` told it.

        Raises:
            NotFound: there is no such row.
            Exists: a unique value is taken.
            Wrong: an unknown column, or a value that its column cannot hold.
        """
        old = self._row(table, number)
        encoded = table.encode(changes)
        changed = {table.position[name] for name in changes}
        values = tuple([encoded[at] if at in changed else value for at, value in enumerate(old)])
        self._claim(self.changes, table, number, values)
        self._release(table, old, kept=values)
        self.changes.row(table, number, values, replaces=True)

    def delete_row(self, table: Table, number: int) -> None:
        """Delete the row with this number.

        Raises:
            NotFound: there is no such row.
        """
        self._release(table, self._row(table, number))
        self.changes.row(table, number, None, replaces=True)

    def _row(self, table: Table, number: int) -> Values:
        for _, values in self.store.matching(table, [Condition(table.number, "=", number)]):
            return values
        raise NotFound(explain=f"table {table.name} has no row {number}")

    def _claim(self, changes: Changes, table: Table, number: int, values: Values) -> None:
        claims = _unique_values(table, values)
        for at, key in claims:
            if self.store.unique_holder(table, at, key) not in (None, number):
                names = " ".join(f"{name}={value}" for name, value in zip(table.unique[at], key, strict=True))
                self._groups.depend()
                raise Exists(explain=f"table {table.name} has a row with {names} already")
        for at, key in claims:
            changes.claims[table.name, at, key] = number

    def _release(self, table: Table, values: Values, *, kept: Values | None = None) -> None:
        still = _unique_values(table, kept) if kept is not None else []
        for each in _unique_values(table, values):
            if each not in still:
                self.changes.claims[table.name, *each] = None

    def export(self, record: OutboxRecord) -> int:
        """Put a record into the outbox; its number. It is delivered once this is committed, never before."""
        checked_text(record.exporter), checked_text(record.order_key)
        if type(record.payload) is not bytes:
            raise Wrong(f"export to {record.exporter}: wanted bytes, not {type(record.payload).__name__}")
        number = self.store.next_export()
        self.changes.exports.append(Export(number, record, self.store.clock.now_ns()))
        return number

    def outcome(self, number: int, outcome: Outcome) -> None:
        """Say what became of a record of the outbox; exporters use `store.outbox`."""
        self.changes.outcomes.append((number, outcome))

    def remember(self, key: str, digest: bytes, answer: bytes) -> None:
        """Keep the answer under the request key: the same request gets it again and has no second effect.

        Args:
            key: the request key.
            digest: of the request's body; the same key with another one is refused.
            answer: what was answered.
        """
        if type(digest) is not bytes or type(answer) is not bytes:
            raise Wrong(f"request key {key}: digest and answer must be bytes")
        self.changes.remembered[checked_text(key)] = Remembered(digest, answer, self.store.clock.now_ns())


def _unique_values(table: Table, values: Values) -> list[tuple[int, Values]]:
    found = []
    for at, key_of in enumerate(table.unique_keys):
        if None not in (key := key_of(values)):
            found.append((at, key))
    return found


def checked_text(text: str) -> str:
    """A text that every database takes.

    Raises:
        Wrong: it is none, so one bad request cannot spoil its group's commit.
    """
    if type(text) is str and text.isascii():
        return text
    try:
        return plain_text(text)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{text!r:.100} cannot be a key: {error}") from error
