"""Looking after campaign folders: what verify finds, what clean keeps, what an export and a fork hold."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import MDAnalysis
import pyarrow.parquet
import pytest

from autodisco.analysis import analyze
from autodisco.campaign import open_folder, run
from autodisco.campaign.clean import clean
from autodisco.campaign.export import export_archive, export_tables
from autodisco.campaign.fork import fork
from autodisco.campaign.training import evidence, training_set
from autodisco.campaign.verify import verify
from autodisco.decide import ranking
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.files import place_beside
from autodisco.simulation import protocols
from autodisco.store import Store, list_campaigns
from autodisco.store.owner import start_time
from tests.campaign.conftest import write_campaign
from tests.campaign.storm import result
from tests.campaign.test_campaign import begin
from tests.campaign.test_lock import set_owner


def problems(folder):
    with Store.open_readonly(folder) as store:
        return verify(store)


def done(folder):
    """The folder of a replica that has a value."""
    with Store.open_readonly(folder) as store:
        row = next(row for row in store.replicas() if row.status == "done")
        return store.replica_folder(row.key, row.protocol, row.replica)


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_campaign_is_as_it_was_written(copied, call):
    assert problems(copied) == []
    said = call("verify", copied)
    assert (said.code, said.out) == (0, "")
    assert "0 problems" in said.err
    assert call("verify", copied, "--json").json["problems"] == []
    with Store.open_readonly(copied) as store:
        names = {row.path.rpartition("/")[2] for row in store.files()}
    assert {"0.safetensors", "1.safetensors", "trajectory.dcd", "topology.pdb", "outcome.json"} <= names


def test_files_that_changed_or_are_gone_are_named(copied):
    replica = done(copied)
    flip_a_bit(copied / "models" / "0.safetensors")
    os.truncate(replica / "trajectory.dcd", 1000)
    (replica / "topology.pdb").unlink()
    found = "\n".join(problems(copied))
    assert "models/0.safetensors: its content has changed" in found
    assert "trajectory.dcd: 1000 bytes, " in found
    assert "topology.pdb: missing" in found
    assert len(found.splitlines()) == 3


@pytest.mark.fault("truncated or changed trajectory")
def test_a_trajectory_that_was_cut_or_changed_is_named_and_its_value_stays(copied, record_property):
    trajectory = done(copied) / "trajectory.dcd"
    whole = trajectory.read_bytes()
    with Store.open_readonly(copied) as store:
        values = ranking(store)
    chance = random.Random(5)
    damaged = [whole[:n] for n in (0, 1, len(whole) - 1, *chance.sample(range(len(whole)), 16))]
    for place in chance.sample(range(len(whole)), 16):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << chance.randrange(8)
        damaged.append(bytes(flipped))
    record_property("injections", len(damaged))
    for content in damaged:
        trajectory.write_bytes(content)
        (problem,) = problems(copied)
        assert "/trajectory.dcd: " in problem
        with Store.open_readonly(copied) as store:
            assert ranking(store) == values


def test_a_database_that_contradicts_itself_is_named(copied):
    with Store.open(copied) as store:
        row = store.replicas()[0]
        store.update_replica(row.key, row.protocol, row.replica, status="done", properties=None)
        store.write("DELETE FROM properties")
        store.set(state="somewhere", iteration=7)
    (copied / "campaign.toml").write_text("name = 'another'\n")
    found = "\n".join(problems(copied))
    assert "is done and has no properties" in found
    assert "the state 'somewhere' does not exist" in found
    assert "iteration 7, but these were opened: [1]" in found
    assert "campaign.toml: not the settings" in found


def test_a_database_that_is_broken_is_said_to_be(copied):
    content = bytearray((copied / "state.db").read_bytes())
    content[8192:40960] = os.urandom(32768)
    (copied / "state.db").write_bytes(content)
    assert problems(copied)[0].startswith("state.db: ")


def test_an_unfinished_last_line_of_the_journal_is_no_damage(copied):
    os.truncate(copied / "events.jsonl", (copied / "events.jsonl").stat().st_size - 20)
    assert problems(copied) == []


def test_a_value_that_was_edited_is_named(copied):
    with Store.open(copied) as store:
        row = next(row for row in store.replicas() if row.status == "done")
        properties = row.properties | {"conductivity_s_per_cm": 1.0}
        store.update_replica(row.key, row.protocol, row.replica, properties=properties)
    assert [problem.partition(" has ")[2] for problem in problems(copied)] == ["other properties than its outcome.json"]


def test_a_journal_that_was_edited_is_named(copied):
    lines = (copied / "events.jsonl").read_text().splitlines()
    lines[0] = lines[0].replace("begin", "began")
    (copied / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert problems(copied) == ["events.jsonl: differs from the journal in state.db"]


@pytest.mark.parametrize("keep", ["all", "ions", "none"])
def test_cleaning_frees_disk_and_keeps_values(copied, keep):
    replica = done(copied)
    before = sum(path.stat().st_size for path in copied.rglob("*"))
    with Store.open(copied) as store:
        values = ranking(store)
        freed = clean(store, keep)
        assert ranking(store) == values
    assert freed.bytes > 0
    assert (replica / "trajectory.dcd").exists() == (keep == "all")
    assert (replica / "ions.dcd").exists() == (keep == "ions")
    assert sum(path.stat().st_size for path in copied.rglob("*")) < before
    assert problems(copied) == []
    with Store.open(copied) as store:
        assert clean(store, keep).bytes == 0


@pytest.mark.fault("power loss")
def test_what_is_kept_of_a_trajectory_is_on_the_disk_before_the_trajectory_goes(copied, calls):
    with Store.open(copied) as store:
        calls.clear()
        clean(store, "ions")
    gone = calls.index(("unlink", "trajectory.dcd"))
    kept = next(n for n, call in enumerate(calls) if call[0] == "replace" and call[2] == "ions.dcd")
    assert ("fsync", calls[kept][1]) in calls[:kept]
    topology = next(n for n, call in enumerate(calls) if call[0] == "replace" and call[2] == "ions.pdb")
    assert ("fsync", calls[topology][1]) in calls[:topology]
    assert topology < kept
    assert ("fsync", done(copied).name) in calls[kept:gone]


@pytest.fixture
def three(copied):
    """The same campaign with three replicas: the second has a trajectory that was cut, the third failed."""
    replica = done(copied)
    with Store.open(copied) as store:
        row = next(row for row in store.replicas() if row.status == "done")
        for n in (1, 2):
            shutil.copytree(replica, replica.with_name(str(n)))
            store.plan_replica(row.key, row.protocol, n, 1)
            columns = {
                name: getattr(row, name)
                for name in ("properties", "wall_s", "cpu_s", "atoms", "estimated_terms", "ended")
            }
            store.update_replica(row.key, row.protocol, n, status="done", **columns)
            store.record_file(replica.with_name(str(n)) / "trajectory.dcd")
        store.update_replica(
            row.key, row.protocol, 2, status="failed", properties=None, failure_code="nan", detail="=1+1"
        )
    folders = [replica.with_name(str(n)) for n in range(3)]
    os.truncate(folders[1] / "trajectory.dcd", 5000)
    return copied, folders


def test_a_replica_that_cannot_be_cleaned_keeps_what_it_has_and_the_others_are_cleaned(three, call):
    """All of it is journalled, and a failed replica keeps no trajectory."""
    copied, folders = three
    said = call("clean", copied)
    assert said.code == 1
    assert "1 replica could not be cleaned" in said.err
    assert f"{folders[1].relative_to(copied)}: left as it is: " in said.err
    assert [(folder / "trajectory.dcd").exists() for folder in folders] == [False, True, False]
    assert [(folder / "ions.dcd").exists() for folder in folders] == [True, False, False]
    with Store.open_readonly(copied) as store:
        (row,) = [row for row in store.journal() if row.event == "clean"]
    assert (row.seen["replicas"], row.seen["not cleaned"]) == (2, 1)


def test_what_a_fork_shares_is_not_counted_as_freed(copied, tmp_path):
    with Store.open(copied) as store:
        fork(store, tmp_path / "runs" / "other", 1, {})
        shared = (done(copied) / "trajectory.dcd").stat()
        assert shared.st_nlink == 2
        freed = clean(store, "none")
    assert freed.replicas == 1
    assert freed.bytes < shared.st_size


def test_what_is_kept_of_the_ions_is_what_they_did(copied):
    replica = done(copied)
    whole = MDAnalysis.Universe(str(replica / "topology.pdb"), str(replica / "trajectory.dcd"))
    with Store.open(copied) as store:
        whole.trajectory[-1]
        expected = whole.select_atoms("not resname POL").positions
        length = len(whole.trajectory)
        whole.trajectory.close()
        clean(store, "ions")
    kept = MDAnalysis.Universe(str(replica / "ions.pdb"), str(replica / "ions.dcd"))
    assert len(kept.trajectory) == length
    kept.trajectory[-1]
    assert kept.atoms.positions == pytest.approx(expected, abs=1e-3)
    with pytest.raises(InputError, match="removed by `autodisco clean`"):
        analyze(replica)


def test_a_running_campaign_is_not_cleaned(copied):
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with Store.open(copied) as store:
            set_owner(store, sleeper.pid, start_time(sleeper.pid))
            with pytest.raises(OwnedError):
                clean(store, "none")
    finally:
        sleeper.kill()
        sleeper.wait()
    assert (done(copied) / "trajectory.dcd").exists()


def test_tables_hold_what_the_store_holds(copied, tmp_path):
    with Store.open_readonly(copied) as store:
        export_tables(store, tmp_path / "out", formats=["csv", "parquet"])
        polymers, draws, replicas = store.polymers(), store.candidates(), store.replicas()
        best = ranking(store)[0]
        journal = store.journal()
    rows = {}
    for name, n in (("polymers", len(polymers)), ("candidates", len(draws)), ("replicas", len(replicas))):
        with open(tmp_path / "out" / f"{name}.csv") as handle:
            rows[name] = list(csv.DictReader(handle))
        table = pyarrow.parquet.read_table(tmp_path / "out" / f"{name}.parquet")
        assert len(rows[name]) == table.num_rows == n
        assert list(rows[name][0]) == table.column_names
    assert rows["polymers"][0]["key"] == best.key
    assert float(rows["polymers"][0]["conductivity_s_per_cm"]) == best.value
    assert float(rows["replicas"][0]["density_g_per_cm3"]) == replicas[0].properties["density_g_per_cm3"]
    with open(tmp_path / "out" / "journal.csv") as handle:
        assert [json.loads(row["seen"]) for row in csv.DictReader(handle)] == [row.seen for row in journal]


def test_tables_of_a_campaign_with_failures_have_one_kind_of_cell_in_each_column(three, tmp_path, calls):
    copied, _ = three
    with Store.open(copied) as store:
        row = store.replicas()[0]
        mixed = {**row.properties, "stopped_early": "enough", "frames": 7.5, "ended": "of its own"}
        store.update_replica(row.key, row.protocol, 0, properties=mixed)
        store.write("UPDATE polymers SET name = '+1' WHERE source = 'seed'")
        calls.clear()
        export_tables(store, tmp_path / "out", formats=["csv", "parquet"])
    for name in ("polymers", "replicas"):
        assert ("replace", place_beside(Path(f"{name}.parquet")).name, f"{name}.parquet") in calls
    table = pyarrow.parquet.read_table(tmp_path / "out" / "replicas.parquet").to_pydict()
    assert table["estimated_terms"] == [row.estimated_terms] * 3
    assert all(isinstance(json.loads(text), list) for text in table["property_estimated_terms"][:2])
    assert table["property_ended"] == ["of its own", None, None]
    assert table["property_estimated_terms"][2] is None
    assert table["conductivity_s_per_cm"][2] is None
    assert table["detail"][2] == "=1+1"
    with open(tmp_path / "out" / "replicas.csv") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["estimated_terms"] for row in rows] == [str(row.estimated_terms)] * 3
    assert rows[2]["detail"] == "'=1+1"
    with open(tmp_path / "out" / "polymers.csv") as handle:
        assert {row["name"] for row in csv.DictReader(handle) if row["source"] == "seed"} == {"'+1"}


def test_tables_without_a_row_still_have_columns(tmp_path):
    with Store.create(tmp_path / "new") as store:
        store.set(name="new", state="prepare", iteration=0)
        export_tables(store, tmp_path / "out", formats=["csv", "parquet"])
    header = (tmp_path / "out" / "candidates.csv").read_text()
    assert header == "iteration,draw,smiles,key,verdict,reason\n"
    assert pyarrow.parquet.read_table(tmp_path / "out" / "candidates.parquet").num_rows == 0


def test_an_archive_of_a_running_campaign_belongs_to_nobody(copied, tmp_path):
    with Store.open(copied) as store:
        set_owner(store, os.getppid(), start_time(os.getppid()))
        export_archive(store, tmp_path / "small.tar.gz")
        assert store.get("owner") is not None
    with tarfile.open(tmp_path / "small.tar.gz") as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    with Store.open_readonly(tmp_path / "elsewhere" / "small") as store:
        assert store.get("owner") is None


def test_an_archive_of_a_campaign_that_has_read_nothing_yet_takes_its_files_along(tmp_path):
    file = write_campaign(tmp_path, seeds='file = "seeds.csv"\ndataset = "set.tsv.txt"')
    (tmp_path / "set.tsv.txt").write_text("smiles\tconductivity\n*CCC*\t1e-5\n")
    campaign = begin(file, tmp_path / "runs")
    content = (tmp_path / "seeds.csv").read_bytes()
    with Store.open_readonly(campaign.folder) as store:
        export_archive(store, tmp_path / "small.tar.gz")
    for path in (tmp_path / "seeds.csv", tmp_path / "set.tsv.txt"):
        path.unlink()
    with tarfile.open(tmp_path / "small.tar.gz") as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    seeds = open_folder(tmp_path / "elsewhere" / "small").settings.seeds
    assert Path(seeds.file).read_bytes() == content
    assert Path(seeds.dataset).read_text().startswith("smiles")
    assert (tmp_path / "elsewhere" / "small") in Path(seeds.dataset).parents


def test_an_archive_goes_on_elsewhere(copied, tmp_path):
    with Store.open_readonly(copied) as store:
        export_archive(store, tmp_path / "small.tar.gz")
        values = ranking(store)
    shutil.rmtree(copied)
    with tarfile.open(tmp_path / "small.tar.gz") as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    moved = tmp_path / "elsewhere" / "small"
    assert problems(moved) == []
    with Store.open(moved) as store:
        assert ranking(store) == values
        settings = store.get("settings")
        settings["budget"]["iterations"] = 2
        store.set(settings=settings)
        store.set(state="generate", iteration=2, ended=None)
        store.begin_iteration(2)
    assert run(open_folder(moved)) == 0
    with Store.open_readonly(moved) as store:
        assert [row.n for row in store.iterations()] == [1, 2]


def test_a_fork_shares_the_past_and_has_settings_of_its_own(copied, tmp_path):
    other = tmp_path / "runs" / "hotter"
    with Store.open_readonly(copied) as store:
        fork(store, other, 0, {"generator.temperature": 2.0, "budget.iterations": 1})
        past = store.training(0)
        drawn = [row.smiles for row in store.candidates(1)]
    assert problems(other) == []
    with Store.open_readonly(other) as store:
        assert (store.get("name"), store.get("state"), store.get("iteration")) == ("hotter", "generate", 1)
        assert store.training(0) == past
        assert store.candidates() == []
        assert store.polymers("generated") == []
        assert store.journal()[-1].seen["generator.temperature"] == 2.0
    assert run(open_folder(other)) == 0
    with Store.open_readonly(other) as store:
        assert [row.smiles for row in store.candidates(1)] != drawn
        assert store.get("state") == "exhausted"
    assert problems(copied) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("filter.selection", "everything", "filter.selection: selection 'everything' does not exist"),
        ("acquire.labelling", "beside.py:Absent", "acquire.labelling: .*has no object 'Absent'"),
        ("simulation.engine", "gromax", "simulation.engine: .*'gromax' does not exist"),
        ("loop.stages", ["generate", "shake"], "loop.stages: .*'shake' does not exist"),
        ("notify.apprise", "absent.txt", "notify.apprise"),
    ],
)
def test_a_fork_with_a_part_that_does_not_exist_is_refused(copied, tmp_path, monkeypatch, key, value, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text("")
    with Store.open_readonly(copied) as store, pytest.raises(AutodiscoError, match=f"^other: {said}"):
        fork(store, tmp_path / "other", 0, {key: value})
    assert not (tmp_path / "other").exists()


def test_a_fork_names_a_part_by_its_whole_path(copied, tmp_path, monkeypatch):
    shutil.copy(Path(__file__).parents[2] / "docs" / "examples" / "labelling.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    with Store.open_readonly(copied) as store:
        fork(store, tmp_path / "other", 0, {"acquire.labelling": "labelling.py:FixedBorder"})
    with Store.open_readonly(tmp_path / "other") as store:
        assert store.get("settings")["acquire"]["labelling"] == f"{tmp_path / 'labelling.py'}:FixedBorder"


def test_settings_of_another_program_are_named_in_one_line_and_can_be_mended_by_a_fork(copied, tmp_path):
    with Store.open(copied) as store:
        settings = store.get("settings")
        settings["generate"]["batch_size"] = "many"
        store.set(settings=settings)
        with pytest.raises(InputError, match=r"state\.db: generate\.batch_size"):
            open_folder(copied)
        fork(store, tmp_path / "mended", 1, {"generate.batch_size": 2})
    assert open_folder(tmp_path / "mended").settings.generate.batch_size == 2


def test_a_fork_would_learn_what_its_parent_learnt(copied, tmp_path):
    other = tmp_path / "runs" / "again"
    with Store.open(copied) as store:
        unit = store.polymers("grammar")[0]
        store.add_polymer(unit.key, unit.smiles, unit.smiles, "generated", 1)
        fork(store, other, 0, {})
        learnt = store.training(0)
    with Store.open_readonly(other) as store:
        copied = open_folder(other)
        assert training_set(copied, store, evidence(copied, store, ranking(store))) == learnt


def test_a_fork_knows_the_best_of_its_own_past_only(copied, tmp_path):
    with Store.open_readonly(copied) as store:
        best = store.get("best_key")
        for iteration in (0, 1):
            fork(store, tmp_path / str(iteration), iteration, {})
    assert best
    for iteration, expected in ((0, None), (1, best)):
        with Store.open_readonly(tmp_path / str(iteration)) as store:
            assert store.get("best_key") == expected


def test_a_fork_takes_a_protocol_of_the_users_own_with_it(copied, tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (copied / "protocol.toml").write_text(text)
    other = tmp_path / "other"
    with Store.open(copied) as store:
        settings = store.get("settings")
        settings["simulation"]["protocol"] = str(tmp_path / "gone.toml")
        content = protocols.load(str(copied / "protocol.toml")).content()
        store.set(settings=settings, tiers=[{"protocol": "mine", "content": content}])
        fork(store, other, 1, {})
        (store.folder / "protocol.toml").write_text(text.replace("cutoff = 5.0", "cutoff = 5.2"))
        with pytest.raises(InputError, match="is not what it was"):
            fork(store, tmp_path / "another", 1, {})
    shutil.rmtree(copied)
    assert open_folder(other).settings.simulation.protocol == str(other / "protocol.toml")


def test_a_fork_from_the_middle_with_the_same_settings_finds_the_same(copied, tmp_path):
    with Store.open(copied) as store:
        settings = store.get("settings")
        settings["budget"]["iterations"] = 2
        store.set(settings=settings, state="generate", iteration=2, ended=None)
        store.begin_iteration(2)
    assert run(open_folder(copied)) == 0
    other = tmp_path / "runs" / "again"
    with Store.open_readonly(copied) as store:
        fork(store, other, 1, {})
    with Store.open_readonly(other) as store:
        journal = store.journal()
        assert [row.event for row in journal if row.iteration == 2] == ["fork"]
        assert store.get("notified") == journal[-1].id  # nobody is told of the parent's past
    assert run(open_folder(other)) == 0
    expected, found = result(copied), result(other)
    assert {name for name in expected if found[name] != expected[name]} == set()
    with Store.open_readonly(other) as store:
        assert verify(store) == []


def test_what_cannot_be_forked_is_refused(copied, tmp_path):
    with Store.open_readonly(copied) as store:
        with pytest.raises(InputError, match="iteration 4 has not ended with a model; those that have: 0, 1"):
            fork(store, tmp_path / "runs" / "x", 4, {})
        with pytest.raises(InputError, match=r"unknown key generator.temprature; did you mean generator.temperature\?"):
            fork(store, tmp_path / "runs" / "x", 1, {"generator.temprature": 1})
        for key in ("seeds.grammar", "simulation.protocol", "acquire.reference"):
            with pytest.raises(InputError, match=f"{key}: what is known already was found with another value"):
                fork(store, tmp_path / "runs" / "x", 1, {key: 1})
        with pytest.raises(InputError, match="seed is no table"):
            fork(store, tmp_path / "runs" / "x", 1, {"seed.x": 1})
        with pytest.raises(InputError, match="exists already"):
            fork(store, copied, 1, {})
    assert not (tmp_path / "runs" / "x").exists()


KILLED = """
import os, sys
from pathlib import Path
from autodisco.campaign import export, fork
from autodisco.store import Store, list_campaigns
folder, target, place = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
module = export if target.name.endswith(".gz") else fork
setattr(module, place, lambda *_, **__: os._exit(9))
with Store.open_readonly(folder) as store:
    if module is fork:
        fork.fork(store, target, 1, {})
    else:
        export.export_archive(store, target)
