"""The best polymers of a campaign at several conditions."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from autodisco import Campaign
from autodisco.campaign import load
from autodisco.campaign.export import export_tables
from autodisco.campaign.finalists import finalists
from autodisco.campaign.setup import set_up
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.errors import InputError
from autodisco.files import read_json, write_json
from autodisco.polymer import parse
from autodisco.report import write_report
from autodisco.simulation.scan_results import content, write
from autodisco.store import Store, scans_of
from tests.campaign.conftest import write_campaign

PEO, PTMO, PE = (parse(text).smiles for text in ("*OCC*", "*OCCCC*", "*CC*"))
VALUES = {PEO: 1e-2, PTMO: 5e-3, PE: 1e-5}


@pytest.fixture
def ranked(tmp_path, monkeypatch):
    """The folder of a campaign that has values of three polymers, and is not under way."""
    monkeypatch.chdir(tmp_path)
    campaign = load(write_campaign(tmp_path))
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        for smiles, value in VALUES.items():
            unit = parse(smiles)
            store.add_polymer(unit.key, smiles, unit.smiles, "seed", 0, "", [], {})
            store.set_label(
                unit.key,
                CONDUCTIVITY.column,
                value,
                value / 10,
                2,
                protocol="smoke",
                force_field="pcff+",
                origin="s.csv",
            )
        store.set(reference_key=parse(PEO).key, state="exhausted", ended=time.time())
    return campaign.folder


def command(folder, *words, name="finalists"):
    return [sys.executable, "-m", "autodisco", name, str(folder), *words]


def told(folder, *words, name="finalists"):
    return subprocess.run(command(folder, *words, name=name), capture_output=True, text=True, check=False)


def conditions(kelvin, molalities=(1.0, 3.0)):
    sigma = {"conductivity_s_per_cm": 0.01, "conductivity_s_per_cm_sem": 0.002, "n_replicas": 2, "ion_pairs": 4}
    where = {"temperature_k": kelvin, "failures": [], "folder": "builds", "replicas_s_per_cm": [0.008, 0.012]}
    return [{"molality_mol_per_kg": m, "molality_in_box_mol_per_kg": m, **where, **sigma} for m in molalities]


def test_the_reference_comes_first_and_then_the_best(ranked):
    with Store.open_readonly(ranked) as store:
        assert [(one.rank, one.given) for one in finalists(store, 1)] == [(0, PEO), (2, PTMO)]
        assert [one.given for one in finalists(store, 9)] == [PEO, PTMO, PE]


def test_a_campaign_without_a_value_has_no_finalists(tmp_path, campaign_file):
    campaign = load(campaign_file(), tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        with pytest.raises(InputError, match="campaign small: no polymer has a value yet"):
            finalists(store, 3)


def test_a_dry_run_counts_builds_and_writes_nothing(ranked):
    said = told(
        ranked, "--best", "2", "--molality", "1,2,3", "--temperature", "400,500", "--replicas", "2", "--dry-run"
    )
    assert said.returncode == 0, said.stderr
    assert "36 builds with protocol smoke" in said.stdout
    assert "nothing was started" in said.stderr
    assert not (ranked / "finalists").exists()
    wrong = told(ranked, "--molality", "0", "--dry-run")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_a_scan_that_was_killed_goes_on_and_is_shown(ranked):
    words = ("--best", "1", "--molality", "1,3", "--temperature", "450", "--replicas", "1", "--workers", "1")
    process = subprocess.Popen(command(ranked, *words), start_new_session=True)
    deadline = time.monotonic() + 1500
    while not (first := list(ranked.glob("finalists/*/*/*/*/outcome.json"))):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    when = {file: file.stat().st_mtime_ns for file in first}
    said = told(ranked, *words)
    assert said.returncode == 0, said.stderr
    assert {file: file.stat().st_mtime_ns for file in first} == when
    assert len(list(ranked.glob("finalists/*/*/*/*/outcome.json"))) == 4
    found = {one["monomer_smiles"]: one["values"] for one in scans_of(ranked)}
    assert {name: [row["n_replicas"] for row in rows] for name, rows in found.items()} == {PEO: [1, 1], PTMO: [1, 1]}
    assert "0 builds" in told(ranked, *words, "--dry-run").stdout


def test_finalists_are_simulated_from_python_and_read_as_a_table(ranked):
    campaign, lines = Campaign.open(ranked), []
    (reference, best) = campaign.simulate_finalists(1, [1.0], [450.0], replicas=1, workers=1, progress=lines.append)
    assert [one.content["monomer_smiles"] for one in (reference, best)] == [PEO, PTMO]
    assert sum("done after" in line for line in lines) == 2
    table = campaign.finalists()
    assert table.column("monomer_smiles") == [PEO, PTMO]
    assert table.column("n_replicas") == [1, 1]


def test_a_campaign_on_a_cluster_says_where_finalists_would_run(ranked):
    with Store.open(ranked) as store:
        settings = store.get("settings")
        store.set(settings={**settings, "executor": {**settings["executor"], "kind": "psij"}})
    said = told(ranked, "--dry-run")
    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert "campaign small simulates on other machines (executor.kind = 'psij')" in said.stderr
    assert "sbatch --wrap 'autodisco finalists small --executor local'" in said.stderr
    there = told(ranked, "--dry-run", "--executor", "psij")
    assert (there.returncode, there.stderr.count("\n")) == (2, 1)
    assert "executor psij: only a campaign can use it" in there.stderr
    assert told(ranked, "--dry-run", "--executor", "local", "--best", "1", "--replicas", "1").returncode == 0


def test_report_and_export_show_the_scans(ranked, tmp_path):
    folder = ranked / "finalists" / "key" / "scan-smoke" / "seed-1"
    rows = conditions(450.0) + conditions(500.0)
    named = {
        "monomer_smiles": PTMO,
        "key": "key",
        "protocol": "smoke",
        "force_field": "pcff+",
        "engine": "lammps",
        "seed": 1,
    }
    write(folder, content(named, "smoke", rows, folder))
    write_json(ranked / "finalists" / "other" / "scan-smoke" / "seed-1" / "scan.json", [])  # no results
    with Store.open_readonly(ranked) as store:
        page = write_report(store, tmp_path / "report").read_text()
        export_tables(store, tmp_path / "tables")
    assert "Finalists at several conditions" in page
    assert 'aria-label="Conductivity against molality"' in page
    assert 'aria-label="Conductivity against temperature"' in page
    with open(tmp_path / "tables" / "finalists.csv") as table:
        exported = list(csv.DictReader(table))
    assert [(row["monomer_smiles"], row["temperature_k"], row["molality_mol_per_kg"]) for row in exported] == [
        (PTMO, kelvin, m) for kelvin in ("450.0", "500.0") for m in ("1.0", "3.0")
    ]
    (shown,) = json.loads(told(ranked, "--json", name="status").stdout)["finalists"]
    assert shown == read_json(folder / "scan.json")
    assert len(shown["fits_over_temperature"]) == 2


def test_without_scans_nothing_is_shown(ranked, tmp_path):
    with Store.open_readonly(ranked) as store:
        assert "Finalists" not in write_report(store, tmp_path / "report").read_text()
        names = [file.name for file in export_tables(store, tmp_path / "tables")]
    assert "finalists.csv" not in names
