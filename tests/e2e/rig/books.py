"""The books of a daemon: what its accounts, ledger and records say, and whether they agree with what callers were told."""

from __future__ import annotations

import socket
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import trio

from cgrd.store import LedgerReport, SqliteStore
from rig.callers import Call
from rig.daemon import CONFIG, Account, Daemon, RpcError

FUNDS = Decimal(1000)
LISTENERS = ("rpc_json", "birpc_json", "http")


def free_ports() -> dict[str, int]:
    """Ports that nobody listens on, by listener; they stay a daemon's own over its restarts."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in LISTENERS]
    ports = {name: int(each.getsockname()[1]) for name, each in zip(LISTENERS, sockets, strict=True)}
    for each in sockets:
        each.close()
    return ports


PORTS, FRONT_PORTS = free_ports(), free_ports()
"""Of the daemon with the money, and of one with the sessions where they are two."""


def money_config() -> dict[str, Any]:
    """A daemon for money alone: no agent, no debit loops, ports of its own."""
    config = {name: body for name, body in CONFIG.items() if name != "janus_agent"}
    config["listen"] = {"rpc_gob": "", **{name: f"127.0.0.1:{port}" for name, port in PORTS.items()}}
    config["sessions"] = {**CONFIG["sessions"], "debit_interval": "0"}
    return config


def divided() -> dict[str, dict[str, Any]]:
    """The same in two: "front" has the sessions, "back" everything else; each on ports of its own."""
    whole = money_config()
    front = {name: whole[name] for name in ("general", "data_db", "stor_db")}
    front["listen"] = {"rpc_gob": "", **{name: f"127.0.0.1:{port}" for name, port in FRONT_PORTS.items()}}
    front["rpc_conns"] = {"back": {"conns": [{"address": f"127.0.0.1:{PORTS['rpc_json']}", "transport": "*json"}]}}
    front["sessions"] = {**whole["sessions"], **{edge: ["back"] for edge in whole["sessions"] if edge.endswith("_conns")}}
    back = {name: body for name, body in whole.items() if name != "sessions"}
    return {"front": front, "back": back}


def open_books(folder: Path, accounts: list[str], *, config: dict[str, Any] | None = None) -> Daemon:
    """A running daemon with funded accounts."""
    daemon = Daemon(folder=folder, config=config or money_config(), http=PORTS["http"])
    daemon.start()
    daemon.load_plan()
    for name in accounts:
        Account(daemon=daemon, name=name).fund(str(FUNDS))
    return daemon


def active(daemon: Daemon) -> set[str]:
    """OriginIDs of the active sessions."""
    try:
        return {session["OriginID"] for session in daemon.rpc("SessionSv1.GetActiveSessions")}
    except RpcError:
        return set()


def faults(daemon: Daemon, calls: list[Call], accounts: list[str]) -> list[str]:
    """Where accounts and records differ from what the calls must have cost; each call was brought to its end."""
    records: dict[str, list[dict[str, Any]]] = {}
    for record in daemon.rpc("CDRsV1.GetCDRs"):
        records.setdefault(record["OriginID"], []).append(record)
    found = [fault for call in calls for fault in _call_faults(call, records.get(call.origin, []))]
    for name in accounts:
        spent = sum((call.cost for call in calls if call.account == name), Decimal(0))
        balance = Account(daemon=daemon, name=name).balance
        if balance != FUNDS - spent:
            found.append(f"{name} has {balance}, its calls leave {FUNDS - spent}")
    return found


def _call_faults(call: Call, records: list[dict[str, Any]]) -> list[str]:
    if len(records) != 1:
        return [f"{call.origin} has {len(records)} records"]
    record, usage = records[0], call.seconds * 10**9
    wrong = [name for name, want in (("Usage", usage), ("Cost", call.cost)) if Decimal(str(record[name])) != want]
    return [f"{call.origin}: {name} {record[name]} of a call of {call.seconds} s" for name in wrong]


def ledger(daemon: Daemon) -> tuple[LedgerReport, dict[str, Decimal]]:
    """What the ledger of a stopped daemon proves, and the sum of each account's changes."""
    store = SqliteStore.open(daemon.folder / "state" / "cgrd.sqlite")
    try:
        report = trio.run(partial(store.verify))
        sums: dict[str, Decimal] = {}
        for entry in store.ledger():
            sums[entry.account] = sums.get(entry.account, Decimal(0)) + entry.change
        return report, sums
    finally:
        store.close()
