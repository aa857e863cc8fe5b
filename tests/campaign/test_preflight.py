"""What can be found before a campaign works, and what an iteration costs; nothing is changed on the disk."""

import dataclasses
import os
import re
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from autodisco.campaign import load, open_folder
from autodisco.campaign.build_costs import experience
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.cost import cost
from autodisco.campaign.lock import acquire
from autodisco.campaign.preflight import examine
from autodisco.campaign.settings import Settings
from autodisco.campaign.variables import OTHER_VARIABLES, variable_of
from autodisco.machine import cores
from autodisco.simulation.engines.engine import Speed
from autodisco.simulation.speed import OVERHEAD_CPU_S
from autodisco.store import Store
from autodisco.text import counted
from tests.campaign.conftest import write_campaign


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size and the time of its last change."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in [folder, *folder.rglob("*")]}


def levels(file: Path, runs: Path) -> dict[str, tuple[str, str]]:
    """What is found of a campaign file: level and text by what was looked at."""
    return {row.what: (row.level, row.found) for row in examine(load(file, runs, checked=False), file)}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working folder, in which campaigns lie in `runs`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def builds_before(here, finished):
    """A campaign beside that of the test, whose builds say what one costs: the engine is not measured."""
    (here / "runs").mkdir()
    shutil.copytree(finished[0].folder, here / "runs" / "before")


