"""Loading tariff plans: all of it or nothing, the recorded words, nobody kept waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgrd.codec import decode, encode
from cgrd.errors import CgrdError, Wrong
from cgrd.filters import Filters
from cgrd.profiles import LoadOptions, PlanRefused, Profiles, all_kinds, all_methods, load_files, load_folder
from cgrd.profiles.plan import Load
from cgrd.store import SqliteStore

KINDS = all_kinds()

GOOD = {
    "Destinations.csv": "#Id,Prefix\nDST_A,1\nDST_B,2\n",
    "Timings.csv": "#Tag,Years,Months,MonthDays,WeekDays,Time\nTM_A,*any,*any,*any,1;2,08:00:00\n",
    "Rates.csv": "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nRT,0,1,60s,1s,0s\n",
    "DestinationRates.csv": "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\nDR,DST_A,RT,*up,4,0,\n",
    "RatingPlans.csv": "#Id,DestinationRatesId,TimingTag,Weight\nRP,DR,*any,10\n",
    "RatingProfiles.csv": "#Tenant,Category,Subject,ActivationTime,RatingPlanId,Fallback\ncgrates.org,call,*any,2014-01-14T00:00:00Z,RP,\n",
    "Actions.csv": "#head\nACT,*topup_reset,,,b,*monetary,,*any,,,*unlimited,,10,10,false,false,10\n",
    "ActionPlans.csv": "#head\nAP,ACT,*asap,10\n",
    "AccountActions.csv": "#head\ncgrates.org,1001,AP,,,\n",
    "Filters.csv": "#head\ncgrates.org,FLT,*string,~*req.Account,1001,\n",
    "Chargers.csv": "#head\ncgrates.org,CH,FLT,,*default,*none,0\n",
    "Attributes.csv": "#head\ncgrates.org,AT,*any,FLT,,,*req.X,*constant,1,false,10\n",
    "Thresholds.csv": "#head\ncgrates.org,TH,FLT,,-1,1,0,false,10,ACT,false,\n",
    "Stats.csv": "#head\ncgrates.org,SQ,FLT,,10,-1,0,*tcc,,false,false,10,*none\n",
    "Resources.csv": "#head\ncgrates.org,RS,FLT,,-1,5,,false,false,10,*none\n",
    "Routes.csv": "#head\ncgrates.org,RO,FLT,,*weight,,r1,,,,,,10,,,10\n",
}

# file, what stands there instead, the recorded word, whether a dry run finds it too (the reference meets the others while writing)
BROKEN = [
    ("Destinations.csv", "DST_A\n", "record on line 1: wrong number of fields", True),
    ("Destinations.csv", '#Id,Prefix\n"DST_A,1\n', 'parse error on line 2, column 10: extraneous or missing " in quoted-field', True),
    ("Rates.csv", "RT,x,1,60s,1s,0s\n", 'invalid value "x" for field RateMdl.ConnectFee', True),
    ("Rates.csv", "RT,0,1,sixty,1s,0s\n", 'time: invalid duration "sixty"', True),
    ("DestinationRates.csv", "DR,DST_A,NORT,*up,4,0,\n", 'could not find rate for tag "NORT"', True),
    ("DestinationRates.csv", "DR,NODST,RT,*up,4,0,\n", 'could not get destination for tag "NODST"', True),
    ("DestinationRates.csv", "DR,DST_A,RT,*up,x,0,\n", 'invalid value "x" for field DestinationRateMdl.RoundingDecimals', True),
    ("RatingPlans.csv", "RP,DR,NOTM,10\n", 'could not get timing for tag "NOTM"', True),
    ("RatingPlans.csv", "RP,NODR,*any,10\n", 'could not find destination rate for tag "NODR"', True),
    ("RatingPlans.csv", "RP,DR,*any,x\n", 'invalid value "x" for field RatingPlanMdl.Weight', True),
    ("RatingProfiles.csv", "cgrates.org,call,*any,notatime,RP,\n", "cannot parse activation time from notatime", True),
    ("RatingProfiles.csv", "cgrates.org,call,*any,2014-01-14T00:00:00Z,NORP,\n", 'could not load rating plans for tag: "NORP"', True),
    ("ActionPlans.csv", "AP,NOACT,*asap,10\n", '[ActionPlans] Could not load the action for tag: "NOACT"', True),
    ("ActionPlans.csv", "AP,ACT,NOTM,10\n", '[ActionPlans] Could not load the timing for tag: "NOTM"', True),
    ("AccountActions.csv", "cgrates.org,1001,NOAP,,,\n", 'could not get action plan for tag "NOAP"', True),
    ("Chargers.csv", "cgrates.org,CH,FLT,,*default,*none,x\n", 'invalid value "x" for field ChargerMdl.Weight', True),
    ("Attributes.csv", "cgrates.org,AT,*any,FLT,,,*req.X,*constant,1,maybe,10\n", 'invalid value "maybe" for field AttributeMdl.Blocker', True),
    ("Thresholds.csv", "cgrates.org,TH,FLT,,x,1,0,false,10,ACT,false,\n", 'invalid value "x" for field ThresholdMdl.MaxHits', True),
    ("Timings.csv", "TM_A,*any,*any,*any,*any,noon\n", "INVALID_TIME:noon", False),
    ("Filters.csv", "cgrates.org,FLT,*regex,~*req.Account,[,\n", "error parsing regexp: missing closing ]: `[`", False),
    (
        "Attributes.csv",
        "cgrates.org,AT,*any,NOFLT,,,*req.X,*constant,1,false,10\n",
        "broken reference to filter: <NOFLT> for item with ID: cgrates.org:AT",
        False,
    ),
    ("Stats.csv", "cgrates.org,SQ,NOFLT,,10,-1,0,*tcc,,,,10,*none\n", "broken reference to filter: <NOFLT> for item with ID: cgrates.org:SQ", False),
    ("Resources.csv", "cgrates.org,RS,FLT,,never,5,,false,false,10,*none\n", 'time: invalid duration "never"', False),
]

# what the reference loads without a word
ACCEPTED = [
    ("Actions.csv", "ACT,*nope,,,b,*monetary,,*any,,,*unlimited,,10,10,false,false,10\n"),
    ("Filters.csv", "cgrates.org,FLT,*nope,~*req.Account,1001,\n"),
    ("Filters.csv", "cgrates.org,FLT,*string,~*req.Account,,\n"),
    ("DestinationRates.csv", "DR,DST_A,RT,*nope,4,0,\n"),
    ("Attributes.csv", "cgrates.org,AT,*any,FLT,,,,,,false,10\n"),
    ("Chargers.csv", "cgrates.org,CH,FLT,,*default,NOATTR,0\n"),
    ("Thresholds.csv", "cgrates.org,TH,FLT,,-1,1,0,false,10,NOACT,false,\n"),
]


def made(store: SqliteStore | None = None) -> Profiles:
    profiles = Profiles(kinds=KINDS, store=store)
    profiles.use(Filters(lookup=profiles.filter))
    profiles.load()
    return profiles


def everything(profiles: Profiles) -> dict[str, dict[str, Any]]:
    return {name: dict(sorted(table.items())) for name, table in profiles.items() if len(table)}


def with_file(name: str, text: str) -> list[tuple[str, str]]:
    return list({**GOOD, name: text}.items())


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    store = SqliteStore.in_memory()
    yield store
    store.close()


async def test_who_watches_a_table_is_told_once_of_all_that_a_plan_changes() -> None:
    profiles = made()
    told: list[Any] = []
    profiles["Destination"].watch(lambda change: told.append((sorted(change.put), sorted(change.dropped), profiles["Destination"].ids())))
    await load_files(profiles, list(GOOD.items()))
    await load_files(profiles, list(GOOD.items()), options=LoadOptions(remove=True))
    both = ["DST_A", "DST_B"]
    assert told == [(both, [], both), ([], both, [])]


async def test_a_good_plan_is_loaded_whole_and_removed_whole() -> None:
    profiles = made()
    orders: list[tuple[str, bool]] = []
    profiles.appliers["AccountActions"] = lambda records, undo: orders.extend((record.Account, undo) for record in records)
    load = await load_files(profiles, list(GOOD.items()))
    assert load.counts["AccountActions"] == 1
    assert {kind.name for kind in KINDS if kind.stored and kind.file in GOOD} == set(everything(profiles))
    assert profiles["RatingPlan"].get("", "RP").DestinationRates["DST_A"][0].Weight == Decimal(10)
    await load_files(profiles, list(GOOD.items()), options=LoadOptions(remove=True))
    assert everything(profiles) == {}
    assert orders == [("1001", False), ("1001", True)]


@pytest.mark.parametrize(("file", "text", "word", "early"), BROKEN)
async def test_a_broken_plan_gives_the_recorded_word_and_leaves_nothing_behind(file: str, text: str, word: str, early: bool, store: SqliteStore) -> None:
    profiles = made(store)
    files = with_file(file, text)
    with pytest.raises(PlanRefused) as refused:
        await load_files(profiles, files)
    assert refused.value.word == f"SERVER_ERROR: {word}"
    assert f"{file}:" in refused.value.explain
    assert everything(profiles) == {}
    assert not profiles.load_ids
    store.flush()
    assert everything(made(store)) == {}
    if early:
        with pytest.raises(PlanRefused):
            await load_files(profiles, files, options=LoadOptions(dry_run=True))
    else:
        assert any(word in fault for fault in (await load_files(profiles, files, options=LoadOptions(dry_run=True))).faults)


@pytest.mark.parametrize(("file", "text"), ACCEPTED)
async def test_what_only_fails_when_used_is_loaded(file: str, text: str) -> None:
    assert (await load_files(made(), with_file(file, text))).counts["Destination"] == 2


async def test_every_fault_is_listed_with_its_place() -> None:
    files = list({**GOOD, "Chargers.csv": "#h\ncgrates.org,CH,,,r,,x\ncgrates.org,C2,,,r,,y\n", "Thresholds.csv": "bad\n"}.items())
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), files)
    assert {(fault.file, fault.line, fault.column) for fault in refused.value.faults} == {
        ("Chargers.csv", 2, 7),
        ("Chargers.csv", 3, 7),
        ("Thresholds.csv", 1, 0),
    }


async def test_a_broken_reference_names_the_cell_and_hides_no_other_fault() -> None:
    files = list({**GOOD, "DestinationRates.csv": "#h\nDR,DST_A,RT,*up,4,0,\nDR,DST_A,NORT,*up,4,0,\n", "ActionPlans.csv": "AP,NOACT,*asap,1\n"}.items())
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), files)
    assert [str(fault) for fault in refused.value.faults] == [
        'DestinationRates.csv:3:3: could not find rate for tag "NORT" (Rates.csv has no such tag)',
        'ActionPlans.csv:1:2: [ActionPlans] Could not load the action for tag: "NOACT" (neither in Actions.csv nor loaded before)',
    ]


async def test_faults_of_cells_files_and_references_are_told_at_once() -> None:
    plan = {
        "Destinations.csv": "DST_A,1\nDST_B,2\n",
        "Rates.csv": "RT,0,0;24,60s,1s,0s\nR2,0,1,1minute,1sec,0s\nR2,0,1,60s,1s,later\nR3,0,1,60s,1s,0s\nR4,x,y,60s,1s,0s\n",
        "DestinationRates.csv": "DR,DST_AA,R3,*up,4,0,\nDR,DST_A,R33,*up,4,0,\nD2,DST_A,RT,*up,4,0,\nD2,DST_A,R2,*up,4,0,\n",
        "RatingPlans.csv": "RP,DR,*any,10\nRP2,D2,*any,10\n",
        "Actions.csv": "ACT,*topup,,,b,*monetary,,*any,,,*unlimited,,ten,10,false,false,10\n"
        "ACT,*topup,,,b,*monetary,,*any,,NOTM,*unlimited,,10,much,false,false,10\n",
        "ActionPlans.csv": "AP,ACT,*asap,10\n",
    }
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), list(plan.items()))
    assert [(fault.file.partition(".")[0], fault.line, fault.column) for fault in refused.value.faults] == [
        *(("Rates", line, column) for line, column in ((1, 3), (5, 2), (5, 3), (2, 5), (2, 4), (3, 6))),
        ("DestinationRates", 1, 2),
        ("DestinationRates", 2, 3),
        ("Actions", 1, 13),
        ("Actions", 2, 14),
    ]


async def test_what_refers_into_a_file_that_cannot_be_read_is_no_fault_of_its_own() -> None:
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), with_file("Rates.csv", "RT,0,1,60s\n"))
    assert [fault.file for fault in refused.value.faults] == ["Rates.csv"]


# what a newcomer may do wrong, and what is said of it: place, word, and what would mend it
MISTAKES = [
    ("DestinationRates.csv", "DR,DST_A,RTT,*up,4,0,\n", "DestinationRates.csv:1:3: ", "is it meant to be RT?"),
    ("DestinationRates.csv", "DR,DST-A,RT,*up,4,0,\n", "DestinationRates.csv:1:2: ", "is it meant to be DST_A?"),
    ("Rates.csv", "RT,0,0,25,60s,1s,0s\n", "Rates.csv:1: ", "it has 7 columns, not the 6 of Tag,ConnectFee,Rate,"),
    ("Rates.csv", "RT,0,1 EUR,60s,1s,0s\n", "Rates.csv:1:3: ", "wanted: number"),
    ("Rates.csv", "RT,0,1,1 min,1s,0s\n", "Rates.csv:1:4: ", "write a duration as 60s"),
    ("Destinations.csv", "DST_A;1\nDST_B;2\n", "Destinations.csv:1: ", "it has 1 columns, not the 2 of Tag,Prefix"),
    ("RatingProfiles.csv", "cgrates.org,call,*any,14.01.2014,RP,\n", "RatingProfiles.csv:1:4: ", "write it as 2026-01-31T08:00:00Z"),
    ("Timings.csv", "TM_A,*any,*any,*any,1;2,noon\n", "Timings.csv:1:6: ", "as hh:mm:ss"),
    ("Chargers.csv", "cgrates.org,CH,FLTT,,*default,*none,0\n", "Chargers.csv:1:3: ", "is it meant to be FLT?"),
    ("Chargers.csv", "cgrates.org,CH,*string:~*req.Account,,*default,*none,0\n", "Chargers.csv:1:3: ", "*type:element:value|value"),
    ("Chargers.csv", "cgrates.org,CH,FLT,,*default,*none,high\n", "Chargers.csv:1:7: ", "wanted: number"),
    ("Attributes.csv", 'cgrates.org,AT,*any,FLT,,,*req.X,*constant,a"b,false,10\n', "Attributes.csv:1:45: ", "stands in quotes"),
    ("Attributes.csv", "cgrates.org,AT,*any,FLT,,,*req.X,*constant,1,no,10\n", "Attributes.csv:1:10: ", "wanted: true or false"),
    ("Stats.csv", "cgrates.org,SQ,FLT,,10,-1,0,*tccc,,,,10,*none\n", "Stats.csv:1:8: ", "known metrics are *acc "),
    ("ActionPlans.csv", "AP,ACTS,*asap,10\n", "ActionPlans.csv:1:2: ", "is it meant to be ACT?"),
    ("Actions.csv", "ACT,*topup,,,b,*monetary,,*any,,,*unlimited,,ten,10,false,false,10\n", "Actions.csv:1:13: ", "a number"),
]


@pytest.mark.parametrize(("file", "text", "place", "mend"), MISTAKES)
async def test_a_mistake_is_told_with_its_cell_and_what_would_mend_it(file: str, text: str, place: str, mend: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), with_file(file, text))
    told = [str(fault) for fault in refused.value.faults]
    assert told[0].startswith(place), told
    assert mend in told[0], told


@pytest.mark.parametrize(
    ("file", "text", "note"),
    [
        ("Filters.csv", "cgrates.org,FLT,*sting,~*req.Account,1001,\n", "Filters.csv:1:3: there is no filter type <*sting>"),
        ("Actions.csv", "ACT,*topupp,,,b,*monetary,,*any,,,*unlimited,,10,10,false,false,10\n", "Actions.csv:1:2: there is no action type <*topupp>"),
        ("Routes.csv", "cgrates.org,RO,FLT,,*wieght,,r1,,,,,,10,,,10\n", "Routes.csv:1:5: there is no sorting <*wieght>"),
        ("Destinations.csv", "Id,Prefix\nDST_A,1\nDST_B,2\n", "Destinations.csv:1: this looks like a line of headings"),
        ("Destinations.csv", "DST_A,1\nDST_B,+49\n", "Destinations.csv:2:2: the prefix <+49> has a blank or a +"),
        ("Destinations.csv", "DST_A,1\nDST_B,49 17\n", "Destinations.csv:2:2: the prefix <49 17> has a blank or a +"),
        (
            "ActionTriggers.csv",
            "TRG,,*max_spent,5,true,0,,,,*monetary,,,,,,,,,,ACT,10\n",
            "ActionTriggers.csv:1:3: there is no threshold type <*max_spent>",
        ),
        (
            "DestinationRates.csv",
            "DR,DST_A,RT,*upp,4,0,\n",
            "DestinationRates.csv:1:4: there is no rounding method <*upp>; costs will",
        ),
        ("DestinationRates.csv", "DR,DST_A,RT,*up,4,1,*fre\n", "DestinationRates.csv:1:7: there is no strategy of a maximal cost <*fre>"),
        ("Rates.csv", "RT,0,1,60,60s,0\n", "Rates.csv:1:4: RateUnit <60> means 60 ns; write 60s if seconds are meant"),
        ("Rates.csv", "RT,0,1,60s,1,0s\n", "Rates.csv:1:5: RateIncrement <1> means 1 ns"),
        ("Rates.csv", "RT,0,-0.24,60s,1s,0s\n", "Rates.csv:1:3: Rate <-0.24> is below nothing"),
        ("Rates.csv", "RT,0,1,60s,1s,30s\n", "Rates.csv:1:6: GroupIntervalStart <30s> is that of the first slot"),
    ],
)
async def test_what_will_fail_when_used_is_loaded_and_noted(file: str, text: str, note: str) -> None:
    load = await load_files(made(), with_file(file, text))
    assert [each.startswith(note) for each in load.notes] == [True], load.notes
    assert (await load_files(made(), list(GOOD.items()))).notes == ()


@pytest.mark.parametrize("span", ["1,1,0", "1,1,0s", "1024,1024,0s", "1048576,1024,0", "1000,1000,0", "60s,1s,0s", "60s,1s,0", "1m,500ms,0s"])
async def test_units_of_time_octets_and_pieces_are_no_reason_to_warn(span: str) -> None:
    assert (await load_files(made(), with_file("Rates.csv", f"RT,0,1,{span}\n"))).notes == ()


async def test_every_unknown_action_type_is_noted_with_what_it_may_mean() -> None:
    row = "ACT,{},,,,,,,,,,,,,,,10\n"
    load = await load_files(made(), with_file("Actions.csv", row.format("*disable") + row.format("*http_pots") + row.format("*topup")))
    assert [(note.partition(":")[2][:3], note.partition("meant to be ")[2]) for note in load.notes] == [("1:2", "*disable_account?"), ("2:2", "*http_post?")]


async def test_twenty_thousand_broken_references_are_each_told_with_their_line() -> None:
    rows = "".join(f"cgrates.org,CH{at},NOFLT,,*default,*none,0\n" for at in range(20_000))
    with pytest.raises(PlanRefused) as refused:
        await load_files(made(), with_file("Chargers.csv", rows))
    assert len(refused.value.faults) == 20_000
    assert refused.value.faults[-1].line == 20_000
    assert refused.value.explain.count("\n") == 100


async def test_a_bad_plan_leaves_the_one_before_as_it_was() -> None:
    profiles = made()
    await load_files(profiles, list(GOOD.items()))
    before = everything(profiles)
    with pytest.raises(PlanRefused):
        await load_files(profiles, [("Destinations.csv", "DST_A,999\n"), ("Rates.csv", "RT,0,1,sixty,1s,0s\n")])
    assert everything(profiles) == before


async def test_references_may_be_to_what_was_loaded_before() -> None:
    profiles = made()
    await load_files(profiles, list(GOOD.items()))
    more = {
        "Rates.csv": "R2,0,1,60s,1s,0s\n",
        "DestinationRates.csv": "D2,DST_B,R2,*up,4,0,\n",
        "RatingPlans.csv": "RP2,D2,TM_A,10\n",
        "Chargers.csv": "cgrates.org,C2,FLT,,r,,0\n",
    }
    await load_files(profiles, list(more.items()))
    assert profiles["RatingPlan"].ids() == ["RP", "RP2"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("RatingPlans.csv", "RP,DR,TM_A,10\n"),
        ("Rates.csv", "RT,0,1,60s,7s,0s\nRT,0,1,60s,1s,60s\n"),
        ("Timings.csv", "TM_A,2027,*any,*any,1,08:00:00\n"),
    ],
)
async def test_validation_refuses_what_loading_accepts(file: str, text: str) -> None:
    profiles = made()
    with pytest.raises(CgrdError, match=r"^invalid data$"):
        await load_files(profiles, with_file(file, text), options=LoadOptions(validate=True))
    assert everything(profiles) == {}
    assert isinstance(await load_files(profiles, with_file(file, text)), Load)
    await load_files(profiles, list(GOOD.items()), options=LoadOptions(validate=True))


async def test_a_folder_is_searched_with_its_sub_folders_and_unknown_files_are_named(tmp_path: Path) -> None:
    for name, text in GOOD.items():
        folder = tmp_path / ("tariffs" if "Rat" in name else "")
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "Unheard.csv").write_text("a,b\n")
    profiles = made()
    load = await load_folder(profiles, str(tmp_path))
    assert load.unknown_files == ("Unheard.csv",)
    assert profiles["RatingPlan"].ids() == ["RP"]


@pytest.mark.parametrize(("path", "word"), [("", "MANDATORY_IE_MISSING:FolderPath"), ("/no/such/folder", "INVALID_PATH")])
async def test_a_path_that_leads_nowhere_is_told(path: str, word: str) -> None:
    with pytest.raises(CgrdError) as refused:
        await load_folder(made(), path)
    assert refused.value.word == word


async def test_a_plan_is_imported_loaded_and_exported_again(tmp_path: Path, store: SqliteStore) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name, text in GOOD.items():
        (source / name).write_text(text)
    profiles = made(store)
    methods = {method.name: method for method in all_methods(profiles)}

    async def call(name: str, **args: Any) -> Any:
        answer = methods[name].handler(decode(encode(args), methods[name].args))
        return await answer if hasattr(answer, "__await__") else answer

    assert await call("APIerSv1.ImportTariffPlanFromFolder", TPid="TP1", FolderPath=str(source)) == "OK"
    assert await call("APIerSv1.GetTPRatingProfileLoadIds", TPid="TP1") == ["CSVLOAD"]
    for separator in (";;", "\n", '"'):
        with pytest.raises(Wrong, match="FieldSeparator: invalid"):
            await call("APIerSv1.ExportTPToZipString", TPid="TP1", FieldSeparator=separator)
        with pytest.raises(Wrong, match="CsvSeparator: invalid"):
            await call("APIerSv1.ImportTariffPlanFromFolder", TPid="TP2", FolderPath=str(source), CsvSeparator=separator)
    assert await call("APIerSv1.LoadTariffPlanFromStorDb", TPid="TP1") == "OK"
    assert profiles["RatingProfile"].ids() == ["*out:cgrates.org:call:*any"]
    stats = await call("APIerSv1.ExportTPToFolder", TPid="TP1", ExportPath=str(target))
    assert sorted(stats.ExportedFiles) == sorted(GOOD)
    other = made()
    await load_folder(other, str(target))
    assert encode(everything(other)["RatingPlan"]) == encode(everything(profiles)["RatingPlan"])
    assert everything(other)["RouteProfile"] == everything(profiles)["RouteProfile"]
    assert await call("APIerSv1.ExportToFolder", Path=str(tmp_path / "db"), Items=["*attributes", "*filters"]) == "OK"
    assert sorted(file.name for file in (tmp_path / "db").iterdir()) == ["Attributes.csv", "Filters.csv"]
    assert await call("APIerSv1.RemTP", TPid="TP1") == "OK"
    assert profiles.tp.ids() == []


def big(count: int) -> list[tuple[str, str]]:
    return [
        ("Destinations.csv", "".join(f"D{i},{i}7\n" for i in range(count))),
        ("Rates.csv", "".join(f"R{i},0,{i},60s,1s,0s\n" for i in range(50))),
        ("DestinationRates.csv", "".join(f"DR,D{i},R{i % 50},*up,4,0,\n" for i in range(count))),
        ("RatingPlans.csv", "RP,DR,*any,10\n"),
    ]


async def test_others_are_served_while_a_large_plan_loads() -> None:
    profiles, turns, loaded = made(), 0, trio.Event()

    async def somebody_else() -> None:
        nonlocal turns
        while not loaded.is_set():
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(somebody_else)
        started = time.perf_counter()
        await load_files(profiles, big(20_000))
        took = time.perf_counter() - started
        loaded.set()
    assert len(profiles["RatingPlan"].get("", "RP").DestinationRates) == 20_000
    assert turns > 10
    assert took < 30


async def test_a_large_plan_survives_a_restart_with_what_was_changed_meanwhile(store: SqliteStore) -> None:
    profiles = made(store)
    table = profiles["Destination"]
    await load_files(profiles, big(6_000))

    async def change_while_loading() -> None:
        record = table.get("", "D1")
        table.set(type(record)(Id="MINE", Prefixes=["99"]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(change_while_loading)
        await load_files(profiles, big(6_000))
    table.remove("", "D5")
    assert table.side.ids["99"] == ("MINE",)
    store.flush()
    again = made(store)["Destination"]
    assert dict(again.items()) == dict(table.items())
    assert len(again) == 6_000
    assert again.side.ids == table.side.ids


mutations = st.tuples(st.sampled_from(sorted(GOOD)), st.integers(0, 200), st.text('x,;"#\n0*-\x00é', max_size=4), st.integers(0, 3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.lists(mutations, min_size=1, max_size=3))
def test_a_mutated_plan_is_loaded_whole_or_not_at_all(changes: list[tuple[str, int, str, int]]) -> None:
    files = dict(GOOD)
    for name, at, text, cut in changes:
        old = files[name]
        at %= len(old) + 1
        files[name] = old[:at] + text + old[at + cut :]

    async def story() -> None:
        with closing(SqliteStore.in_memory()) as store:
            profiles = made(store)
            await load_files(profiles, list(GOOD.items()))
            before = everything(profiles)
            try:
                load = await load_files(profiles, list(files.items()))
            except CgrdError:
                assert everything(profiles) == before
            else:
                assert all(len(profiles[name]) >= count for name, count in load.counts.items() if name in profiles)
            store.flush()
            assert encode(everything(made(store))) == encode(everything(profiles))

    trio.run(story)
