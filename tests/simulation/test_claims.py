"""Runs of a replica: one that was given up changes nothing, the next one goes on, and its result is accepted whole."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from MDAnalysis.lib.formats.libdcd import DCDFile

from autodisco.errors import AskedToEnd
from autodisco.files import read_json, sha256, write_json
from autodisco.simulation import (
    Callbacks,
    LocalExecutor,
    Pool,
    ReplicaOutcome,
    ReplicaTask,
    cache,
    claims,
    progress,
    protocols,
    run_replica,
)
from autodisco.simulation.engines import lammps, lammps_files
from autodisco.simulation.engines.timeline import Place
from autodisco.simulation.executors import job
from autodisco.simulation.replica import prepare
from autodisco.simulation.spent import of_run
from autodisco.simulation.task import KILLED
from autodisco.store import run_folder
from tests.simulation.standing import standing_behind
from tests.simulation.test_executors import engines_in, wait_for

LASTING = ("topology.pdb", "trajectory.dcd", "report.txt")
OLD, NEW = "01d01d", "2e32e3"
PATIENCE_S = 400


def task(home: Path, protocol: str = "smoke") -> ReplicaTask:
    """One replica in `home`."""
    return ReplicaTask("key", "*OCC*", 0, 5, protocol, "pcff+", home, 600.0)


def start(one: ReplicaTask, claim: str) -> subprocess.Popen:
    """The process of a run."""
    file = job.write_job(one, claim)
    with open(job.log_of(file), "wb") as log:
        return subprocess.Popen(
            job.command(file), env={**os.environ, **job.environment(1)}, stderr=log, start_new_session=True
        )


def run(one: ReplicaTask) -> ReplicaOutcome:
    """The outcome of a replica that a pool runs to its end."""
    outcomes = []
    Pool(LocalExecutor(1)).run([one], Callbacks(on_done=lambda _, outcome: outcomes.append(outcome)))
    return outcomes[0]


def held(home: Path) -> tuple[bytes, ...]:
    """What the files of a run hold; the trajectory without its title, which names the time."""
    with DCDFile(str(home / "trajectory.dcd")) as trajectory:
        frames = trajectory.readframes()
    return (home / "topology.pdb").read_bytes(), (home / "report.txt").read_bytes(), frames.xyz.tobytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Home and properties of a replica that ran once."""
    one = task(tmp_path_factory.mktemp("undisturbed") / "0")
    outcome = run(one)
    assert outcome.ok, outcome.detail
    return one.folder, outcome.properties


@pytest.mark.parametrize("accepted", ["before it goes on", "after it ended"])
@pytest.mark.fault("two processes in one replica")
def test_an_old_copy_that_lives_on_changes_nothing(undisturbed, tmp_path, accepted):
    one = task(tmp_path / "0")
    old = start(one, OLD)
    try:
        wait_for(lambda: engines_in(tmp_path), PATIENCE_S)
        os.killpg(old.pid, signal.SIGSTOP)  # its node is lost
        new = start(one, NEW)
        assert new.wait(PATIENCE_S) == 0
        if accepted == "before it goes on":
            claims.accept(one, NEW)
        os.killpg(old.pid, signal.SIGCONT)
        assert old.wait(PATIENCE_S) == (KILLED if accepted == "before it goes on" else 0)
        assert (claims.finished(one, OLD) is None) == (accepted == "before it goes on")
        outcome = claims.accept(one, NEW)
        assert outcome == claims.finished(one, NEW) == cache.finished_outcome(one)
        assert read_json(one.folder / claims.JOB)["claim"] == NEW
        assert outcome.properties == undisturbed[1]
        assert held(one.folder) == held(undisturbed[0])
        assert not list(one.folder.glob("run-*"))
    finally:
        if old.poll() is None:
            os.killpg(old.pid, signal.SIGKILL)
            old.wait()


@pytest.mark.fault("two processes in one replica")
def test_a_claim_is_run_once(tmp_path):
    one = task(tmp_path / "0")
    file = job.write_job(one, OLD)
    (file.parent / claims.BEGUN).write_text("lost-node 7\n")
    second = start(one, OLD)
    assert second.wait(PATIENCE_S) == KILLED
    assert "was begun by lost-node 7" in job.log_of(file).read_text()
    assert claims.finished(one, OLD) is None


# the result of a run becomes that of the replica


def finished_run(home: Path, claim: str, value: float = 1.0) -> ReplicaTask:
    """A replica with a run that ended, in a home where an earlier attempt left its files."""
    one, run = task(home), run_folder(home, claim)
    for name in ("trajectory.dcd", "trajectory-500.dcd", "checkpoint-3-500", "replica.log"):
        home.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("earlier")
    write_json(home / "task.json", cache.identity(one) | {"attempt": 7})
    write_json(home / "outcome.json", asdict(ReplicaOutcome.failed("unknown", "", 1.0)))
    job.write_job(one, claim)
    for name in (*LASTING, "system.json", "replica.log", "begun"):
        (run / name).write_text(f"{name} of {claim}")
    write_json(run / "task.json", cache.identity(one))
    write_json(run / "outcome.json", asdict(ReplicaOutcome(True, {"value": value}, None, "", 1.0, 1.0)))
    (run_folder(home, "other") / "deeper").mkdir(parents=True)
    return one