def test_all_that_is_wrong_is_found_at_once_and_nothing_is_written(here, call, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (here / "parts.py").write_text("")
    file = write_campaign(here, selection="parts.py:mine")
    (here / "seeds.csv").write_text("name,monomer_smiles\nodd,OCC\n")
    file.write_text(
        file.read_text().replace('protocol = "smoke"', 'protocol = "smoke"\nfolder = "disk"\nleast_free_disk_gb = 1e9')
        + '[notify]\ncommand = "no-such-program"\n'
    )
    before = tree(here)
    said = call("run", file, "--dry-run", "--json")
    found = {row["what"]: row for row in said.json["findings"]}
    assert said.code == 1
    wrong = {what: row["level"] for what, row in found.items() if row["level"] != "ok"}
    errors = dict.fromkeys(("parts", "seed file", "shared folder", "notifications"), "error")
    assert wrong == {**errors, "room": "warning", "disk": "warning"}
    assert "seeds.csv, line 2" in found["seed file"]["found"]
    assert "no-such-program" in found["notifications"]["found"]
    assert "least_free_disk_gb asks for 1e+09" in found["room"]["found"]
    assert tree(here) == before


def test_rows_of_the_seed_file_that_repeat_others_are_a_warning_and_bad_rows_leave_a_cost(here, call):
    file = write_campaign(here)
    (here / "seeds.csv").write_text("name,monomer_smiles\nPEO,*OCC*\nPEG,*OCCOCC*\nPDMS,*O[Si](C)(C)*\n")
    said = call("start", file, "--dry-run", "--json")
    found = {row["what"]: (row["level"], row["found"]) for row in said.json["findings"]}
    assert said.code == 1
    assert found["seed file"][0] == "error"
    assert "line 4: '*O[Si](C)(C)*' holds Si" in found["seed file"][1]
    level, repeated = found["repeated seeds"]
    assert level == "warning"
    assert "line 3: *OCCOCC* is the same polymer as line 2, and counts once" in repeated
    assert said.json["cost"]


def found_of(call, file, what) -> str:
    """What the dry run of a campaign file tells in one of its rows."""
    rows = call("start", file, "--dry-run", "--json").json["findings"]
    return next(row["found"] for row in rows if row["what"] == what)


@pytest.mark.usefixtures("builds_before")
def test_the_dry_run_says_what_becomes_of_seeds_without_a_value(here, call):
    file = write_campaign(here)
    (here / "seeds.csv").write_text("name,monomer_smiles\nPEO,*OCC*\nPP,*CC(*)C\nPTMC,*CCCOC(=O)O*\n")

    told = partial(found_of, call, file, "seeds without a value")

    assert "2 without a value of smoke, pcff+ teach the generator and are not simulated" in told()
    assert "seeds.simulate_missing = true" in told()
    file.write_text(file.read_text().replace("[seeds]", "[seeds]\nsimulate_missing = true"))
    assert "2 without a value of smoke, pcff+ are simulated before the first iteration" in told()


def test_the_dry_run_names_seeds_with_weak_bonds(here, call):
    file = write_campaign(here)
    (here / "seeds.csv").write_text("name,monomer_smiles\nPEO,*OCC*\nPolysulfid,*SCCOCCOCCS*\n")

    told = partial(found_of, call, file, "seeds with weak bonds")

    assert told().startswith("line 3: Polysulfid (S-S); seeds are kept")
    (here / "seeds.csv").write_text("name,monomer_smiles\nPEO,*OCC*\n")
    assert told() == "none"


@pytest.mark.usefixtures("builds_before")
def test_the_cost_of_a_new_campaign_is_that_of_builds_of_others(here, call, finished):
    file = write_campaign(here, batch=3, replicas=2, iterations=2, reference_replicas=4)
    file.write_text(file.read_text().replace('name = "small"', 'name = "another"'))
    before = tree(here)
    said = call("start", file, "--dry-run", "--json")
    assert said.code == 0
    costs = said.json["cost"]
    with Store.open_readonly(finished[0].folder) as store:
        rows = [row for row in store.replicas() if row.status == "done"]
        taken = store.models()[-1].seconds
    (build,) = costs["builds"]
    assert build["cpu_s"] == pytest.approx(sum(row.cpu_s for row in rows) / len(rows))
    assert build["source"] == f"{counted(len(rows), 'build')} of smoke in campaign before"
    assert build["n_bytes"] > 1000
    first, one, everything = costs["phases"]
    assert [phase["builds"]["smoke"] for phase in costs["phases"]] == [4, 6, 16]
    assert one["cpu_h"] == pytest.approx((6 * build["cpu_s"] + costs["training_s"]) / 3600)
    assert one["disk_gb"] == pytest.approx(6e-9 * build["n_bytes"])
    assert everything["wall_h"] == pytest.approx(first["wall_h"] + 2 * one["wall_h"])
    assert costs["training_s"] > 0
    assert taken > 0
    assert tree(here) == before
    assert "3 replicas at a time" not in call("start", file, "--dry-run").out


def test_a_campaign_that_has_begun_is_looked_at_where_it_is(copied, finished, call):
    before = tree(copied)
    said = call("run", copied, "--dry-run", "--json")
    assert said.code == 0
    assert "seed file" not in {row["what"] for row in said.json["findings"]}
    assert said.json["cost"]["builds"][0]["source"] == "1 build of smoke in this campaign"
    assert [phase["name"] for phase in said.json["cost"]["phases"]] == ["an iteration"]
    assert tree(copied) == before


def test_a_budget_in_hours_says_how_many_iterations_and_polymers_it_allows(copied):
    with Store.open(copied) as store:
        store.set(active_s=2 * 3600.0)
    settings = open_folder(copied).settings
    budget = settings.budget.model_copy(update={"hours": 50.0})
    campaign = Campaign(settings.model_copy(update={"budget": budget}), copied)
    one, within = cost(campaign).phases
    n = int(48 / one.wall_h)
    polymers = n * one.builds["smoke"] / campaign.tiers[0].replicas
    assert within.name == f"48 hours: about {n} iterations, {polymers:.0f} polymers"
    assert within.wall_h == pytest.approx(n * one.wall_h)
    assert 48 - one.wall_h < within.wall_h <= 48
    assert within.disk_gb == pytest.approx(n * one.disk_gb)


@pytest.mark.usefixtures("builds_before")
@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ('protocol = "smoke"', 'protocol = "smokee"', "did you mean 'smoke'?"),
        ("[budget]", '[[objective]]\nname = "transferrence"\n[budget]', "did you mean 'transference"),
    ],
)
def test_one_mistake_is_told_once_and_what_hangs_on_it_is_not_called_wrong(here, call, old, new, hint):
    file = write_campaign(here)
    file.write_text(file.read_text().replace(old, new))
    wrong = new.split('"')[1]
    said = call("start", file, "--dry-run", "--json")
    assert said.code == 1
    assert [row["what"] for row in said.json["findings"] if row["level"] == "error"] == ["parts"]
    assert (said.out + said.err).count(wrong) == 1
    assert hint in said.out
    assert "its cost is not known: the mistake above comes first" in call("start", file, "--dry-run").err


