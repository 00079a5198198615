"""Why an account does not pay."""

from __future__ import annotations

from cgrd.errors import CgrdError, InsufficientCredit


class AccountNotFound(CgrdError):
    """No account under that key."""

    code = -32004

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("ACCOUNT_NOT_FOUND", explain=explain)


class AccountDisabled(CgrdError):
    """The account is there and may not be used."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("ACCOUNT_DISABLED", explain=explain)


class BlockedByBalance(InsufficientCredit):
    """A balance marked as blocker ran out; those behind it may not be used."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("INSUFFICIENT_CREDIT_BALANCE_BLOCKER", explain=explain)


class BalanceNotFound(CgrdError):
    """No balance fits what was asked for; an order on balances fails on it."""

    code = -32004

    def __init__(self, word: str = "NOT_FOUND", *, explain: str = "") -> None:
        super().__init__(word, explain=explain)
