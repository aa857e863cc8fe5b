"""Commands that show and steer campaigns."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autodisco.decide import keep_at_hand
from autodisco.polymer import parse
from autodisco.store import Estimate, Store
from tests.filled_store import fill

HEAVY = ("torch", "rdkit", "MDAnalysis", "numba", "matplotlib", "scipy", "sqlite3", "rich.console", "pydantic")


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from autodisco.cli import run; run(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n"
    assert "simulate" in done.stdout


@pytest.mark.parametrize("line", [("status", "found"), ("log", "found"), ("list",), ("explain", "*COCOC*", "found")])
def test_a_command_that_looks_at_a_campaign_starts_without_what_it_does_not_need(ended, line):
    heavy = {*HEAVY, "numpy", "psutil", "logging", "tempfile", "importlib.metadata", "autodisco.cli.model_commands"}
    heavy -= {"sqlite3", "rich.console"}
    with Store.open(ended) as store:  # what a posterior said
        judged = {"iteration": 2, "words": "posterior at 353 K", "best": 3, "sources": []}
        store.write_estimates([Estimate(key, 2, -2.0, 0.2, 0.5, 0.1, {"mean": -2.0}, {}) for key in store.units()])
        store.set(judgement=judged, at_hand=[])
        keep_at_hand(store)
    code = (
        f"import sys; from autodisco.cli import run; code = run({list(line)!r}); "
        f"print(code, [name for name in {sorted(heavy)!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "0 []\n"


def test_every_command_has_help_that_is_not_cut(call):
    said = call("--help")
    assert said.code == 0
    commands = said.out[said.out.index("Commands:") :]
    assert "..." not in commands
    for line in commands.splitlines()[1:]:
        if line.startswith("  ") and line.split()[0].islower():
            assert call(line.split()[0], "--help").code == 0


def test_the_help_of_report_names_the_page_on_excel(call):
    assert "docs/surrogate.md says how Excel opens the CSV" in " ".join(call("report", "--help").out.split())
    assert "## In Excel" in (Path(__file__).parents[2] / "docs" / "surrogate.md").read_text()


def test_without_a_command_help_is_shown(call):
    assert "Commands:" in call().out


def test_status_shows_the_campaign_and_its_best_polymers(call, ended):
    said = call("status", "found")
    assert said.code == 0
    assert "found" in said.out
    assert "exhausted" in said.out
    assert "47 ± 4 ▲ better" in said.out
    assert "\x1b" not in said.out


def test_status_as_json_holds_what_programs_ask_for(call, ended):
    seen = call("status", "--json").json
    assert seen["name"] == "found"
    assert seen["state"] == "exhausted"
    assert seen["n_better"] == 2
    assert seen["best"][0]["monomer_smiles"] == "*COCOC*"
    assert seen["simulations"]["failed"] == 2
    assert seen["disk"]["used"] > 1000
    assert "disk " in call("status").out.splitlines()[-1]


def test_a_campaign_is_found_by_name_path_or_as_the_latest(call, here, monkeypatch):
    with fill(here / "runs" / "old", state="exhausted", alive=False) as store:
        store.set(ended=1000.0)
    fill(here / "elsewhere" / "kept").close()
    fill(here / "runs" / "young", state="exhausted", alive=False).close()
    assert call("status", "old", "--json").json["name"] == "old"
    assert call("status", here / "elsewhere" / "kept", "--json").json["name"] == "kept"
    assert call("status", "--json").json["name"] == "young"
    with fill(here / "runs" / "busy") as store:
        store.set(started=0.0)
    assert call("status", "--json").json["name"] == "busy"
    monkeypatch.setenv("AUTODISCO_RUNS", str(here / "elsewhere"))
    assert call("status", "--json").json["name"] == "kept"


@pytest.mark.parametrize("command", ["status", "pause", "log"])
def test_a_campaign_file_names_its_campaign(call, here, command):
    (here / "mine.toml").write_text('name = "other"\n')
    refused = call(command, "mine.toml")
    assert refused.code == 2
    assert f"mine.toml: its campaign 'other' has not begun in {here}/runs: autodisco start mine.toml" in refused.err
    fill(here / "runs" / "other", state="simulate", alive=False).close()
    assert call(command, "mine.toml").code == 0


def test_list_names_campaigns_and_states(call, here, ended):
    fill(here / "runs" / "busy").close()
    said = call("list")
    assert "busy" in said.out
    assert "simulate" in said.out
    assert "alive" in said.out
    rows = call("list", "--json").json
    assert {row["name"]: row["alive"] for row in rows} == {"busy": True, "found": False}
    assert all(row["bytes"] > 1000 for row in rows)
    assert "kB" in said.out


def test_list_without_campaigns_is_empty_and_fine(call, here):
    assert call("list", "--json").json == []
    said = call("list")
    assert (said.code, said.out) == (0, "")


def test_monitor_prints_one_picture_where_there_is_no_terminal(call, ended):
    once = call("monitor", "--once", "--width", "80", "--height", "24")
    assert once.code == 0
    assert len(once.out.splitlines()) <= 24
    assert max(map(len, once.out.splitlines())) <= 80
    assert "*COCOC*" in once.out
    assert "*COCOC*" in call("monitor").out


def test_monitor_writes_a_picture_for_documents(call, ended):
    assert call("monitor", "--svg", "docs/monitor.svg").code == 0
    assert (ended.parents[1] / "docs" / "monitor.svg").read_text().startswith("<svg")


def test_log_shows_what_was_seen_decided_and_why(call, ended):
    line = call("log").out
    assert "retry *CNC* #1 [code nan]: start again with a shorter step (energy was not a number)" in line


def test_log_rounds_numbers_for_people_but_not_for_programs(call, ended):
    with Store.open(ended) as store:
        store.note("trained", "model 0", {"similarity": 0.1808889255197905})
    assert "[similarity 0.181]" in call("log").out
    assert "0.1808889255197905" in call("log", "--json").out


def test_list_says_which_campaign_lost_its_process(call, here):
    fill(here / "runs" / "killed", alive=False).close()
    assert "gone" in call("list").out


def test_log_as_json_is_one_object_a_line(call, ended):
    with Store.open(ended) as store:
        for number in range(5):
            store.note("counted", str(number))
    rows = [json.loads(line) for line in call("log", "-n", "3", "--json").out.splitlines()]
    assert [row["subject"] for row in rows] == ["2", "3", "4"]
    assert call("log", "-n", "0", "--json").out.count("\n") == 6


def test_report_writes_its_files_and_prints_the_result(call, ended):
    said = call("report")
    assert said.code == 0
    assert "2 new polymers are better than PEO" in said.out
    assert "runs/found/report/index.html" in said.out
    assert {path.name for path in (ended / "report").iterdir()} == {"index.html", "ranking.csv", "ranking.json"}
    assert call("report", "--json", "--out", "here").json["report"] == "here/index.html"


def test_pause_and_stop_reach_a_campaign_whose_process_died(call, here):
    fill(here / "runs" / "a", alive=False).close()
    assert call("pause").code == 0
    assert call("status", "--json").json["state"] == "paused"
    assert call("stop", "a").code == 0
    assert call("status", "--json").json["state"] == "stopped"
    again = call("stop", "a")
    assert again.code == 2
    assert "nothing to stop" in again.err


def test_pause_asks_a_live_process(call, here):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        from autodisco.store.owner import start_time

        with fill(here / "runs" / "a") as store:
            store.set(owner={**store.get("owner"), "pid": process.pid, "start": start_time(process.pid)})
        assert str(process.pid) in call("pause").err
        assert call("status", "--json").json["request"] == "pause"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("command", ["run", "start"])
def test_a_campaign_that_has_ended_answers_with_its_result(call, here, command):
    (here / "a.toml").write_text('name = "a"\n[seeds]\ngrammar = 10\n')
    from autodisco.campaign import load
    from autodisco.campaign.setup import set_up

    campaign = load(here / "a.toml")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.set(state="exhausted", reason="the budget is used", ended=store.get("started") + 60.0)
    said = call(command, "a.toml")
    assert said.code == 0
    if command == "run":
        assert "a: exhausted after 1:00 (the budget is used)" in said.out
        assert "report: runs/a/report/index.html" in said.out


def test_status_says_why(call, ended):
    said = call("status", "found", "--why")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("now         exhausted: 3 iterations")
    assert call("status", "found", "--why", "--json").json["budget"] == "1 of 3 iterations"


def test_the_log_can_be_asked_for_a_part(call, ended):
    with Store.open(ended) as store:
        for number in range(40):
            store.note("retry" if number % 2 else "reject", f"*OC{number}* replica 0", decided="x")
    assert len(call("log", "found", "--event", "reject").out.splitlines()) == 20
    assert len(call("log", "found", "--event", "reject", "-n", "3").out.splitlines()) == 3
    assert "*OC7* replica 0" in call("log", "found", "--about", "*OC7*").out
    assert call("log", "found", "--iteration", "1").out == ""


def test_a_polymer_is_explained(call, ended):
    said = call("explain", "key-0", "found")
    assert said.code == 2
    assert "'key-0': no name or key in this campaign, and no repeat unit" in said.err
    with Store.open(ended) as store:
        store.add_polymer(parse("*NCCO*").key, parse("*NCCO*").smiles, "*NCCO*", "generated", 2)
    said = call("explain", "*OCCN*", "found")
    assert said.code == 0
    assert said.out.startswith("*NCCO*   canonical ")
    assert call("explain", "*OCCN*", "found", "--json").json["ranking"] is None


def test_two_campaigns_are_compared(call, here):
    for name in ("one", "another"):
        fill(here / "runs" / name, state="exhausted", alive=False).close()
    said = call("compare", "one", "another").out
    assert "Found" in said
    assert "better than the reference" in said
    assert call("compare", "one", "another", "--json").json["names"] == ["one", "another"]
    assert "no campaign 'third'" in call("compare", "one", "third").err