def test_another_protocol_is_scaled_by_its_work_and_long_builds_are_told(finished, tmp_path):
    file = write_campaign(tmp_path)
    file.write_text(
        file.read_text()
        .replace('"smoke"', '"quick"')
        .replace("replicas = 1", "replicas = 1\ntimeout_minutes = 0.01", 1)
    )
    shutil.copytree(finished[0].folder, tmp_path / "runs" / "before")
    campaign = load(file, tmp_path / "runs", checked=False)
    told = cost(campaign)
    (known,) = experience(campaign)
    assert told.builds[0].cpu_s > 10 * known.rates[0].cpu_s
    assert "with the ratio of the work" in told.builds[0].source
    assert told.over_disk(campaign) == []
    full = dataclasses.replace(told, phases=[dataclasses.replace(phase, disk_gb=1e9) for phase in told.phases])
    assert full.over_disk(campaign)[0].startswith("before the first iteration: about 1000000000 GB of disk, and ")
    (late,) = told.over_time(campaign)
    assert late.startswith("a build of quick takes about ")


def test_where_nothing_is_known_the_engine_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.simulation.speed.speed", lambda *_: Speed(50.0, 0.2))
    monkeypatch.setattr("os.getloadavg", lambda: (1000.0, 0.0, 0.0))
    file = write_campaign(tmp_path)
    file.write_text(file.read_text().replace('"smoke"', '"quick"'))
    (build,) = cost(load(file, tmp_path / "runs", checked=False)).builds
    assert build.wall_s == pytest.approx(86_400 * 66.5e-3 / 50 + OVERHEAD_CPU_S / 0.2, rel=0.1)
    assert build.cpu_s == pytest.approx(0.2 * build.wall_s)
    assert "; load 1000 on " in build.source
    assert build.source.startswith("two seconds of lammps")


@pytest.mark.parametrize("known", [False, True])
def test_more_replicas_than_cores_are_a_warning_and_do_not_make_the_estimate_shorter(known, here, call, request):
    if known:
        shutil.copytree(request.getfixturevalue("finished")[0].folder, here / "runs" / "before")
    n, told = cores(), {}
    for workers in (n, 64 * n):
        file = write_campaign(here, batch=128 * n)
        text = re.sub(r"^workers = .*\n", "", file.read_text(), flags=re.MULTILINE)
        text = text.replace("[simulation]", f"[simulation]\nworkers = {workers}")
        file.write_text(text.replace("[budget]", "[budget]\nhours = 720"))
        told[workers] = cost(load(file, here / "runs", checked=False))
    assert levels(file, here / "runs")["executor"] == (
        "warning",
        f"local, {64 * n} replicas at a time, more than there is room for ({counted(n, 'core')} at hand): "
        "they take turns; simulation.workers = 0 fills it",
    )
    assert (told[n].limit, told[64 * n].limit) == ("", f"{counted(n, 'core')} at hand")
    within = told[64 * n].phases[-1]
    assert within.name.startswith("720 hours: about ")
    assert within.cpu_h <= 720 * n
    (one, other) = (told[workers].phases[1].wall_h for workers in (n, 64 * n))
    if known:
        assert other * n >= told[64 * n].phases[1].cpu_h * 0.99
        said = call("start", file, "--dry-run").out
        assert f"wall hours are those with {64 * n} replicas at a time, limited by the {counted(n, 'core')} at" in said
    else:
        assert other == pytest.approx(one, rel=0.5)  # each measured the engine itself