class Killed(BaseException):
    """The process ended here."""


class Countdown:
    """Calls a function of the system, and is killed before the call with this number."""

    def __init__(self, monkeypatch, number: int):
        self.left, self._patch = number, monkeypatch

    def over(self, owner, name: str) -> None:
        real = getattr(owner, name)

        def called(*args, **kwargs):
            if not self.left:
                raise Killed
            self.left -= 1
            return real(*args, **kwargs)

        self._patch.setattr(owner, name, called)


@pytest.mark.fault("two processes in one replica")
def test_a_result_that_is_accepted_survives_a_kill_at_every_file(tmp_path, monkeypatch, record_property):
    whole = finished_run(tmp_path / "whole", NEW)
    expected = claims.accept(whole, NEW)
    names = {file.name: sha256(file) for file in whole.folder.iterdir() if file.name != claims.JOB}
    assert set(names) == {*LASTING, "system.json", "replica.log", "task.json", "outcome.json"}
    for number in range(100):
        one = finished_run(tmp_path / str(number), NEW)
        with monkeypatch.context() as patch:
            countdown = Countdown(patch, number)
            for owner, name in ((os, "replace"), (os, "link"), (Path, "unlink"), (shutil, "rmtree")):
                countdown.over(owner, name)
            try:
                claims.accept(one, NEW)
            except Killed:
                pass
            else:
                break
        assert claims.finished(one, NEW) == expected
        assert cache.lasting_outcome(one) in (None, expected)
        # the next process knows the claim, or finds it
        again = claims.accept(one, NEW) if number % 2 else claims.accepted_before(one)
        assert again == expected
        assert {file.name: sha256(file) for file in one.folder.iterdir() if file.name != claims.JOB} == names
    record_property("injections", number)
    assert number > 10


def test_a_value_that_another_process_accepted_stays(tmp_path):
    one = finished_run(tmp_path / "0", OLD, value=1.0)
    first = claims.accept(one, OLD)
    job.write_job(one, NEW)
    later = run_folder(one.folder, NEW)
    write_json(later / "task.json", cache.identity(one))
    write_json(later / "outcome.json", asdict(ReplicaOutcome(True, {"value": 2.0}, None, "", 1.0, 1.0)))
    assert claims.accept(one, NEW) == first
    assert (one.folder / "report.txt").read_text() == f"report.txt of {OLD}"


def test_a_result_that_came_when_no_process_looked_is_taken_and_not_run_again(tmp_path):
    one = finished_run(tmp_path / "0", OLD)
    started, outcomes = [], []
    calls = Callbacks(on_start=started.append, on_done=lambda _, outcome: outcomes.append(outcome))
    Pool(LocalExecutor(1)).run([one], calls)
    assert started == []
    assert [outcome.properties for outcome in outcomes] == [{"value": 1.0}]


# a run goes on from what earlier ones left


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """A replica whose process got SIGTERM in production, after two checkpoints."""
    folder = tmp_path_factory.mktemp("cut-off")
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "legs"')
    text = text.replace("temperature_damping_fs = 100", "temperature_damping_fs = 100\ncheckpoint_every_ps = 0.4", 1)
    (folder / "legs.toml").write_text(text)
    one = task(folder / "0", str(folder / "legs.toml"))
    mine, second = claims.in_run(one, OLD), Place(3, 200)
    mine.folder.mkdir(parents=True)
    write_json(mine.folder / "task.json", cache.identity(mine))
    prepare(mine)
    script = mine.folder / "in.lammps"
    script.write_text(standing_behind(script.read_text(), second))
    process = start(one, OLD)
    wait_for(lambda: lammps_files.last_checkpoint(mine.folder) == second, PATIENCE_S)
    process.terminate()
    assert process.wait(PATIENCE_S) == KILLED
    wait_for(lambda: not engines_in(folder))
    return one


def copied(one: ReplicaTask, tmp_path: Path) -> ReplicaTask:
    shutil.copytree(one.folder, tmp_path / "0")
    return task(tmp_path / "0", one.protocol)


