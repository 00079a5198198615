"""The files of tariff plans: the dialect, how rows merge, and the way back to the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrd.profiles import Draft, Profiles, all_kinds, file_text
from cgrd.profiles.building import build_record, unbuild_record
from cgrd.profiles.docs import kinds_page
from cgrd.profiles.sheets import BadLine, read_sheet

KINDS = all_kinds()
BY_FILE = {kind.file: kind for kind in KINDS}

# What a row of each kind may look like: (several rows of one record, at least a name each).
SAMPLES = {
    "Destinations.csv": ["DE,49", "DE,0049", "FR,33"],
    "Timings.csv": ["WORK,*any,*any,*any,1;2;3;4;5,08:00:00;18:00:00", "NEWYEAR,2027,1,1,*any,00:00:00"],
    "Rates.csv": ["R,0.1,0.2,60s,1s,0s", "R,0,0.1,60s,10s,60s"],
    "DestinationRates.csv": ["DR,DE,R,*up,4,0,", "DR,FR,R,*middle,2,1.5,*free"],
    "RatingPlans.csv": ["RP,DR,WORK,10", "RP,DR,*any,5.5"],
    "RatingProfiles.csv": ["cgrates.org,call,1001,2014-01-14T00:00:00Z,RP,1002;1003", "cgrates.org,call,1001,2015-01-14T00:00:00Z,RP,"],
    "SharedGroups.csv": ["SG,*any,*lowest,", "SG,1001,*mine_lowest,special"],
    "Actions.csv": ["TOP,*topup,,,main,*monetary,,DE,,,*unlimited,,10,20,false,false,10", "TOP,*log,,*string:~*req.ID:a,,,,,,,,,,,,,5"],
    "ActionPlans.csv": ["AP,TOP,*asap,10", "AP,TOP,WORK,5"],
    "ActionTriggers.csv": [
        "TRG,T1,*min_balance,2,true,1h,,2030-01-01T00:00:00Z,main,*monetary,,DE,,,,,,,,TOP,10",
        "TRG,T2,*max_balance,20,,,,,,,,,,,,,,,,TOP,5",
    ],
    "AccountActions.csv": ["cgrates.org,1001,AP,TRG,true,"],
    "Filters.csv": ["t.org,F,*string,~*req.Account,1001;1002,2014-01-14T00:00:00Z", "t.org,F,*prefix,~*req.Destination,49,"],
    "Resources.csv": ["t.org,R,F;*exists:~*req.A:,2014-01-14T00:00:00Z,1h,5,yes,true,true,10,TH1;TH2"],
    "IPs.csv": ["t.org,IP,F,,1h,true,10,P1,,*ipv4,10.0.0.1/32,*ascending,msg,20,", "t.org,IP,,,,,,P2,F,*ipv4,10.0.0.2/32,,,10,true"],
    "Stats.csv": ["t.org,S,F,,100,1h,2,*tcc;*sum#~*req.N,F,true,false,30,*none", "t.org,S,,,,,,*acd,,,,,TH"],
    "Trends.csv": ["t.org,T,@every 1m,S,*acd,-1,10,1,*average,5.5,true,TH"],
    "Rankings.csv": ["t.org,RK,@every 1m,S1;S2,*acd,*desc,*acd;*tcc:false,true,TH"],
    "Thresholds.csv": ["t.org,TH,F,,-1,2,1s,true,10,ACT1;ACT2,true,ee1"],
    "Routes.csv": ["t.org,RO,F,,*lc,,r1,,,RP1;RP2,,,20,true,p1,10", "t.org,RO,,,,,r2,F,A1,,RS1,S1,10,,,"],
    "Attributes.csv": ["t.org,A,*sessions;*cdrs,F,,,*req.X,*constant,1,true,10", "t.org,A,,,,F,*req.Y,*variable,~*req.A;-x,,"],
    "Chargers.csv": ["t.org,C,F,,run,*constant:*req.A:1;*constant:*req.B:2,10"],
    "DispatcherProfiles.csv": ["t.org,D,*sessions,F,,*weight,a;b,H1,F,10,true,*ratio:2;x,5", "t.org,D,,,,,,H2,,20,,,"],
    "DispatcherHosts.csv": ["t.org,H,127.0.0.1:2012,*json,3,5,1m,1s,2s,true,k,c,ca"],
}


def read(kind, text):
    """The row records of a file, and the faults found."""
    draft = Draft(profiles=Profiles(kinds=KINDS))
    for _ in draft.read(kind, [(kind.file, text)]):
        pass
    return draft.rows[kind.name], draft.faults


def rows_of(text, width, separator=","):
    work = read_sheet("F.csv", text, width=width, separator=separator)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_there_are_the_23_kinds_and_each_has_a_sample() -> None:
    assert len(KINDS) == 23
    assert set(SAMPLES) == set(BY_FILE)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_rows_merged_and_written_again_merge_to_the_same(name: str) -> None:
    kind = BY_FILE[name]
    first, faults = read(kind, "\n".join(SAMPLES[name]))
    assert not faults
    assert first
    again, faults = read(kind, file_text(kind, first.values()))
    assert not faults
    assert again == first


@pytest.mark.parametrize("name", sorted(name for name in SAMPLES if BY_FILE[name].build is None))
def test_a_profile_survives_the_way_to_its_record_and_back(name: str) -> None:
    kind = BY_FILE[name]
    reading = Profiles(kinds=KINDS).reading()
    rows, _ = read(kind, "\n".join(SAMPLES[name]))
    for row in rows.values():
        record = build_record(kind, row, reading)
        once_more, faults = read(kind, file_text(kind, [unbuild_record(kind, record)]))
        assert not faults
        assert [build_record(kind, each, reading) for each in once_more.values()] == [record]


def test_comments_blank_lines_and_carriage_returns_are_no_rows() -> None:
    assert rows_of("#a,b\r\n1,2\r\n\n#x\n3,4", 2).rows == [["1", "2"], ["3", "4"]]
    assert list(rows_of("#a,b\n\n1,2\n", 2).lines) == [3]


def test_quotes_hold_separators_quotes_and_line_ends() -> None:
    sheet = rows_of('"a,b","c ""d"""\n"two\nlines",x\nlast,y', 2)
    assert sheet.rows == [["a,b", 'c "d"'], ["two\nlines", "x"], ["last", "y"]]
    assert list(sheet.lines) == [1, 2, 4]


