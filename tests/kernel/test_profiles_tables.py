"""Tables of profiles: kept through the store, found by event, in step with filters; and their methods in the recorded words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio

from cgrd.codec import decode, encode
from cgrd.errors import CgrdError, StoreError
from cgrd.filters import Filters
from cgrd.instants import Instant, parse_instant
from cgrd.profiles import Change, Profiles, all_kinds, all_methods
from cgrd.store import SqliteStore

KINDS = all_kinds()
Call = Callable[..., Any]


def made(store: SqliteStore | None = None, sections: dict[str, Any] | None = None) -> Profiles:
    profiles = Profiles(kinds=KINDS, store=store)
    profiles.use(Filters(lookup=profiles.filter), sections=sections)
    profiles.load()
    return profiles


def answered(answer: Any) -> Any:
    """The answer of a method that waits for nothing, async or not."""
    if not hasattr(answer, "send"):
        return answer
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the method waits")


def caller(profiles: Profiles) -> Call:
    """Calls a method as a client would: JSON in, JSON out; errors are their words."""
    methods = {method.name: method for method in all_methods(profiles)}

    def call(name: str, args: Any) -> Any:
        method = methods[name]
        try:
            return decode(encode(answered(method.handler(decode(encode(args), method.args)))))
        except CgrdError as error:
            return error.word

    return call


@pytest.fixture(autouse=True)
def _in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """No method gives way to others here, however slow the machine is."""
    monkeypatch.setattr("cgrd.profiles.plan.PIECE_NS", 1 << 62)


@pytest.fixture
def profiles() -> Profiles:
    return made()


@pytest.fixture
def call(profiles: Profiles) -> Call:
    return caller(profiles)


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory()
    yield store
    store.close()


def test_a_tenant_whose_name_has_a_colon_sets_no_record_of_another(call: Call) -> None:
    told = call("APIerSv1.SetChargerProfile", {"Tenant": "a:b", "ID": "c", "RunID": "*default", "AttributeIDs": ["*none"]})
    assert told == "SERVER_ERROR: a tenant's name has no colon: a:b"
    assert call("APIerSv1.GetChargerProfile", {"Tenant": "a", "ID": "b:c"}) == "NOT_FOUND"


REGULAR = [kind for kind in KINDS if kind.api and kind.api.derive]


@pytest.mark.parametrize("kind", REGULAR, ids=lambda kind: kind.name)
def test_every_regular_kind_is_set_shown_listed_and_removed(kind: Any, call: Call) -> None:
    noun, missing = kind.api.noun, kind.api.missing
    args: dict[str, Any] = {"ID": "X1", "Rules": [], "Attributes": [{"Path": "*req.X", "Value": [{"Rules": "1"}]}]}
    known = set(kind.record.__struct_fields__)
    args = {name: value for name, value in args.items() if name in known}
    assert call(f"APIerSv1.Get{noun}", {"Tenant": "cgrates.org", "ID": "X1"}) == missing
    assert call(f"APIerSv1.Set{noun}", args) == "OK"
    shown = call(f"APIerSv1.Get{noun}", {"ID": "X1"})
    assert (shown["Tenant"], shown["ID"], set(shown)) == ("cgrates.org", "X1", known)
    if kind.api.ids:
        assert call(f"APIerSv1.Get{noun}IDs", {}) == ["X1"]
        assert call(f"APIerSv1.Get{noun}IDs", {"Tenant": "none.org"}) == "NOT_FOUND"
        assert call(f"APIerSv1.Get{noun}IDs", {"Search": "X2"}) == "NOT_FOUND"
        assert call(f"APIerSv1.Get{noun}IDs", {"Offset": 90}) == []
    assert call(f"APIerSv1.Remove{noun}", {"ID": "X1"}) == "OK"
    assert call(f"APIerSv1.Remove{noun}", {"ID": "X1"}) == missing
    for verb in ("Get", "Set", "Remove"):
        assert call(f"APIerSv1.{verb}{noun}", {"Tenant": "cgrates.org"}) == "MANDATORY_IE_MISSING: [ID]"


@pytest.mark.parametrize("kind", [kind for kind in REGULAR if kind.index], ids=lambda kind: kind.name)
@pytest.mark.parametrize("filter_id", ["NOFLT", "*string:x", "*string:~*req.A:x|"])
def test_a_profile_with_a_filter_that_cannot_be_used_is_refused(kind: Any, filter_id: str, call: Call) -> None:
    args = {"ID": "E", "FilterIDs": [filter_id]}
    if kind.name == "AttributeProfile":
        args["Attributes"] = [{"Path": "*req.X", "Value": [{"Rules": "1"}]}]  # type: ignore[list-item]
    word = f"SERVER_ERROR: broken reference to filter: <{filter_id}> for item with ID: cgrates.org:E"
    assert call(f"APIerSv1.Set{kind.api.noun}", args) == word
    assert call(f"APIerSv1.Get{kind.api.noun}", {"ID": "E"}) == kind.api.missing


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ([], "SERVER_ERROR: MANDATORY_IE_MISSING: [Attributes]"),
        ([{"Value": "1"}], "SERVER_ERROR: MANDATORY_IE_MISSING: [Path]"),
        ([{"Path": "*req.X"}], "SERVER_ERROR: MANDATORY_IE_MISSING: [Value]"),
        (
            [{"Path": "*req.X", "Value": "~*req.A{*nope}"}],
            "SERVER_ERROR: invalid converter value in string: <*nope>, err: unsupported converter definition: <*nope>",
        ),
        ([{"Path": "*req.X", "Type": "*constant", "Value": "`a"}], "SERVER_ERROR: Unclosed unspilit syntax"),
    ],
)
def test_attributes_that_cannot_work_are_refused_in_the_recorded_words(attributes: list[Any], word: str, call: Call) -> None:
    assert call("APIerSv2.SetAttributeProfile", {"ID": "E", "Attributes": attributes}) == word


def test_both_versions_of_attributes_set_the_same_profile(call: Call) -> None:
    common = {"Path": "*req.V", "Type": "*variable"}
    parts = [{"Rules": "~*req.Account"}, {"Rules": "-x"}]
    assert call("APIerSv1.SetAttributeProfile", {"ID": "V1", "Attributes": [{**common, "Value": parts}]}) == "OK"
    assert call("APIerSv2.SetAttributeProfile", {"ID": "V2", "Attributes": [{**common, "Value": "~*req.Account;-x"}]}) == "OK"
    first, second = (call("APIerSv1.GetAttributeProfile", {"ID": id}) for id in ("V1", "V2"))
    assert first["Attributes"] == second["Attributes"] == [{"FilterIDs": [], **common, "Value": parts}]
    assert first["Contexts"] == ["*any"]
    assert call("APIerSv1.GetAttributeProfileCount", {}) == 2


def test_inline_ids_are_shown_as_the_profiles_they_stand_for(call: Call) -> None:
    shown = call("APIerSv1.GetAttributeProfile", {"ID": "*constant:*req.RequestType:*rated"})
    assert shown["Attributes"] == [{"FilterIDs": [], "Path": "*req.RequestType", "Type": "*constant", "Value": [{"Rules": "*rated"}]}]
    assert call("APIerSv1.GetFilter", {"ID": "*string:~*req.A:1|2"})["Rules"][0]["Values"] == ["1", "2"]
    assert call("APIerSv1.GetFilter", {"ID": "*string:x"}) == "SERVER_ERROR: inline parse error for string: <*string:x>"


def test_unknown_metrics_and_ratios_are_refused(call: Call) -> None:
    assert call("APIerSv1.SetStatQueueProfile", {"ID": "E", "Metrics": [{"MetricID": "*nope"}]}) == "SERVER_ERROR: unsupported metric type <*nope>"
    args = {"ID": "E", "Sorting": "*load", "SortingParameters": ["r1:x"]}
    assert call("APIerSv1.SetRouteProfile", args) == 'SERVER_ERROR: strconv.Atoi: parsing "x": invalid syntax'


def threshold(call: Call, id: str, **fields: Any) -> None:
    assert call("APIerSv1.SetThresholdProfile", {"ID": id, "MaxHits": -1, **fields}) == "OK"


def matching(profiles: Profiles, account: str, **how: Any) -> list[str]:
    return [record.ID for record in profiles["ThresholdProfile"].matching({"*req": {"Account": account}}, tenant="cgrates.org", **how)]


def test_profiles_match_by_filter_and_come_by_weight(profiles: Profiles, call: Call) -> None:
    threshold(call, "LOW", FilterIDs=["*string:~*req.Account:1001"], Weight=5)
    threshold(call, "HIGH", FilterIDs=["*string:~*req.Account:1001"], Weight=10)
    threshold(call, "ALL", Weight=7)
    threshold(call, "OTHER", FilterIDs=["*string:~*req.Account:1002"], Weight=99)
    assert matching(profiles, "1001") == ["HIGH", "ALL", "LOW"]
    assert matching(profiles, "1001", ids=["OTHER", "LOW", "NOPE"]) == ["LOW"]
    assert matching(profiles, "1001", ids=["OTHER", "LOW"], ignore_filters=True) == ["OTHER", "LOW"]
    assert matching(profiles, "1001", ignore_filters=True) == ["HIGH", "ALL", "LOW"]


def test_a_profile_matches_only_while_it_is_active(profiles: Profiles, call: Call) -> None:
    threshold(call, "T", ActivationInterval={"ActivationTime": "2020-01-01T00:00:00Z", "ExpiryTime": "2021-01-01T00:00:00Z"})
    for text, found in (("2019-12-31T23:59:59Z", []), ("2020-01-01T00:00:00Z", ["T"]), ("2021-01-01T00:00:00Z", [])):
        assert matching(profiles, "1", at=parse_instant(text)) == found
    assert matching(profiles, "1", at=Instant.ZERO) == []


def test_a_changed_filter_changes_who_matches(profiles: Profiles, call: Call) -> None:
    def rule(account: str) -> dict[str, Any]:
        return {"ID": "F", "Rules": [{"Type": "*string", "Element": "~*req.Account", "Values": [account]}]}

    assert call("APIerSv1.SetFilter", rule("1001")) == "OK"
    threshold(call, "T", FilterIDs=["F"])
    assert (matching(profiles, "1001"), matching(profiles, "1002")) == (["T"], [])
    assert call("APIerSv1.GetFilterIndexes", {"ItemType": "*thresholds"}) == ["*string:*req.Account:1001:T"]
    assert call("APIerSv1.SetFilter", rule("1002")) == "OK"
    assert (matching(profiles, "1001"), matching(profiles, "1002")) == ([], ["T"])
    assert call("APIerSv1.GetFilterIndexes", {"ItemType": "*thresholds"}) == ["*string:*req.Account:1002:T"]


def test_a_filter_in_use_is_not_removed(call: Call) -> None:
    assert call("APIerSv1.SetFilter", {"ID": "USED"}) == "OK"
    threshold(call, "TH_USED", FilterIDs=["USED"])
    refusal = call("APIerSv1.RemoveFilter", {"ID": "USED"})
    assert refusal.startswith("SERVER_ERROR: cannot remove filter <cgrates.org:USED> because will broken the reference")
    assert '{"*threshold_filter_indexes":{"TH_USED":{}}}' in refusal
    assert call("APIerSv1.RemoveThresholdProfile", {"ID": "TH_USED"}) == "OK"
    assert call("APIerSv1.RemoveFilter", {"ID": "USED"}) == "OK"


def test_attributes_match_in_their_contexts(profiles: Profiles, call: Call) -> None:
    for id, contexts in (("ANY", ["*any"]), ("SESS", ["*sessions"]), ("MIXED", ["*any", "*sessions"])):
        args = {"ID": id, "Contexts": contexts, "Attributes": [{"Path": "*req.X", "Value": "1"}]}
        assert call("APIerSv2.SetAttributeProfile", args) == "OK"
    table = profiles["AttributeProfile"]

    def found(context: str) -> list[str]:
        return [record.ID for record in table.matching({"*req": {}}, tenant="cgrates.org", context=context)]

    assert found("*sessions") == ["ANY", "MIXED", "SESS"]
    assert found("*cdrs") == ["ANY"]


def test_tenants_do_not_see_each_other(profiles: Profiles, call: Call) -> None:
    threshold(call, "T", Tenant="other.org")
    assert matching(profiles, "1001") == []
    assert call("APIerSv1.GetThresholdProfile", {"ID": "T"}) == "NOT_FOUND"


def test_what_is_compiled_is_made_once_and_again_after_a_change() -> None:
    from dataclasses import replace

    made: list[Any] = []
    kinds = [replace(kind, compile=lambda record: made.append(record) or record.Weight) if kind.name == "ThresholdProfile" else kind for kind in KINDS]
    profiles = Profiles(kinds=kinds)
    call = caller(profiles)
    threshold(call, "T", Weight=1)
    table = profiles["ThresholdProfile"]
    assert [table.compiled("cgrates.org", "T") for _ in range(3)] == [1, 1, 1]
    threshold(call, "T", Weight=2)
    assert table.compiled("cgrates.org", "T") == 2
    assert len(made) == 2


def test_watchers_are_told_of_every_change(profiles: Profiles, call: Call) -> None:
    seen: list[Change] = []
    profiles["ThresholdProfile"].watch(seen.append)
    threshold(call, "T")
    call("APIerSv1.RemoveThresholdProfile", {"ID": "T"})
    assert seen == [Change("ThresholdProfile", put=("cgrates.org:T",)), Change("ThresholdProfile", dropped=("cgrates.org:T",))]


async def test_profiles_are_there_again_after_a_restart(store: SqliteStore) -> None:
    call = caller(made(store))
    threshold(call, "KEPT", Weight=2.5, FilterIDs=["*string:~*req.Account:1001"])
    threshold(call, "GONE")
    assert call("APIerSv1.RemoveThresholdProfile", {"ID": "GONE"}) == "OK"
    assert call("APIerSv1.SetDestination", {"Id": "DE", "Prefixes": ["49", "0049"]}) == "OK"
    store.flush()
    again = made(store)
    assert again["ThresholdProfile"].ids("cgrates.org") == ["KEPT"]
    assert matching(again, "1001") == ["KEPT"]
    assert caller(again)("APIerSv1.GetReverseDestination", "0049") == ["DE"]


async def test_a_change_whose_transaction_fails_never_was(store: SqliteStore) -> None:
    profiles = made(store)
    call = caller(profiles)
    threshold(call, "T", Weight=1)

    def fail() -> None:
        with store.transaction(why="test"):
            threshold(call, "T", Weight=2)
            threshold(call, "NEW")
            call("APIerSv1.SetDestination", {"Id": "DE", "Prefixes": ["49"]})
            raise StoreError("no")

    with pytest.raises(StoreError):
        fail()
    assert call("APIerSv1.GetThresholdProfile", {"ID": "T"})["Weight"] == 1
    assert call("APIerSv1.GetThresholdProfileIDs", {}) == ["T"]
    assert call("APIerSv1.GetReverseDestination", "49") == "NOT_FOUND"
    await trio.lowlevel.checkpoint()


def test_destinations_answer_as_recorded(call: Call) -> None:
    assert call("APIerSv1.SetDestination", {}) == "MANDATORY_IE_MISSING: [Id Prefixes]"
    assert call("APIerSv1.SetDestination", {"Id": "D1", "Prefixes": ["1", "2"]}) == "OK"
    assert call("APIerSv1.SetDestination", {"Id": "D1", "Prefixes": ["3"]}) == "EXISTS"
    assert call("APIerSv1.SetDestination", {"Id": "D1", "Prefixes": ["4"], "Overwrite": True}) == "OK"
    assert call("APIerSv1.GetDestination", "D1") == {"Id": "D1", "Prefixes": ["4"]}
    assert call("APIerSv1.GetReverseDestination", "4") == ["D1"]
    assert call("APIerSv1.GetReverseDestination", "1") == "NOT_FOUND"
    assert call("APIerSv1.RemoveDestination", {"DestinationIDs": ["D1"]}) == "OK"
    assert call("APIerSv1.RemoveDestination", {"DestinationIDs": ["NOPE"]}) == "NOT_FOUND"


def test_filters_find_destinations_and_timings_here(profiles: Profiles, call: Call) -> None:
    assert call("APIerSv1.SetDestination", {"Id": "DE", "Prefixes": ["49"]}) == "OK"
    assert call("APIerSv1.SetDestination", {"Id": "BERLIN", "Prefixes": ["4930"]}) == "OK"
    assert profiles["Destination"].side.ids_of("493012") == {"DE", "BERLIN"}
    assert profiles["Destination"].side.ids_of("33") == set()
    assert call("APIerSv1.SetTiming", {"ID": "WORK", "WeekDays": [1, 2, 3, 4, 5], "StartTime": "08:00:00", "EndTime": "18:00:00"}) == "OK"
    work = profiles["Timing"].compiled("", "WORK")
    moments = ("2026-11-23T12:00:00Z", "2026-11-23T19:00:00Z", "2026-11-22T12:00:00Z")
    assert [work.contains(parse_instant(text)) for text in moments] == [True, False, False]
    assert profiles["Timing"].compiled("", "*any").contains(parse_instant(moments[2]))
    assert [call("APIerSv1.TimingIsActiveAt", {"TimingID": "WORK", "Time": text}) for text in moments] == [True, False, False]
    assert call("APIerSv1.SetTiming", {"ID": "T2", "StartTime": "bad"}) == "SERVER_ERROR: INVALID_TIME:bad"


def test_the_defaults_are_those_of_the_configuration() -> None:
    profiles = made(sections={"general": {"default_tenant": "my.org", "default_timezone": "Europe/Berlin"}})
    call = caller(profiles)
    threshold(call, "T")
    assert profiles["ThresholdProfile"].ids("my.org") == ["T"]
    assert str(profiles.zone) == "Europe/Berlin"


def test_stored_plans_keep_what_they_were_given_and_load_it(call: Call) -> None:
    slots = [{"ConnectFee": 0.1, "Rate": 0.2, "RateUnit": "60s", "RateIncrement": "1s", "GroupIntervalStart": "0s"}]
    assert call("APIerSv1.SetTPRate", {"ID": "R"}) == "MANDATORY_IE_MISSING: [TPid RateSlots]"
    assert call("APIerSv1.SetTPRate", {"TPid": "TP1", "ID": "R", "RateSlots": slots}) == "OK"
    shown = call("APIerSv1.GetTPRate", {"TPid": "TP1", "ID": "R"})
    assert (shown["TPid"], shown["ID"], shown["RateSlots"][0]["RateUnit"]) == ("TP1", "R", "60s")
    assert call("APIerSv1.GetTPRateIds", {"TPid": "TP1"}) == ["R"]
    assert call("APIerSv1.GetTPIds", {}) == ["TP1"]
    assert call("APIerSv1.RemoveTPRate", {"TPid": "TP1", "ID": "R"}) == "OK"
    assert call("APIerSv1.GetTPRate", {"TPid": "TP1", "ID": "R"}) == "NOT_FOUND"
