"""`cgrd ledger verify` and `cgrd ledger show ACCOUNT`: what happened to the money, proved and told."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import trio
import typer

from cgrd.cli.options import failed, show_table
from cgrd.codec import plain_tree
from cgrd.errors import CgrdError
from cgrd.money import plain
from cgrd.store import SqliteStore

State = Annotated[Path, typer.Option("--state", help="the daemon's folder; the daemon must not be running")]


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    ledger = typer.Typer(no_args_is_help=True, help="Every change of every balance.")
    app.add_typer(ledger, name="ledger")
    ledger.command()(verify)
    ledger.command()(show)


def _open(state: Path) -> SqliteStore:
    try:
        return SqliteStore.open(state / "cgrd.sqlite")
    except CgrdError as error:
        failed(error)


def verify(state: State = Path("cgrd-state")) -> None:
    """Prove that each balance's entries chain and add up."""
    store = _open(state)
    try:
        report = trio.run(partial(store.verify))
    finally:
        store.close()
    for fault in report.faults:
        print(plain_tree(fault))
    found = f"{report.fault_count} faults" if report.fault_count else "every one chains and adds up"
    print(f"{report.entries} entries of {report.balances} balances: {found}")
    raise typer.Exit(1 if report.faults else 0)


def show(account: Annotated[str, typer.Argument(help="tenant:account")], state: State = Path("cgrd-state"), limit: int = 50) -> None:
    """Print the newest entries of an account."""
    store = _open(state)
    try:
        entries = store.ledger(account=account, limit=limit, newest_first=True)
    finally:
        store.close()
    rows = []
    for entry in entries:
        amounts = (plain(entry.before), plain(entry.change), plain(entry.after))
        rows.append((str(entry.at), entry.balance_id or entry.balance_uuid, entry.balance_type, *amounts, entry.why, entry.event_id))
    show_table(("at", "balance", "type", "before", "change", "after", "why", "event"), rows)
