"""Values: paths, lists, replacements, converters, and what is fetched before they are read."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cgrd.errors import CgrdError, NotFound
from cgrd.fields import MISSING, Duration, compile_rules, compile_value, prefetch, sniff, text_of
from cgrd.instants import Instant, parse_rfc3339


class Balance(msgspec.Struct, rename={"units": "Value", "id": "ID"}):
    id: str
    units: Decimal


EVENT = {
    "Account": "1001",
    "Subject": "Account",
    "Cost": Decimal("10.50"),
    "Tags": ["a", {"Name": "b"}],
    "Cust": {"Name": "Ann", "Lvl": {"Code": 7}},
    "Nil": None,
    "AccountSummary": '{"BalanceSummaries":[{"ID":"B1","Value":3.5}]}',
    "Balances": [Balance(id="B2", units=Decimal(4))],
}
ROOTS: dict[str, Any] = {"*req": EVENT, "*opts": {"*tier": "gold"}, "*tenant": "cgrates.org"}


@pytest.fixture
def best_of() -> Callable[[Callable[[], Any]], float]:
    """Seconds that one call takes, the best of several rounds."""
    return lambda call: min(timeit.repeat(call, number=1000, repeat=7)) / 1000


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("~*req.Account", "1001"),
        ("constant", "constant"),
        ("~*tenant;:;~*req.Account", "cgrates.org:1001"),
        ("`a;b`;~*req.Account", "a;b1001"),
        ("~*opts.*tier", "gold"),
        ("~*req.Cost", "10.5"),
        ("~*req.Nil", ""),
        ("~*req.Tags[1].Name", "b"),
        ("~*req.Cust", '{"Lvl":{"Code":7},"Name":"Ann"}'),
        ("~*req.<~*req.Subject>", "1001"),
        ("~*req.Account:s/^10(.*)/49${1}/", "4901"),
        ("~*req.Account:s/^10(.*)/49${1}/:s/^49/+/", "+"),
        ("~*req.Account:s/^9/x/", "1001"),
        ("~*req.Cost{*round:0&*multiply:2}", "22"),
        ("~*asm.BalanceSummaries.B1.Value", "3.5"),
        ("~*req.Balances[0].Value", "4"),
        ("~*req.Balances.B2.Value", "4"),
    ],
)
def test_a_rule_reads_what_it_says(rule: str, text: str) -> None:
    assert compile_value(rule).text(ROOTS) == text


@pytest.mark.parametrize("rule", ["~*req.Nope", "~*req.Tags[7]", "~*req.Account.Deep", "~*nope.Account", "~*req.<~*req.Nope>", "~*req.Account;~*req.Nope"])
def test_what_is_not_there_is_not_found(rule: str) -> None:
    value = compile_value(rule)
    assert value.find(ROOTS) is None
    assert value.read(ROOTS) is MISSING
    with pytest.raises(NotFound) as caught:
        value.text(ROOTS)
    assert rule.split(";")[-1] in caught.value.explain


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("", "empty RSRParser in rule: <>"),
        ("a;;b", "empty RSRParser in rule: <a;;b>"),
        ("`a", "Unclosed unspilit syntax"),
        ("~*req.A{*nope}", "invalid converter value in string: <*nope>, err: unsupported converter definition: <*nope>"),
        ("~*req.A{*len", "invalid converter terminator in rule: <~*req.A{*len>"),
        ("~*req.A:s/(/x/", "invalid Search&Replace subfield rule: <(>"),
    ],
)
def test_a_wrong_rule_is_refused_in_the_reference_s_words(rule: str, error: str) -> None:
    with pytest.raises(CgrdError) as caught:
        compile_value(rule)
    assert str(caught.value) == error


def test_a_raw_value_keeps_its_type() -> None:
    assert compile_value("~*req.Cost").get(ROOTS) == Decimal("10.5")
    assert compile_rules(["~*req.Tags"]).get(ROOTS) == EVENT["Tags"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration(90_000_000_000), "1m30s"),
        (Duration(-1), "-1"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-9"), "0.000000001"),
        (True, "true"),
        (parse_rfc3339("2019-06-03T10:15:10.5Z"), "2019-06-03T10:15:10Z"),
        ([1, "a<b", None], '[1,"a\\u003cb",null]'),
        ({"b": Decimal("10.0"), "a": True}, '{"a":true,"b":10}'),
    ],
)
def test_every_value_has_one_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("text", "kind"), [("1", int), ("t", bool), ("1.5", Decimal), ("2026-01-31 08:00:00", Instant), ("10s", Duration), ("1001x", str), ("", str)]
)
def test_texts_are_taken_for_what_they_say(text: str, kind: type) -> None:
    assert type(sniff(text)) is kind


async def test_objects_of_other_subsystems_are_asked_for_once() -> None:
    asked: list[tuple[str, str]] = []

    async def accounts(tenant: str, id: str) -> Any:
        asked.append((tenant, id))
        if id == "1001":
            return {"BalanceMap": {"*monetary": [{"Value": Decimal(20)}]}}
        raise NotFound()

    value = compile_value("~*accounts.<~*req.Account>.BalanceMap.*monetary[0].Value;/;~*accounts.1001.BalanceMap.*monetary[0].Value")
    roots = {"*req": {"Account": "1001"}}
    await prefetch(value.fetches, roots, tenant="cgrates.org", resolvers={"*accounts": accounts})
    assert value.text(roots) == "20/20"
    assert asked == [("cgrates.org", "1001")]
    roots = {"*req": {"Account": "nobody"}}
    await prefetch(value.fetches, roots, tenant="cgrates.org", resolvers={"*accounts": accounts})
    assert value.find(roots) is None


@pytest.mark.parametrize(("path", "text"), [("ID", "RES"), ("TotalUsage", "3"), ("Available", "1"), ("Usages.u2.Units", "2"), ("Usages.u3", None)])
async def test_a_resource_knows_what_is_left(path: str, text: str | None) -> None:
    async def resources(tenant: str, id: str) -> Any:
        return {"ID": id, "Usages": {"u1": {"Units": Decimal(1)}, "u2": {"Units": Decimal(2)}}, "Config": {"Limit": Decimal(4)}}

    value, roots = compile_value(f"~*resources.RES.{path}"), dict[str, Any]()
    await prefetch(value.fetches, roots, tenant="cgrates.org", resolvers={"*resources": resources})
    assert value.find(roots) == text


async def test_a_metric_s_name_may_hold_dots() -> None:
    async def stats(tenant: str, id: str) -> Any:
        return {"*sum#~*req.Cost": Decimal(3)}

    value, roots = compile_value("~*stats.STS.*sum#~*req.Cost"), dict[str, Any]()
    await prefetch(value.fetches, roots, tenant="cgrates.org", resolvers={"*stats": stats})
    assert value.get(roots) == 3


def test_a_message_that_reads_its_own_paths_is_asked_with_the_whole_path() -> None:
    class Message:
        def read_path(self, path: str) -> Any:
            return f"<{path}>"

    assert compile_value("~*req.Session-Id").text({"*req": Message()}) == "<Session-Id>"
    assert compile_value("~*req.Service.Unit[~Rating-Group(1)].Value").text({"*req": Message()}) == "<Service.Unit[~Rating-Group(1)].Value>"


def test_reading_a_field_costs_next_to_nothing(best_of: Callable[[Callable[[], Any]], float]) -> None:
    value = compile_value("~*req.Account")
    assert best_of(lambda: value.find(ROOTS)) < 2e-6