"""


@pytest.fixture
def killed(copied):
    """Begins a fork or an archive in a process that dies there; returns what it left."""

    def kill(target, place):
        words = [sys.executable, "-c", KILLED, str(copied), str(target), place]
        assert subprocess.run(words).returncode == 9
        return [path for path in target.parent.iterdir() if path.name.startswith(f".{target.name}.")]

    return kill


@pytest.mark.fault("files of processes that died while they wrote")
@pytest.mark.parametrize("place", ["_link", "write_atomic", "sync"])
def test_a_fork_that_was_killed_is_no_campaign_and_the_next_one_is_whole(copied, killed, place):
    target = copied.parent / "other"
    left = killed(target, place)
    assert bool(left) == (place != "sync")  # which comes after it took its place
    assert {row.name for row in list_campaigns(copied.parent)} == ({"small"} if left else {"other", "small"})
    if left:
        with Store.open_readonly(copied) as store:
            fork(store, target, 1, {})
    assert not any(path.exists() for path in left)
    assert problems(target) == []


@pytest.mark.fault("files of processes that died while they wrote")
def test_an_archive_that_was_killed_leaves_nothing_behind_the_next_start(copied, killed):
    left = killed(copied.parent / "small.tar.gz", "sync")
    assert left
    assert run(open_folder(copied)) == 0
    assert not any(path.exists() for path in left)
    assert not (copied.parent / "small.tar.gz").exists()


@pytest.mark.fault("files of processes that died while they wrote")
def test_a_fork_on_a_shared_disk_that_was_killed_can_be_made_again(copied, killed, tmp_path):
    (tmp_path / "scratch").mkdir()
    with Store.open(copied) as store:
        settings = store.get("settings")
        settings["simulation"]["folder"] = str(tmp_path / "scratch")
        store.set(settings=settings)
    target = copied.parent / "other"
    assert killed(target, "write_atomic")
    assert list((tmp_path / "scratch" / "other").iterdir())
    with Store.open_readonly(copied) as store:
        fork(store, target, 1, {})
    assert problems(target) == []
