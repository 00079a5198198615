#!/usr/bin/env python3
"""cgrd with the reference's arithmetic: balances as binary floats, rounded at each increment, those below nothing always down.

It proves that a step listed as drift differs by nothing else: started in cgrd's place, each of them agrees.

    replay.py --start "$PWD/.venv/bin/python $PWD/tests/conformance/floats.py run --config {conf} --state {state}" CASE.json...

Source: spec/observed_rating.md (numbers, fault 9).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any

from cgrd_subsystem_rals.accounts.purse import Bank, Held, Purse
from cgrd_subsystem_rals.accounts.records import MONETARY, Account
from msgspec.structs import replace

from cgrd.cli import main
from cgrd.costs import CallDescriptor, Increment

charge, pay, rest, refund = [import_module(f"cgrd_subsystem_rals.accounts.{name}") for name in ("charge", "pay", "rest", "refund")]
exactly_put, exactly_run, exactly_settle = Purse.put, charge.money_run, refund._settle


def rounded(value: float, decimals: int) -> float:
    """To the nearest last digit; below nothing the fraction is negative, so it is always down."""
    scaled = value * 10.0**decimals
    fraction, _ = math.modf(scaled)
    return (math.ceil(scaled) if fraction >= 0.5 else math.floor(scaled)) / 10.0**decimals


def put(purse: Purse, held: Held, value: Decimal) -> Decimal:
    """Set a balance by what it changes, in floats; units are whole, and the same in both."""
    before = held.balance.Value
    exactly_put(purse, held, value)
    if held.kind == MONETARY:
        held.balance.Value = Decimal(repr(rounded(float(before) + float(value - before), purse.bank.decimals)))
    return held.balance.Value


def money_run(charged: Any, payer: Held, *, cost: Decimal, count: int, **more: Any) -> Increment:
    """Pay increments one after the other."""
    for _ in range(count - 1 if cost else 0):
        charged.purse.put(payer, payer.balance.Value - cost)
    run: Increment = exactly_run(charged, payer, cost=cost, count=1, **more)
    run.CompressFactor = count
    return run


def settle(bank: Bank, accounts: Mapping[str, Account], call: CallDescriptor, *, sign: int) -> Any:
    """Give increments back one after the other."""
    singles = [replace(run, CompressFactor=1) for run in call.Increments or () for _ in range(run.factor)]
    return exactly_settle(bank, accounts, replace(call, Increments=singles), sign=sign)


if __name__ == "__main__":
    Purse.put = put  # type: ignore[method-assign]
    for module in (charge, pay, rest):
        module.__dict__["money_run"] = money_run
    refund.__dict__["_settle"] = settle
    main()