@pytest.mark.parametrize("left", ["in a run", "by an older version", "with a damaged checkpoint"])
def test_a_run_goes_on_from_the_last_checkpoint_of_another(cut_off, tmp_path, left):
    one = copied(cut_off, tmp_path)
    run_left = run_folder(one.folder, OLD)
    if left == "by an older version":
        for file in run_left.iterdir():
            if file.name not in (claims.BEGUN, claims.JOB):
                file.rename(one.folder / file.name)
        shutil.rmtree(run_left)
        write_json(one.folder / claims.JOB, one.to_dict())
        run_left = one.folder
    places = lammps_files.checkpoints(run_left)
    if left == "with a damaged checkpoint":
        (run_left / lammps_files.checkpoint_name(places.pop())).write_bytes(b"half a file")
    before = {file.name: sha256(file) for file in run_left.iterdir() if file.is_file()}
    earlier = of_run(run_left / "progress.json")
    new = claims.new_claim()
    assert start(one, new).wait(PATIENCE_S) == 0
    script = (run_folder(one.folder, new) / "in.resume").read_text()
    assert f"read_restart {lammps_files.checkpoint_name(places[-1])}\n" in script
    assert {file.name: sha256(file) for file in run_left.iterdir() if file.is_file()} == before
    outcome = claims.accept(one, new)
    assert outcome.ok, outcome.detail
    assert outcome.properties["frames"] == 51
    assert outcome.wall_s > earlier.wall_s > 0
    assert outcome.cpu_s > earlier.cpu_s > 0
    assert outcome.hashes == {name: sha256(one.folder / name) for name in (*LASTING, "system.json")}
    with DCDFile(str(one.folder / "trajectory.dcd")) as trajectory:
        assert len(trajectory) == 51
    assert not [*one.folder.glob("run-*"), *one.folder.glob("checkpoint-*"), *one.folder.glob("trajectory-*")]


@pytest.mark.parametrize("stops", [True, False])
def test_files_that_change_while_they_are_copied_are_copied_again(cut_off, tmp_path, monkeypatch, stops):
    one, real, copies = copied(cut_off, tmp_path), shutil.copyfile, []
    source = run_folder(one.folder, OLD)

    def copy_while_it_runs(path, target):
        real(path, target)
        copies.append(path)
        if path.name == "report.txt" and (len(copies) < 30 or not stops):
            first, *_, last = lammps_files.checkpoints(source)
            later = lammps_files.checkpoint_name(type(last)(last.step, last.done + 1))
            real(source / lammps_files.checkpoint_name(last), source / later)
            (source / lammps_files.checkpoint_name(first)).unlink()

    monkeypatch.setattr(shutil, "copyfile", copy_while_it_runs)
    mine = claims.begin(one, NEW)
    assert len(copies) > 30
    if stops:
        assert lammps_files.checkpoints(mine.folder) == lammps_files.checkpoints(source)
        assert cache.place_reached(mine) == cache.place_reached(claims.in_run(one, OLD))
    else:
        assert cache.place_reached(mine) is None
        assert list(mine.folder.iterdir()) == []


def test_a_run_that_ended_in_its_analysis_is_analysed_again_and_not_simulated_again(cut_off, tmp_path, monkeypatch):
    one = copied(cut_off, tmp_path)
    write, ran = progress.Progress.__call__, []

    def ends_in_analysis(self, step, fraction, grown=0):
        if step == "analysis":
            raise AskedToEnd
        write(self, step, fraction, grown)

    with monkeypatch.context() as patch:
        patch.setattr(progress.Progress, "__call__", ends_in_analysis)
        with pytest.raises(AskedToEnd):
            run_replica(claims.begin(one, NEW))
    frames = held(run_folder(one.folder, NEW))[2]
    monkeypatch.setattr(lammps.Lammps, "run", lambda *_: ran.append(1))
    last = claims.begin(one, "third")
    outcome = run_replica(last)
    assert outcome.ok, outcome.detail
    assert ran == []
    assert held(last.folder)[2] == frames


def test_the_furthest_of_several_runs_is_taken(cut_off, tmp_path):
    one = copied(cut_off, tmp_path)
    shutil.copytree(run_folder(one.folder, OLD), run_folder(one.folder, "less"))
    *_, last = lammps_files.checkpoints(run_folder(one.folder, "less"))
    (run_folder(one.folder, "less") / lammps_files.checkpoint_name(last)).unlink()
    time.sleep(0.01)
    (run_folder(one.folder, "less") / "report.txt").touch()
    assert cache.place_reached(claims.begin(one, NEW)) == last


def test_a_checkpoint_that_cannot_be_read_is_passed_over_for_that_of_another_run(tmp_path):
    from openmm import System, VerletIntegrator, XmlSerializer
    from openmm import openmm as mm

    system = System()
    system.addParticle(1.0)
    context = mm.Context(system, VerletIntegrator(0.001), mm.Platform.getPlatformByName("Reference"))
    context.setPositions([[0, 0, 0]])
    state = XmlSerializer.serialize(context.getState(positions=True))
    one = ReplicaTask("key", "*OCC*", 0, 5, "smoke", "pcff+", tmp_path / "0", 120.0, engine="openmm")
    for claim, blocks, text in (("a", 3, state), ("b", 9, state[: len(state) // 2])):
        folder = run_folder(one.folder, claim)
        write_json(folder / "task.json", cache.identity(one))
        write_json(folder / "system.json", {})
        write_json(folder / "checkpoint.json", {"place": {"step": 2, "blocks": blocks}, "state": text})
    mine = claims.begin(one, NEW)
    assert read_json(mine.folder / "checkpoint.json")["place"]["blocks"] == 3
