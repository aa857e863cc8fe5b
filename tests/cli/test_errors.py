"""A user's mistake is one line on stderr and an exit code, never a traceback."""

import sqlite3
import subprocess
import sys

import pytest

import autodisco
from tests.filled_store import fill


def one_error(said, code, *words):
    assert said.code == code
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


def test_an_unknown_command_or_option_or_missing_argument(call):
    one_error(call("nonsense"), 2, "nonsense")
    one_error(call("list", "--nonsense"), 2, "--nonsense")
    one_error(call("run"), 2, "FILE")
    one_error(call("simulate", "*OCC*", "--replicas", "many"), 2, "--replicas", "integer")
    one_error(call("simulate", "*OCC*", "--replicas", "0"), 2, "--replicas", "1")


def test_a_mistake_in_a_command_names_the_help_of_that_command(call):
    assert "see autodisco data --help" in call("data").err
    assert "see autodisco run --help" in call("run").err


def test_a_folder_that_cannot_be_made(call, here, monkeypatch):
    (here / "file").write_text("")
    (here / "a.toml").write_text('name = "a"\n[seeds]\ngrammar = 10\n')
    monkeypatch.setenv("AUTODISCO_RUNS", str(here / "file"))
    said = call("run", here / "a.toml")
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in said.err


def test_a_campaign_that_is_not_there(call, here):
    one_error(call("status"), 2, "/runs (AUTODISCO_RUNS names another folder); start one")
    fill(here / "runs" / "known").close()
    one_error(call("status", "other"), 2, "other", "known")
    one_error(call("run", here / "none.toml"), 2, "none.toml")
    one_error(call("run", here), 2, "folder without a campaign")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('name = "a"\nsed = 1\n', ["sed", "seed"]),
        ('name = "a"\n[simulation]\nreplicas = "two"\n', ["simulation.replicas", "two"]),
        ('name = "a"\n[seeds]\nfile = "none.csv"\n', ["seeds.file", "none.csv"]),
        ('name = "a"\n[simulation]\nprotocol = "slow"\n', ["simulation.protocol", "slow", "quick"]),
        ('name = "a"\n[acquire]\nreference = "*OCC"\n', ["acquire.reference", "*OCC"]),
        ('name = "a\n', ["TOML"]),
    ],
)
def test_a_campaign_file_with_a_mistake(call, here, content, words):
    file = here / "a.toml"
    file.write_text(content)
    one_error(call("run", file), 2, "a.toml", *words)
    one_error(call("start", file), 2, "a.toml", *words)
    assert not (here / "runs").exists()


def test_a_seed_file_with_a_bad_row_names_its_line(call, here):
    (here / "seeds.csv").write_text("name,monomer_smiles\nPEO,*OCC*\nthree ends,*C(*)C*\n")
    (here / "a.toml").write_text('name = "a"\n[seeds]\nfile = "seeds.csv"\n')
    one_error(call("run", here / "a.toml"), 2, "seeds.csv", "line 3")


@pytest.mark.parametrize("smiles", ["*OCC", "*C(*)C*", "C(", "*C[O-]*", "*C[Si]*"])
def test_a_smiles_that_is_no_repeat_unit(call, here, smiles):
    one_error(call("simulate", smiles), 2, smiles)
    said = call("check", smiles)
    assert said.code == 2
    assert smiles in said.err
    assert "refused" in said.out


def test_a_protocol_or_force_field_that_does_not_exist(call, here):
    one_error(call("simulate", "*OCC*", "--protocol", "slow"), 2, "slow", "quick")
    one_error(call("simulate", "*OCC*", "--force-field", "amber"), 2, "amber", "pcff+")


def test_a_folder_that_is_no_trajectory(call, here):
    one_error(call("analyze", here), 2, str(here))


@pytest.mark.fault("two daemons at once")
def test_a_campaign_that_belongs_to_a_live_process(call, here, record_property):
    record_property("injections", 2)
    keeper = (
        "import sys, time; from pathlib import Path; from autodisco.store import Store; "
        "from autodisco.campaign.lock import acquire\n"
        "store = Store.open(Path(sys.argv[1])); acquire(store); print('owned', flush=True); time.sleep(60)"
    )
    (here / "a.toml").write_text('name = "a"\n[seeds]\ngrammar = 10\n')
    from autodisco.campaign import load
    from autodisco.campaign.setup import set_up
    from autodisco.store import Store

    campaign = load(here / "a.toml")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
    process = subprocess.Popen([sys.executable, "-c", keeper, str(campaign.folder)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"owned\n"
        one_error_after_message(call("run", "a.toml"), str(process.pid))
        one_error(call("start", "a.toml"), 3, str(process.pid))
    finally:
        process.kill()
        process.wait()


def one_error_after_message(said, word):
    assert said.code == 3
    errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert word in errors[0]
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["status", "monitor", "log", "report", "pause", "stop", "resume"])
def test_a_database_from_a_newer_version(call, ended, command):
    connection = sqlite3.connect(ended / "state.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    one_error(call(command), 2, "99", "newer")


def test_list_shows_a_campaign_that_cannot_be_read_and_the_others(call, ended):
    broken = ended.parent / "broken"
    broken.mkdir()
    (broken / "state.db").write_text("no database")
    said = call("list", "--json")
    assert said.code == 0
    assert {row["name"]: row["state"] for row in said.json} == {"broken": "unreadable", "found": "exhausted"}


def test_the_module_can_be_run_and_exits_with_the_code():
    done = subprocess.run([sys.executable, "-m", "autodisco", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert subprocess.run(
        [sys.executable, "-m", "autodisco", "--version"], capture_output=True, text=True
    ).stdout == f"autodisco {autodisco.__version__}\n"  # fmt: skip
