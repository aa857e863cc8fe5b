"""Replicas as processes: in parallel, with a timeout, adopted when finished, gone with their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from autodisco.files import read_json, write_json
from autodisco.polymer import parse
from autodisco.simulation import (
    Callbacks,
    LocalExecutor,
    Pool,
    ReplicaOutcome,
    ReplicaTask,
    builder,
    cache,
    claims,
    forcefield,
    progress,
    protocols,
    replica,
)
from autodisco.simulation.cache import finished_outcome, lasting_outcome
from autodisco.simulation.cohesion import cohesive_energies
from autodisco.simulation.engines import lammps
from tests.campaign.faulty_machine import Disk, missing


def task(folder: Path, smiles: str = "*OCC*", protocol: str = "smoke", timeout_s: float = 120.0) -> ReplicaTask:
    """One replica in `folder`."""
    return ReplicaTask("key", smiles, 0, 5, protocol, "pcff+", folder, timeout_s)


def run(
    tasks: list[ReplicaTask],
    outcomes: dict[str, ReplicaOutcome] | None = None,
    threads: int = 1,
    room=lambda: "",
    **settings,
):
    """Whether all ran, which were started, and `outcomes` by folder name."""
    started: list[str] = []
    outcomes = {} if outcomes is None else outcomes

    def done(finished, outcome):
        outcomes[finished.folder.name] = outcome

    pool = Pool(LocalExecutor(2, threads), **settings)
    calls = Callbacks(on_start=lambda t: started.append(t.folder.name), on_done=done, room=room)
    complete = pool.run(tasks, calls)
    return complete, started, outcomes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Two replicas that ran at the same time, and their outcomes by folder name."""
    folder = tmp_path_factory.mktemp("undisturbed")
    tasks = [task(folder / "a"), task(folder / "b", "*SCC*")]
    _, started, outcomes = run(tasks)
    assert sorted(started) == ["a", "b"]
    assert all(outcome.ok for outcome in outcomes.values())
    return tasks, outcomes


def test_a_finished_replica_is_adopted_and_not_run_again(undisturbed):
    tasks, first = undisturbed
    _, started, again = run(tasks)
    assert started == []
    assert again == first


@pytest.mark.fault("an engine that hangs")
def test_a_replica_that_stands_still_is_ended_with_a_code(tmp_path):
    waiting = task(tmp_path / "a", protocol="quick")
    stopped = []

    def freeze() -> bool:
        for pid in engines_in(tmp_path):
            if pid not in stopped:
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        return False

    _, _, outcomes = run([waiting], stop=freeze, stalled_s=15.0)
    assert stopped
    assert outcomes["a"].failure_code == "stalled"
    assert "no progress for 15 s" in outcomes["a"].detail
    assert not engines_in(tmp_path)


@pytest.mark.fault("little disk or memory")
def test_where_there_is_no_room_none_is_started_but_those_that_run_go_on(tmp_path):
    answers = iter([""])
    outcomes, waited = {}, []

    def room() -> str:
        return next(answers, "the disk is full")

    def stop() -> bool:
        """Some looks after the first replica ended."""
        waited.extend(outcomes)
        return len(waited) > 3

    complete, started, outcomes = run([task(tmp_path / "a"), task(tmp_path / "b")], outcomes, room=room, stop=stop)
    assert not complete
    assert started == ["a"]
    assert outcomes["a"].ok


@pytest.mark.fault("little disk or memory")
def test_with_room_again_what_waited_is_started(tmp_path):
    answers = iter(["the disk is full"] * 5)
    complete, started, outcomes = run([task(tmp_path / "a")], room=lambda: next(answers, ""))
    assert (complete, started, outcomes["a"].ok) == (True, ["a"], True)


