"""Accounts: who pays for a call, what is left afterwards, and what orders do to balances. No I/O.

Every function leaves the accounts it is given alone and answers changed copies with the changes for the ledger.
"""

from cgrd_subsystem_rals.accounts.counters import count_runs, count_spans, init_counters
from cgrd_subsystem_rals.accounts.debit import Debited, debit
from cgrd_subsystem_rals.accounts.direct import debit_sum
from cgrd_subsystem_rals.accounts.errors import AccountDisabled, AccountNotFound, BalanceNotFound, BlockedByBalance
from cgrd_subsystem_rals.accounts.formulas import amount_of
from cgrd_subsystem_rals.accounts.matching import balance_filter
from cgrd_subsystem_rals.accounts.purse import BalanceChange, Bank, Purse
from cgrd_subsystem_rals.accounts.records import (
    Account,
    ActionTrigger,
    Balance,
    BalanceFilter,
    CounterFilter,
    SharedGroup,
    SharingParameters,
    UnitCounter,
    ValueFormula,
)
from cgrd_subsystem_rals.accounts.refund import Refunded, refund, refund_rounding
from cgrd_subsystem_rals.accounts.summary import summary_of
from cgrd_subsystem_rals.accounts.transfer import transfer
from cgrd_subsystem_rals.accounts.triggers import begun, fired, in_order
from cgrd_subsystem_rals.accounts.usage import UNLIMITED, max_debit, max_session_time

__all__ = [
    "UNLIMITED",
    "Account",
    "AccountDisabled",
    "AccountNotFound",
    "ActionTrigger",
    "Balance",
    "BalanceChange",
    "BalanceFilter",
    "BalanceNotFound",
    "Bank",
    "BlockedByBalance",
    "CounterFilter",
    "Debited",
    "Purse",
    "Refunded",
    "SharedGroup",
    "SharingParameters",
    "UnitCounter",
    "ValueFormula",
    "amount_of",
    "balance_filter",
    "begun",
    "count_runs",
    "count_spans",
    "debit",
    "debit_sum",
    "fired",
    "in_order",
    "init_counters",
    "max_debit",
    "max_session_time",
    "refund",
    "refund_rounding",
    "summary_of",
    "transfer",
]