def test_lines_without_quotes_beside_lines_with_quotes_are_read_alike() -> None:
    sheet = rows_of('a,b\r\n"c,d",e\r\nf,\r\n\r\n,g', 2)
    assert sheet.rows == [["a", "b"], ["c,d", "e"], ["f", ""], ["", "g"]]
    assert list(sheet.lines) == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("#Id,Prefix\nDST_A\n", "record on line 2: wrong number of fields"),
        ('#Id,Prefix\n"DST_A,1\n', 'parse error on line 2, column 10: extraneous or missing " in quoted-field'),
        ('a,b"c\n', 'parse error on line 1, column 4: bare " in non-quoted-field'),
        ('"a"b,c\n', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'),
    ],
)
def test_a_broken_line_is_refused_in_the_known_words(text: str, word: str) -> None:
    with pytest.raises(BadLine) as refused:
        rows_of(text, 2)
    assert refused.value.word == word


cells = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters=";") | st.sampled_from('",\n#'), max_size=8)


@given(st.lists(st.tuples(cells.filter(lambda c: c and not c.startswith("#")), cells), min_size=1, max_size=6))
def test_what_a_csv_writer_writes_is_read_again(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    assert rows_of(out.getvalue(), 2).rows == [list(row) for row in rows]


@given(st.text(max_size=200))
def test_any_text_is_rows_or_a_refusal(text: str) -> None:
    try:
        found = rows_of(text, 3)
    except BadLine as refused:
        found = refused
    if isinstance(found, BadLine):
        assert 1 <= found.line <= text.count("\n") + 1
    else:
        assert all(len(row) == 3 for row in found.rows)


def test_scalars_take_the_last_value_that_says_something_and_lists_unite() -> None:
    kind = BY_FILE["Resources.csv"]
    rows, _ = read(kind, "t.org,R,F1,,1h,5,,true,,10,TH1\nt.org,R,F2;F1,,,7,,false,,0,TH2\n")
    (row,) = rows.values()
    assert (row.FilterIDs, row.UsageTTL, row.Limit, row.Blocker, row.Weight, row.ThresholdIDs) == (["F1", "F2"], "1h", "7", True, 10, ["TH1", "TH2"])


def test_some_columns_are_the_first_rows_alone() -> None:
    (row,) = read(BY_FILE["Thresholds.csv"], "t.org,TH,,,1,,,,10,A,,\nt.org,TH,,,5,3,1h,true,20,B,true,")[0].values()
    assert (row.MaxHits, row.MinHits, row.MinSleep, row.Blocker, row.Async, row.Weight) == (1, 0, "", False, False, 20)


def test_rows_of_one_route_with_the_same_filters_are_one_route() -> None:
    text = "t.org,RO,,,*lc,,r1,F1;F2,,RP1,,,20,true,p,10\nt.org,RO,,,,,r1,F2;F1,,RP2,,,5,,q,\nt.org,RO,,,,,r1,F3,,RP3,,,1,,,"
    (row,) = read(BY_FILE["Routes.csv"], text)[0].values()
    assert [(r.RatingPlanIDs, r.Weight, r.RouteParameters) for r in row.Routes] == [(["RP1", "RP2"], 20, "p"), (["RP3"], 1, "")]


def test_inline_attributes_of_a_charger_stay_together() -> None:
    (row,) = read(BY_FILE["Chargers.csv"], "t.org,C,,,r,A1;*constant:*req.A:1;*constant:*req.B:<~*req.C;x>;A2,0")[0].values()
    assert row.AttributeIDs == ["A1", "*constant:*req.A:1;*constant:*req.B:<~*req.C;x>", "A2"]


def test_each_metric_of_a_row_gets_the_rows_filters() -> None:
    (row,) = read(BY_FILE["Stats.csv"], "t.org,S,,,,,,*tcc;*acd,F,,,,\nt.org,S,,,,,,*asr,,,,,")[0].values()
    assert [(m.MetricID, m.FilterIDs) for m in row.Metrics] == [("*tcc", ["F"]), ("*acd", ["F"]), ("*asr", [])]


def test_a_cell_that_cannot_be_read_is_told_with_its_place() -> None:
    _, (fault,) = read(BY_FILE["Chargers.csv"], "#head\nt.org,C,,,r,,heavy\n")
    assert str(fault) == 'Chargers.csv:2:7: invalid value "heavy" for field ChargerMdl.Weight (wanted: number)'


def test_headings_without_their_mark_are_recognised() -> None:
    _, (fault,) = read(BY_FILE["Rates.csv"], "Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nR,0,1,60s,1s,0s\n")
    assert str(fault) == 'Rates.csv:1:2: invalid value "ConnectFee" for field RateMdl.ConnectFee (a line of headings begins with #)'


def test_a_second_account_action_for_an_account_is_a_fault() -> None:
    _, (fault,) = read(BY_FILE["AccountActions.csv"], "t.org,1001,AP,,,\nt.org,1001,AP2,,,\n")
    assert fault.word == "duplicate account action found: t.org:1001"


def test_a_row_of_another_width_is_told_how_wide_it_should_be() -> None:
    _, (fault,) = read(BY_FILE["Destinations.csv"], "DE;49\n")
    assert str(fault) == "Destinations.csv:1: record on line 1: wrong number of fields (it has 1 columns, not the 2 of Tag,Prefix)"


def test_the_page_of_tariff_plans_is_what_is_loaded() -> None:
    assert kinds_page(all_kinds()) == (Path(__file__).parents[2] / "docs" / "TARIFFPLANS.md").read_text(), "make docs"


def test_documentation_names_every_column_of_every_kind() -> None:
    page = kinds_page(KINDS)
    assert all(f"## {kind.file}" in page for kind in KINDS)
    assert all(f"| {column.name} |" in page for kind in KINDS for column in kind.columns)