def test_unknown_variables_are_told_at_each_start_of_a_folder(copied, call, monkeypatch):
    monkeypatch.setenv("AUTODISCO_SIMULATION_WORKRES", "5")
    line = (
        "AUTODISCO_SIMULATION_WORKRES: unknown variable in the environment; did you mean AUTODISCO_SIMULATION_WORKERS?"
    )
    assert line in call("start", copied).err.splitlines()
    assert line in call("resume", copied).err.splitlines()
    assert line in call("run", copied).err.splitlines()
    rows = {row["what"]: row for row in call("run", copied, "--dry-run", "--json").json["findings"]}
    assert (rows["variables"]["level"], rows["variables"]["found"]) == ("warning", line)


def test_resume_on_another_machine_says_that_the_program_of_notifications_is_not_there(copied, call):
    with Store.open(copied) as store:
        settings = store.get("settings")
        store.set(settings={**settings, "notify": {**settings["notify"], "command": "/old/machine/notify.sh"}})
    (line,) = [line for line in call("resume", copied).err.splitlines() if "notify" in line]
    assert line.startswith(f"{copied}: notify.command = '/old/machine/notify.sh': there is no program")


def test_a_process_that_runs_the_campaign_is_found(begin, campaign_file, tmp_path):
    _, store = begin()
    store.set(owner=None)
    file = tmp_path / "small.toml"
    assert levels(file, tmp_path / "runs")["other process"] == ("ok", "none runs it")
    acquire(store)
    level, found = levels(file, tmp_path / "runs")["other process"]
    assert level == "error"
    assert f"process {os.getpid()}" in found


def test_gpus_that_are_not_there_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.simulation.executors.cards._listed", lambda: [["GPU-aaaa"]])
    file = write_campaign(tmp_path)
    file.write_text(file.read_text() + '[executor.options]\ngpus = [0, "GPU-aaaa", 3]\n')
    assert levels(file, tmp_path / "runs")["GPUs"] == (
        "warning",
        "executor.options.gpus: nvidia-smi does not list 3; leave them out",
    )


def test_replicas_that_would_take_turns_on_a_card_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("autodisco.simulation.executors.cards._listed", lambda: [["GPU-aaaa"]])
    file = write_campaign(tmp_path)
    file.write_text(file.read_text() + "[executor.options]\ngpus = [0]\nreplicas_per_gpu = 4\n")
    level, found = levels(file, tmp_path / "runs")["GPUs"]
    assert (level, found.partition(";")[0]) == (
        "warning",
        "executor.options.replicas_per_gpu = 4: nvidia-cuda-mps-control is not on the PATH",
    )
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    assert levels(file, tmp_path / "runs")["GPUs"] == ("ok", "0")


def test_every_variable_that_the_program_reads_is_known_and_documented():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "campaigns.md").read_text()
    assert all(f"| `{name}` | {meaning} |" in page for name, meaning in OTHER_VARIABLES.items())
    known = {*OTHER_VARIABLES, *map(variable_of, Settings(name="x").flat())}
    for file in (root / "autodisco").rglob("*.py"):
        named = set(re.findall(r"AUTODISCO_[A-Z_]*[A-Z]\b", file.read_text()))
        assert named <= known, file


def test_a_batch_system_that_is_not_there_is_found(tmp_path, monkeypatch):
    pytest.importorskip("psij")
    monkeypatch.setattr("autodisco.campaign.batch_system.shutil.which", lambda _: None)
    file = write_campaign(tmp_path)
    file.write_text(file.read_text() + '[executor]\nkind = "psij"\noptions = { gpus = 1, slots = 4 }\n')
    level, found = levels(file, tmp_path / "runs")["executor"]
    assert (level, found) == ("warning", "executor psij: batch system: none (not needed)")
    (build,), phases = (told := cost(load(file, tmp_path / "runs", checked=False))).builds, told.phases
    assert (build.cpu_s, build.source) == (None, "not known: no build so far")
    assert phases[0].builds == {"smoke": 0}
    assert phases[1].cpu_h is None
