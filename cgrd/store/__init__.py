"""The store: transactions, group commit, ledger, request keys, outbox, declared tables, locks; drivers behind one Protocol."""

from cgrd.store.changes import OutboxRecord
from cgrd.store.conditions import Condition, Operator
from cgrd.store.contract import Store
from cgrd.store.driver import Driver, Waiting
from cgrd.store.ledger import LedgerEntry, LedgerFault, LedgerReport
from cgrd.store.outbox import Backlog, Outbox, back_off
from cgrd.store.owned import OwnedStore
from cgrd.store.request_keys import Once, RequestKeys
from cgrd.store.sqlite import Durability, SqliteStore
from cgrd.store.sqlite.reading import StoreReader
from cgrd.store.tables import Column, Table
from cgrd.store.tickets import Ticket
from cgrd.store.transaction import Transaction
from cgrd.store.upkeep import Upkeep

__all__ = [
    "Backlog",
    "Column",
    "Condition",
    "Driver",
    "Durability",
    "LedgerEntry",
    "LedgerFault",
    "LedgerReport",
    "Once",
    "Operator",
    "Outbox",
    "OutboxRecord",
    "OwnedStore",
    "RequestKeys",
    "SqliteStore",
    "Store",
    "StoreReader",
    "Table",
    "Ticket",
    "Transaction",
    "Upkeep",
    "Waiting",
    "back_off",
]