def test_a_replica_uses_as_many_threads_as_it_may(tmp_path):
    _, _, outcomes = run([task(tmp_path / "a")], threads=2)
    assert outcomes["a"].ok
    assert "using 2 OpenMP thread(s)" in (tmp_path / "a" / "log.lammps").read_text()
    assert LocalExecutor(threads=2).workers == max(1, LocalExecutor().workers // 2)


def test_a_replica_over_its_time_is_killed_with_a_code(tmp_path):
    _, _, outcomes = run([task(tmp_path / "slow", protocol="quick", timeout_s=4.0)])
    assert outcomes["slow"].failure_code == "timeout"
    assert wait_for(lambda: not engines_in(tmp_path))  # a killed engine takes a moment to go


def test_a_stopped_executor_leaves_no_process_and_no_outcome(tmp_path):
    begun = time.monotonic()
    complete, _, outcomes = run([task(tmp_path / "a", protocol="quick")], stop=lambda: time.monotonic() > begun + 5)
    assert not complete
    assert not outcomes
    assert wait_for(lambda: not engines_in(tmp_path))
    assert not (tmp_path / "a" / "outcome.json").exists()


def wait_for(look, seconds: float = 30.0):
    """What `look` returns as soon as that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.mark.parametrize("victim", ["engine", "replica"])
@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_a_replica_that_is_killed_from_outside_starts_again_and_gives_the_same(undisturbed, tmp_path, victim):
    def kill_once():
        engine = wait_for(lambda: engines_in(tmp_path / "b"))[0]
        parent = int(Path(f"/proc/{engine}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(engine if victim == "engine" else parent, signal.SIGKILL)

    killer = threading.Thread(target=kill_once)
    killer.start()
    _, started, disturbed = run([task(tmp_path / "b")])
    killer.join()
    assert started == ["b"]
    assert disturbed["b"].properties == undisturbed[1]["a"].properties


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_the_reason_of_a_replica_that_crashed_names_the_signal_and_no_warning_of_python(tmp_path):
    def crash():
        engine = wait_for(lambda: engines_in(tmp_path / "a"))[0]
        parent = int(Path(f"/proc/{engine}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGSEGV)

    crasher = threading.Thread(target=crash)
    crasher.start()
    _, _, outcomes = run([task(tmp_path / "a", protocol="quick")])
    crasher.join()
    assert outcomes["a"].failure_code == "unknown"
    assert "was ended by SIGSEGV" in outcomes["a"].detail
    (log,) = (tmp_path / "a").glob("run-*/replica.log")
    assert "Warning" not in log.read_text()


def test_every_step_of_a_replica_tells_of_its_progress(tmp_path):
    """Fractions of time stand still while a box is built, minimised and analysed; a count of what is done does not."""
    placed, minimised, analysed = [], [], []
    unit, protocol = parse("*OCC*"), protocols.load("smoke")
    system = builder.build(unit, protocol.system, 1, forcefield.load("pcff+"), placed.append)
    assert placed == list(range(1, len(placed) + 1))
    assert len(placed) >= sum(system.components[0].units) + 2
    lammps.Lammps().write(tmp_path, system, protocol, 1)
    script = (tmp_path / "in.lammps").read_text().partition("\n# step 1")[0]
    (tmp_path / "in.lammps").write_text(script)
    program, environment = lammps.command()
    subprocess.run([*program, *lammps.arguments("in.lammps", "log.lammps")], cwd=tmp_path, env=environment, check=True)
    log = (tmp_path / "log.lammps").read_text()
    minimised = [line for line in log.partition("Step")[2].splitlines() if line.split() and line.split()[0].isdigit()]
    assert len(minimised) >= 5
    positions, edges = system.positions[None].repeat(3, 0), system.box[None].repeat(3, 0)
    cohesive_energies(system.molecules, positions, edges, 5.0, system.pair_rule, analysed.append)
    assert analysed == [0, 1, 2]


def test_a_growing_count_is_progress(tmp_path):
    told = progress.Progress(tmp_path, protocols.load("smoke"))
    assert progress.seen(tmp_path) is None
    told("build", 0.0, 3)
    first = progress.seen(tmp_path)
    told._written = 0.0
    told("build", 0.0, 4)
    assert first is not None
    assert progress.seen(tmp_path) not in (None, first)


def test_a_failure_of_the_machine_is_not_adopted(tmp_path):
    one = task(tmp_path / "a")
    one.folder.mkdir()
    write_json(one.folder / "task.json", cache.identity(one))
    lost = asdict(ReplicaOutcome.failed("unknown", "LAMMPS was not found", 0.0))
    write_json(one.folder / "outcome.json", lost)
    assert finished_outcome(one).failure_code == "unknown"
    assert lasting_outcome(one) is None
    write_json(one.folder / "outcome.json", lost | {"failure_code": "density-off"})
    assert lasting_outcome(one).failure_code == "density-off"


@pytest.mark.parametrize("stored", [{}, [], None, {"attempt": "x"}, {"attempt": 0, "protocol": None}])
def test_a_task_file_that_tells_nothing_is_that_of_another_task(tmp_path, stored):
    one = task(tmp_path / "a")
    one.folder.mkdir()
    write_json(one.folder / "task.json", stored)
    write_json(one.folder / "outcome.json", asdict(ReplicaOutcome.failed("density-off", "", 0.0)))
    assert finished_outcome(one) is None
    assert not claims.was_begun(one)


def test_a_changed_protocol_is_another_task(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    file = tmp_path / "mine.toml"
    file.write_text(text)
    one = task(tmp_path / "a", protocol=str(file))
    before = cache.identity(one)
    file.write_text(text.replace('purpose = "', 'purpose = "In other words: '))
    assert cache.identity(one) == before
    file.write_text(text.replace("cutoff = 5.0", "cutoff = 5.2"))
    assert cache.identity(one) != before


def test_a_polymer_that_cannot_be_simulated_is_a_code_not_a_crash(tmp_path):
    _, _, outcomes = run([task(tmp_path / "a", "*CC")])
    assert not outcomes["a"].ok
    assert "two" in outcomes["a"].detail


@pytest.mark.fault("full disk")
def test_a_replica_that_met_a_full_disk_is_run_again(tmp_path):
    hopeless = task(tmp_path / "a", "*CC")
    run([hopeless])
    stored = read_json(tmp_path / "a" / "outcome.json")
    write_json(tmp_path / "a" / "outcome.json", stored | {"failure_code": "no-disk"})
    _, started, outcomes = run([hopeless])
    assert started == ["a"]
    assert outcomes["a"].failure_code == "unknown"


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.fault("full disk")
@pytest.mark.fault("a disk that goes, and comes back")
@pytest.mark.parametrize("code", ["no-disk", "disk-fault"])
def test_a_replica_that_cannot_write_its_outcome_says_why(tmp_path, code):
    """Its log cannot be written either."""
    disk = Disk(tmp_path / "image", tmp_path / "disk")
    executor = LocalExecutor(1)
    try:
        handle = executor.submit(task(disk.folder / "a", "*CC"), "c1a1")
        disk.fill() if code == "no-disk" else disk.abort()
        wait_for(lambda: executor.poll([handle])[handle].state == "ended")
        sighting = executor.poll([handle])[handle]
        assert (sighting.code, sighting.killed) == (code, False)
    finally:
        disk.unmount()


def test_a_fault_of_the_program_is_a_code_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(replica, "prepare", lambda task, clock: [][1])
    outcome = replica.run_replica(task(tmp_path / "a"))
    assert (outcome.failure_code, outcome.detail) == ("unknown", "IndexError: list index out of range")
    assert finished_outcome(task(tmp_path / "a")) == outcome


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_engines_end_when_the_daemon_is_killed(tmp_path):
    program = (
        "import sys; from pathlib import Path; from autodisco.simulation import *;"
        "t = ReplicaTask('k', '*OCC*', 0, 5, 'quick', 'pcff+', Path(sys.argv[1]), 600.0);"
        "Pool(LocalExecutor(1)).run([t])"
    )
    daemon = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "a")])
    deadline = time.monotonic() + 60
    while not engines_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert engines_in(tmp_path)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    deadline = time.monotonic() + 10
    while engines_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not engines_in(tmp_path)


def engines_in(folder: Path) -> list[int]:
    """Processes whose working directory lies in `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if Path(os.readlink(entry / "cwd")).is_relative_to(folder):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_what_is_not_awaited_runs_on_and_the_next_call_looks_after_it(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "long"')
    (tmp_path / "long.toml").write_text(text.replace("duration_ps = 2\n", "duration_ps = 8\n"))
    short, further = task(tmp_path / "a"), task(tmp_path / "b", protocol=str(tmp_path / "long.toml"))
    pool, started, ended = Pool(LocalExecutor(2)), [], []

    def begin(one):
        started.append(one.folder.name)

    def end(one, outcome):
        ended.append((one.folder.name, outcome.ok))

    calls = Callbacks(on_start=begin, on_done=end, more=lambda: None if "b" in started else further)
    assert pool.run([short], replace(calls, awaited=lambda t: t == short))
    assert started == ["b", "a"]
    assert ended == [("a", True)]
    assert pool.running == [further]
    assert pool.run([], calls)
    assert ended == [("a", True), ("b", True)]
    assert pool.running == []
