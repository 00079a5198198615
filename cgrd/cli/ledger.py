"""`cgrd ledger verify` and `cgrd ledger show ACCOUNT`: what happened to the money, proved and told, whether the daemon runs or not."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import trio
import typer

from cgrd.cli.options import failed, show_table
from cgrd.codec import plain_tree
from cgrd.config.check import did_you_mean
from cgrd.errors import CgrdError, NotFound
from cgrd.money import plain
from cgrd.store import LedgerEntry, StoreReader

__all__ = [
    "HEADS",
    "State",
    "line_of",
    "reading",
]

State = Annotated[Path, typer.Option("--state", help="the daemon's folder; the daemon may be running")]

HEADS: Final = ("at", "balance", "type", "before", "change", "after", "what", "by", "run", "call")
"""The columns of `line_of`."""

_WHAT: Final = {
    "Responder.Debit": "paid for use",
    "Responder.MaxDebit": "paid for use that goes on",
    "Responder.DebitMonetary": "paid a cost that was told",
    "Responder.RefundIncrements": "given back",
    "Responder.RefundRounding": "rounding settled",
}


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    ledger = typer.Typer(no_args_is_help=True, help="Every change of every balance.")
    app.add_typer(ledger, name="ledger")
    ledger.command()(verify)
    ledger.command()(show)


@contextlib.contextmanager
def reading(state: Path) -> Iterator[StoreReader]:
    """The store in a daemon's folder, to be read; on stderr, what a running daemon may hold beyond it. Errors end the command."""
    try:
        store = StoreReader(state / "cgrd.sqlite")
    except CgrdError as error:
        failed(error)
    if store.owner:
        told = f"process {store.owner} has this store open: what is committed is told, the changes of its last milliseconds may be missing"
        print(f"cgrd: {told}", file=sys.stderr)
    try:
        yield store
    except CgrdError as error:
        failed(error)
    finally:
        store.driver.close()


def verify(state: State = Path("cgrd-state")) -> None:
    """Prove that each balance's entries chain and add up."""
    with reading(state) as store:
        report = trio.run(partial(store.verify))
    for fault in report.faults:
        print(plain_tree(fault))
    found = f"{report.fault_count} faults" if report.fault_count else "every one chains and adds up"
    print(f"{report.entries} entries of {report.balances} balances: {found}")
    raise typer.Exit(1 if report.faults else 0)


def show(account: Annotated[str, typer.Argument(help="tenant:account")], state: State = Path("cgrd-state"), limit: int = 50) -> None:
    """Print the newest entries of an account; `cgrd why CALL` tells what a call of the last column cost and why."""
    with reading(state) as store:
        entries = store.ledger(account=account, limit=limit, newest_first=True)
        if not entries:
            known = {entry.account for entry in store.ledger()}
            tenants = sorted(each for each in known if each.partition(":")[2] == account)
            mend = f"did you mean {' or '.join(tenants)}?" if tenants else f"wanted tenant:account{did_you_mean(account, known)}"
            failed(NotFound.of(account, explain=f"the ledger has no entry of {account}; {mend}"))
    show_table(HEADS, [line_of(entry) for entry in entries])


def line_of(entry: LedgerEntry) -> tuple[str, ...]:
    """An entry for people: what happened to the balance, by which request or action, for which call and charger run."""
    amounts = (plain(entry.before), plain(entry.change), plain(entry.after))
    name = entry.balance_id or entry.balance_uuid
    what = _WHAT.get(entry.why, "changed by an action" if "*" in entry.why else "changed")
    return (str(entry.at), name, entry.balance_type, *amounts, what, entry.why, entry.run_id, entry.event_id)
