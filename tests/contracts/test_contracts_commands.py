"""The command line: each command as a person or a script runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cgrd.cli.app import app
from cgrd.cli.words import installed, vocabulary
from cgrd.profiles import all_kinds

ROOT = Path(__file__).parents[2]
CONFIG = str(ROOT / "conf" / "cgrd.toml")
MONEY = """
[rals]
enabled = true
[apiers]
enabled = true
"""


def cgrd(*words: str, **options: Any) -> Result:
    return CliRunner().invoke(app, list(words), **options)


def test_without_a_word_it_tells_what_there_is() -> None:
    done = subprocess.run([sys.executable, "-m", "cgrd.cli", "--help"], capture_output=True, text=True, check=True)
    for command in ("run", "check", "config", "plugins", "methods", "console", "load", "ledger", "trace"):
        assert f" {command} " in done.stdout


def test_check_says_what_would_run() -> None:
    done = cgrd("check", "-c", CONFIG)
    assert done.exit_code == 0, done.output
    assert f"{CONFIG} is good: " in done.output
    assert "sessions" in done.output


def test_check_names_file_line_and_key_of_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "cgrd.toml").write_text("[attributes]\nenabled = true\nindexed_select = true\n")
    done = cgrd("check", "-c", str(tmp_path))
    assert done.exit_code == 1
    assert "cgrd.toml:3" in done.stderr
    assert "indexed_selects" in done.stderr


def test_config_explain_tells_value_origin_default_and_meaning(tmp_path: Path) -> None:
    (tmp_path / "cgrd.toml").write_text("[sessions]\nenabled = true\n")
    done = cgrd("config", "explain", "sessions.enabled", "-c", str(tmp_path))
    assert done.exit_code == 0, done.output
    for word in ("true", "cgrd.toml:2", "false"):
        assert word in done.output
    assert cgrd("config", "explain", "sessions.enabld", "-c", str(tmp_path)).exit_code == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_config_show_prints_one_section_and_no_secret(tmp_path: Path, form: list[str]) -> None:
    (tmp_path / "cgrd.toml").write_text('[sentrypeer]\nclient_secret = "hush"\n')
    done = cgrd("config", "show", "sentrypeer", "-c", str(tmp_path), *form)
    assert done.exit_code == 0, done.output
    assert "client_secret" in done.output
    assert "hush" not in done.output
    assert cgrd("config", "show", "nothing", "-c", str(tmp_path)).exit_code == 1


def test_plugins_are_listed_with_what_became_of_them() -> None:
    done = cgrd("plugins", "-c", CONFIG)
    rows = {line.split("\t")[0]: line.split("\t") for line in done.output.splitlines()}
    assert rows["cgrd-subsystem-attributes"][2:5] == ["subsystem", "loaded", "cgrd_components cgrd_stages"]
    assert rows["cgrd-agent-janus"][3] == "off"


def test_methods_are_listed_with_who_serves_them() -> None:
    assert "AttributeSv1.ProcessEvent\tattributes" in cgrd("methods", "-c", CONFIG).output.splitlines()


def test_a_method_tells_what_it_takes() -> None:
    told = cgrd("methods", "APIerSv1.GetCost", "-c", CONFIG).output.splitlines()
    assert told[0] == "APIerSv1.GetCost (served by rals): The cost of a call."
    assert {"  Tenant: text", "  AnswerTime: text", "  Usage: text"} <= set(told)
    assert "    Path: text" in cgrd("methods", "APIerSv1.SetAttributeProfile", "-c", CONFIG).output.splitlines()
    assert "has no GetCosts" in cgrd("methods", "APIerSv1.GetCosts", "-c", CONFIG).stderr


def test_the_page_of_methods_is_what_the_daemon_says() -> None:
    assert cgrd("methods", "--markdown", "-c", CONFIG).output == (ROOT / "docs" / "METHODS.md").read_text(), "make docs"


def test_the_page_of_words_is_what_is_installed() -> None:
    assert cgrd("words", "--markdown").output == (ROOT / "docs" / "VOCABULARY.md").read_text(), "make docs"


def test_every_word_is_explained_and_every_heading_that_a_column_names_is_there() -> None:
    found = vocabulary(installed())
    assert [word for held in found.values() for word, (_, told) in held.items() if not told] == []
    assert {column.words for kind in all_kinds() for column in kind.columns} - {""} <= found.keys()
    assert "the URL" in found["Action types"]["*http_post"][1]


def test_words_are_printed_by_their_heading() -> None:
    told = cgrd("words", "threshold").output
    assert "*max_event_counter\t" in told
    assert "*topup" not in told
    assert "there are Action types" in cgrd("words", "colours").stderr


async def test_the_words_of_a_stranger_stand_with_ours(install: Callable[..., None]) -> None:
    install("acme-words", "words", (Path(__file__).with_name("words") / "words.py").read_text(), schema={"type": "object"})
    found = vocabulary(installed())
    assert found["Action types"]["*double"][0] == "acme-words"
    assert found["Metrics"]["*longest"][0] == "acme-words"


def test_console_calls_a_method(daemon: Callable[..., Any]) -> None:
    server = at(daemon("[attributes]\nenabled = true\n"))
    assert json.loads(cgrd("console", "CoreSv1.Ping", "-s", server).output) == "Pong"
    told = cgrd("console", "AttributeSv1.ProcessEvent", "Tenant=x", 'Event={"Account":"1001"}', "-s", server)
    assert told.exit_code == 1
    assert "NOT_FOUND" in told.stderr
    assert "no attribute profile" in told.stderr
    whole = cgrd("console", "ConfigSv1.GetConfig", "-", "-s", server, input='{"Section": "attributes"}')
    assert json.loads(whole.output)["attributes"]["enabled"] is True
    assert "wanted Key=value" in cgrd("console", "CoreSv1.Ping", "what", "-s", server).stderr


def test_console_tells_of_keys_that_a_method_ignores(daemon: Callable[..., Any]) -> None:
    server = at(daemon(MONEY))
    done = cgrd("console", "APIerSv1.BackupDataDB", '{"BackupFolder": "/nowhere", "zip": false}', "-s", server)
    assert (done.exit_code, done.stdout) == (0, '"OK"\n')
    assert done.stderr == "cgrd: APIerSv1.BackupDataDB knows no BackupFolder, it is ignored; did you mean BackupFolderPath?\n"
    nested = cgrd("console", "APIerSv1.SetActions", "ActionsId=A", 'Actions=[{"Identifer":"*log"}]', "-s", server)
    assert "Actions of APIerSv1.SetActions knows no Identifer, it is ignored; did you mean Identifier?" in nested.stderr
    event = cgrd("console", "CDRsV1.ProcessEvent", 'Event={"Whatever":"1"}', "-s", server)
    assert "Whatever" not in event.stderr


def at(running: Any) -> str:
    return f"127.0.0.1:{running.port()}"


def test_where_nothing_listens_it_says_so() -> None:
    done = cgrd("console", "CoreSv1.Ping", "-s", "127.0.0.1:1")
    assert done.exit_code == 1
    assert "is the daemon running there?" in done.stderr


def test_a_plan_is_checked_loaded_and_refused_with_file_and_line(tmp_path: Path, daemon: Callable[..., Any]) -> None:
    plan = tmp_path / "plan"
    plan.mkdir()
    (plan / "Destinations.csv").write_text("#Id,Prefix\nDST_1002,1002\n")
    assert "1 " in cgrd("load", str(plan), "--check").output
    running = daemon(MONEY)
    assert cgrd("load", str(plan), "--dry-run", "-s", at(running)).output == "the plan is good, nothing was loaded: 1 Destination\n"
    done = cgrd("load", str(plan), "-s", at(running))
    assert (done.exit_code, done.output) == (0, "loaded: 1 Destination\n")
    (plan / "Timing.csv").write_text("T,*any,*any,*any,1,08:00:00\n")
    assert "is it meant to be Timings.csv?" in cgrd("load", str(plan), "-s", at(running)).output
    (plan / "Timing.csv").rename(plan / "Timings.csv")
    (plan / "Timings.csv").write_text("T,*any,*any,*any,1,noon\n")
    for how in (["--check"], ["--dry-run", "-s", at(running)], ["-s", at(running)]):
        refused = cgrd("load", str(plan), *how)
        assert (refused.exit_code, "Timings.csv:1:6: INVALID_TIME:noon" in refused.output) == (1, True), refused.output
    (plan / "Timings.csv").unlink()
    heads = "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\n"
    (plan / "DestinationRates.csv").write_text(f"{heads}DR,DST_1002,NONE,*up,4,0,\n")
    refused = cgrd("load", str(plan), "--check")
    assert refused.exit_code == 1
    assert "DestinationRates.csv:2" in refused.output
    assert cgrd("load", str(plan), "-s", at(running)).exit_code == 1
    assert cgrd("load", str(tmp_path / "nowhere"), "--check").exit_code == 1


def test_a_plan_with_something_odd_is_good_with_warnings_and_no_good_where_that_is_strict(tmp_path: Path, daemon: Callable[..., Any]) -> None:
    running = daemon(MONEY)
    (tmp_path / "Destinations.csv").write_text("DST_DE,+49\n")
    (tmp_path / "Destination.csv").write_text("DST_DE,49\n")
    done = cgrd("load", str(tmp_path), "--check")
    assert (done.exit_code, done.stdout) == (0, "the plan is good, with 2 warnings; nothing was loaded: 1 Destination\n")
    assert "Destinations.csv:1:2: the prefix <+49>" in done.stderr
    for how in (["--check"], ["-s", at(running)], ["--dry-run", "-s", at(running)]):
        strict = cgrd("load", str(tmp_path), "--strict", *how)
        assert (strict.exit_code, "nothing was loaded" in strict.stderr) == (1, True)
    assert cgrd("console", "APIerSv1.GetDestination", '"DST_DE"', "-s", at(running)).exit_code == 1
    assert cgrd("load", str(tmp_path), "-s", at(running)).stdout == "loaded, with 2 warnings: 1 Destination\n"
    (tmp_path / "Destination.csv").unlink()
    (tmp_path / "Destinations.csv").write_text("DST_DE,49\n")
    assert cgrd("load", str(tmp_path), "--strict", "-s", at(running)).stdout == "loaded: 1 Destination\n"


def test_the_ledger_is_verified_and_shown(daemon: Callable[..., Any]) -> None:
    running = daemon(MONEY)
    running.ask("APIerSv1.SetAccount", Tenant="cgrates.org", Account="1001")
    running.ask("APIerSv1.AddBalance", Tenant="cgrates.org", Account="1001", BalanceType="*monetary", Value=5, Balance={"ID": "cash"})
    beside = cgrd("ledger", "verify", "--state", str(running.state))
    assert beside.exit_code == 0, beside.output
    assert "has this store open: what is committed is told" in beside.stderr
    assert beside.stdout == "1 entries of 1 balances: every one chains and adds up\n"
    assert running.stop() == 0
    done = cgrd("ledger", "verify", "--state", str(running.state))
    assert done.exit_code == 0, done.output
    assert not done.stderr
    shown = cgrd("ledger", "show", "cgrates.org:1001", "--state", str(running.state)).output.splitlines()
    assert shown[0].split("\t")[1:6] == ["balance", "type", "before", "change", "after"]
    assert shown[1].split("\t")[1:6] == ["cash", "*monetary", "0", "5", "5"]
    assert shown[1].split("\t")[6:8] == ["changed by an action", "APIerSv1.AddBalance *topup"]
    for wrong, mend in (("1001", "did you mean cgrates.org:1001?"), ("cgrates.org:1010", "wanted tenant:account; did you mean cgrates.org:1001?")):
        done = cgrd("ledger", "show", wrong, "--state", str(running.state))
        assert (done.exit_code, mend in done.stderr) == (1, True), done.stderr


def test_trace_shows_requests_as_trees(daemon: Callable[..., Any]) -> None:
    running = daemon('[attributes]\nenabled = true\n[sessions]\nenabled = true\nattributes_conns = ["*internal"]\n')
    first = cgrd("trace", "--once", "-s", at(running))
    assert (first.exit_code, first.stdout) == (0, "")
    assert "watched from now on" in first.stderr
    running.answer({"method": "SessionSv1.AuthorizeEvent", "params": [{"Event": {"OriginID": "1", "Account": "1001"}, "GetAttributes": True}], "id": 1})
    told = cgrd("trace", "--once", "--details", "-s", at(running)).output
    named = cgrd("trace", "--once", "--method", "SessionSv1.*", "-s", at(running)).output
    assert named.splitlines()[0].endswith("1001 1"), named
    for unwanted in (["--method", "CoreSv1.*"], ["--not", "*.AuthorizeEvent"]):
        assert not cgrd("trace", "--once", *unwanted, "-s", at(running)).stdout
    assert "SessionSv1.AuthorizeEvent → sessions" in told
    assert "└── AttributeSv1.ProcessEvent → attributes" in told


QUOTA = """
import typer
from cgrd import hookimpl
app = typer.Typer()
@app.command()
def tell(account: str) -> None:
    '''Tell what an account has left.'''
    print(f"{account} has 3 calls left")
@hookimpl
def cgrd_commands():
    return {"quota": app, "load": app}
"""


def test_a_plugin_s_command_stands_beside_ours_and_replaces_none(install: Callable[..., None]) -> None:
    install("acme-quota", "quota", QUOTA)
    assert cgrd("quota", "1001").stdout == "1001 has 3 calls left\n"
    told = cgrd("--help")
    assert "Tell what an account has left." in told.stdout
    assert "acme-quota gives the command load, which is there already" in told.stderr
    assert "--dry-run" in cgrd("load", "--help").output


@pytest.mark.parametrize("source", ["raise RuntimeError('no licence')\n", QUOTA.replace("return", "raise RuntimeError('no licence')  #")])
def test_a_plugin_whose_commands_cannot_be_had_is_named_and_harms_no_command(install: Callable[..., None], source: str) -> None:
    install("acme-quota", "quota", source)
    done = cgrd("quota", "1001")
    assert done.exit_code == 2
    assert "acme-quota" in done.stderr
    assert "no licence" in done.stderr
    assert "No such command" in done.stderr
    assert cgrd("plugins", "--all").exit_code == 0
