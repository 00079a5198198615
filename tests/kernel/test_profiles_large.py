"""Profiles with thousands of entries: set in small pieces, compiled once, indexed anew only where that changes something."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import trio

from cgrd.codec import convert
from cgrd.filters import CompiledFilter, Filters
from cgrd.filters.table import IndexTable
from cgrd.profiles import Profiles, all_kinds, all_methods

RULES = [{"Type": "*string", "Element": f"~*req.Field{n}", "Values": [str(n)]} for n in range(3000)]


class Desk:
    def __init__(self) -> None:
        self.profiles = Profiles(kinds=all_kinds())
        self.profiles.use(Filters(lookup=self.profiles.filter))
        self.methods = {method.name: method for method in all_methods(self.profiles)}
        self.turns = 0

    async def set(self, noun: str, **args: Any) -> None:
        """Set a profile, and count how often others had their turn meanwhile."""
        method = self.methods[f"APIerSv1.Set{noun}"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._count)
            await method.handler(convert({"Tenant": "cgrates.org", **args}, method.args))
            nursery.cancel_scope.cancel()

    async def _count(self) -> None:
        self.turns = 0
        while True:
            await trio.lowlevel.checkpoint()
            self.turns += 1


@pytest.fixture
def slow_compiler(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is compiled, rule by rule; every rule takes the clock three milliseconds on."""
    compiled: list[str] = []
    ticks = iter(range(0, 1 << 62, 3_000_000))
    monkeypatch.setattr("cgrd.profiles.plan.time", SimpleNamespace(perf_counter_ns=lambda: next(ticks)))
    before = CompiledFilter.becoming

    def becoming(self: CompiledFilter, record: Any, **how: Any) -> Any:
        for _ in before(self, record, **how):
            compiled.append(record.ID)
            yield

    monkeypatch.setattr(CompiledFilter, "becoming", becoming)
    return compiled


async def test_a_filter_of_thousands_of_rules_is_compiled_once_and_others_have_their_turn(slow_compiler: list[str]) -> None:
    desk = Desk()
    await desk.set("Filter", ID="F", Rules=RULES)
    assert slow_compiler == ["F"] * len(RULES)
    assert desk.turns > 1000
    roots = {"*req": {f"Field{n}": str(n) for n in range(3000)}}
    assert desk.profiles.filters is not None
    assert desk.profiles.filters.compile("cgrates.org", ["F"]).passes(roots)
    assert not desk.profiles.filters.compile("cgrates.org", ["F"]).passes({"*req": {**roots["*req"], "Field2999": "no"}})


async def test_a_profile_of_thousands_of_inline_filters_lets_others_have_their_turn(slow_compiler: list[str]) -> None:
    desk = Desk()
    names = [f"*string:~*req.Field{n}:{n}" for n in range(3000)]
    await desk.set("ChargerProfile", ID="C", FilterIDs=names, RunID="*default", AttributeIDs=["*none"])
    assert len(slow_compiler) == len(names)
    assert desk.turns > 1000


async def test_a_filter_whose_index_keys_stay_indexes_nobody_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    await desk.set("Filter", ID="F", Rules=RULES[:2])
    await desk.set("ChargerProfile", ID="C", FilterIDs=["F"], RunID="*default", AttributeIDs=["*none"])
    indexed: list[str] = []
    before = IndexTable.put
    monkeypatch.setattr(IndexTable, "put", lambda self, item, keys: (indexed.append(item), before(self, item, keys))[1])
    await desk.set("Filter", ID="F", Rules=[*RULES[:2], {"Type": "*gte", "Element": "~*req.Usage", "Values": ["5"]}])
    assert indexed == []
    await desk.set("Filter", ID="F", Rules=RULES[2:4])
    assert indexed == ["C"]
    found = desk.profiles["ChargerProfile"].matching({"*req": {"Field2": "2", "Field3": "3"}}, tenant="cgrates.org")
    assert [record.ID for record in found] == ["C"]
