"""What may befall a machine, done to real campaigns: nothing that was found is lost, and the same call goes on.

The tests that need a file system of their own mount a small one in memory, which only root may do.
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from autodisco.campaign import interrupts, load, open_folder, recovery, run
from autodisco.campaign.states import advance
from autodisco.campaign.verify import verify
from autodisco.cli import run as command_line
from autodisco.errors import AutodiscoError, InputError, StorageError
from autodisco.generator.archive import load_archive
from autodisco.simulation import Callbacks, LocalExecutor, Pool, protocols
from autodisco.simulation.batch import replica_task
from autodisco.store import Store
from tests.campaign.conftest import work_first, write_campaign
from tests.campaign.faulty_machine import Disk, missing
from tests.campaign.storm import result


@contextmanager
def small_disk(folder, size):
    """A file system of its own in memory; yields what mounts it anew with other options."""
    folder.mkdir()

    def mount(*options):
        return subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True).returncode

    if mount("-o", f"size={size}"):
        pytest.skip("only root may mount a file system")
    try:
        yield lambda options: subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def goes_on_to(expected, campaign):
    assert run(campaign) == 0
    found = result(campaign.folder)
    for name in expected:
        assert found[name] == expected[name], name
    with Store.open_readonly(campaign.folder) as store:
        assert verify(store) == []


@pytest.mark.parametrize("size", ["300k", pytest.param("1m", marks=pytest.mark.slow)])
@pytest.mark.fault("full disk")
def test_a_full_disk_is_waited_for_and_with_room_it_goes_on(finished, tmp_path, capsys, monkeypatch, size):
    file = write_campaign(tmp_path, batch=1)
    file.write_text(file.read_text().replace("\nreplicas = 1", "\nreplicas = 1\nleast_free_disk_gb = 0"))
    monkeypatch.setattr(recovery, "PAUSES_S", (0.5,))
    with small_disk(tmp_path / "runs", size) as remount:
        monkeypatch.setenv("AUTODISCO_RUNS", str(tmp_path / "runs"))
        room = threading.Timer(10.0, remount, ["size=200m"])
        room.start()
        code = command_line(["run", str(file)])
        assert code in (0, 1)
        if code:  # there was no room to set it up
            assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
        room.join()
        goes_on_to(result(finished[0].folder), load(file, tmp_path / "runs"))


@pytest.mark.fault("read-only disk, or no right to write")
def test_a_disk_that_cannot_be_written_is_one_line_and_harms_nothing(finished, tmp_path, capsys):
    with small_disk(tmp_path / "runs", "200m") as remount:
        folder = tmp_path / "runs" / "small"
        shutil.copytree(finished[0].folder, folder)
        with Store.open(folder) as store:
            store.set(state="generate", ended=None)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
        remount("ro")
        for command in ("run", "start", "pause", "stop", "resume"):
            assert command_line([command, str(folder)]) == 1
            lines = capsys.readouterr().err.splitlines()  # a start also says that this disk is small
            (error,) = [line for line in lines if line.startswith("error")]
            assert error.startswith(
                f"error: {folder}: cannot be written, nothing is changed: its disk has to be mounted"
            )
            assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
        for question in (["status"], ["log"], ["verify"]):
            assert command_line([*question, str(folder)]) == 0
        with Store.open_readonly(folder) as store, pytest.raises(AutodiscoError, match="needs the right to write"):
            store.request("pause")
        remount("rw")
        assert run(open_folder(folder)) == 0


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.fault("a disk that goes, and comes back")
@pytest.mark.parametrize("happens", ["read-only", "lost", "malformed"])
def test_a_disk_that_goes_while_the_campaign_runs_is_waited_for(tmp_path, monkeypatch, happens):
    """The connection to the database that was open is of no use then, nor is the file of its log."""
    monkeypatch.setattr(interrupts, "POLL_S", 0.0)
    monkeypatch.setattr(recovery, "PAUSES_S", (0.5,))
    disk = Disk(tmp_path / "image", tmp_path / "disk")
    tries = []

    def work(campaign, store):
        tries.append(1)
        if len(tries) == 1:
            store.set(before=1)
            disk.abort() if happens == "read-only" else disk.shut_down()
            if happens != "read-only":
                disk.unmount()
                threading.Timer(1.5, disk.mount).start()
            else:
                threading.Timer(1.5, lambda: (disk.unmount(), disk.mount())).start()
            with contextlib.suppress(StorageError):
                store.set(before=2)
            if happens == "malformed":
                store.set(before=2)
            raise InputError("a file cannot be read")
        advance(store, "budget-spent", "enough")

    patience = threading.Timer(60.0, os.kill, (os.getpid(), signal.SIGTERM))
    patience.start()
    try:
        campaign = load(write_campaign(tmp_path), disk.folder)
        work_first(monkeypatch, work)
        assert run(campaign) == 0
        assert len(tries) > 1
        with Store.open_readonly(campaign.folder) as store:
            assert (store.get("state"), store.get("before")) == ("exhausted", 1)
            assert {row.event for row in store.journal()} >= {"retry stage"}
    finally:
        patience.cancel()
        disk.unmount()


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.fault("a disk that goes, and comes back")
def test_a_signal_ends_a_process_whose_disk_is_away(tmp_path, monkeypatch):
    disk = Disk(tmp_path / "image", tmp_path / "disk")

    def work(campaign, store):
        disk.shut_down()
        disk.unmount()
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
        store.set(after=1)

    work_first(monkeypatch, work)
    begun = time.monotonic()
    assert run(load(write_campaign(tmp_path), disk.folder)) == 75
    assert time.monotonic() - begun < 60
    disk.mount()
    try:
        with Store.open_readonly(disk.folder / "small") as store:
            assert (store.get("state"), store.get("after")) == ("prepare", None)
    finally:
        disk.unmount()


@pytest.mark.fault("deleted simulation folder")
def test_simulations_that_were_deleted_are_not_needed_to_go_on(finished, tmp_path):
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    with Store.open(folder) as store:
        settings = store.get("settings")
        settings["budget"]["iterations"] = 2
        store.set(settings=settings, state="generate", iteration=2, ended=None)
        store.begin_iteration(2)
        values = [row.properties for row in store.replicas(1)]
    shutil.rmtree(folder / "simulations")
    assert run(open_folder(folder)) == 0
    with Store.open_readonly(folder) as store:
        assert [row.properties for row in store.replicas(1)] == values
        assert len(store.replicas(2)) == 1
        assert all(problem.endswith("missing") for problem in verify(store))


@pytest.mark.fault("deleted simulation folder")
def test_a_simulation_deleted_while_it_runs_is_started_again(finished, tmp_path):
    file = write_campaign(tmp_path, batch=1)
    campaign = load(file, tmp_path / "runs")
    deleted = []

    def delete():
        deadline = time.monotonic() + 60
        while not deleted and time.monotonic() < deadline:
            for report in campaign.folder.glob("simulations/*/*/*/run-*/report.txt"):
                shutil.rmtree(report.parent, ignore_errors=True)
                deleted.append(report)
            time.sleep(0.02)

    threading.Thread(target=delete, daemon=True).start()
    assert run(campaign) == 0
    assert deleted
    with Store.open_readonly(campaign.folder) as store:
        (row,) = store.replicas(1)
        assert row.status == "done"
        assert {entry.event for entry in store.journal()} & {"restart", "retry"}


@pytest.mark.parametrize(
    "damage", ["changed", pytest.param("cut", marks=pytest.mark.slow), pytest.param("gone", marks=pytest.mark.slow)]
)
@pytest.mark.fault("damaged or lost model")
def test_a_damaged_model_is_trained_again_to_the_same_weights(finished, tmp_path, damage):
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    model = folder / "models" / "1.safetensors"
    content = model.read_bytes()
    shutil.copy(model, tmp_path / "before")
    with Store.open(folder) as store:
        settings = store.get("settings")
        settings["budget"]["iterations"] = 2
        store.set(settings=settings, state="generate", iteration=2, ended=None)
        store.begin_iteration(2)
    if damage == "cut":
        os.truncate(model, len(content) // 2)
    elif damage == "changed":
        model.write_bytes(content[:-4] + b"\0\0\0\0")
    else:
        model.unlink()
    assert run(open_folder(folder)) == 0
    for ours, theirs in zip(load_archive(model), load_archive(tmp_path / "before"), strict=True):
        assert str(ours) == str(theirs)
    with Store.open_readonly(folder) as store:
        assert [row.subject for row in store.journal() if row.event == "damaged"] == ["model 1"]
        assert verify(store) == []


@pytest.mark.fault("damaged checkpoint of a training")
@pytest.mark.parametrize(
    "left",
    [
        b"half a file",
        pytest.param(b"", marks=pytest.mark.slow, id="empty"),
        pytest.param(bytes(4096), marks=pytest.mark.slow, id="zeros"),
    ],
)
def test_a_damaged_training_checkpoint_means_training_from_the_beginning(finished, tmp_path, left):
    file = write_campaign(tmp_path, batch=1)
    campaign = load(file, tmp_path / "runs")
    (campaign.folder / "models").mkdir(parents=True)
    (campaign.folder / "models" / "0.checkpoint").write_bytes(left)
    goes_on_to(result(finished[0].folder), campaign)
    with Store.open_readonly(campaign.folder) as store:
        assert [row.subject for row in store.journal() if row.event == "damaged"] == ["0.checkpoint"]


@pytest.mark.parametrize("engine", ["lammps", pytest.param("openmm", marks=pytest.mark.slow)])
@pytest.mark.fault("damaged checkpoint of an engine")
def test_a_damaged_checkpoint_of_an_engine_costs_its_part_only(tmp_path, engine):
    from autodisco.files import write_json
    from autodisco.polymer import parse
    from autodisco.simulation.cache import identity
    from autodisco.simulation.replica import prepare

    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "legs"')
    text = text.replace("temperature_damping_fs = 100", "temperature_damping_fs = 100\ncheckpoint_every_ps = 0.5", 1)
    (tmp_path / "legs.toml").write_text(text)
    task = replica_task(parse("*OCC*"), str(tmp_path / "legs.toml"), "pcff+", 0, 0, 1, tmp_path, 300.0, engine)
    task.folder.mkdir(parents=True)
    write_json(task.folder / "task.json", identity(task))
    prepare(task)
    for name in ("checkpoint-2-100", "checkpoint-2-250") if engine == "lammps" else ("checkpoint.json",):
        (task.folder / name).write_bytes(b"half a file")
    outcomes = []
    Pool(LocalExecutor(1)).run([task], Callbacks(on_done=lambda t, outcome: outcomes.append(outcome)))
    (outcome,) = outcomes
    assert outcome.ok, outcome.detail
    assert outcome.properties["frames"] == 51


@pytest.mark.fault("clock that jumps, or is another on another host")
def test_a_clock_that_jumps_changes_nothing_that_was_found(finished, tmp_path, monkeypatch, record_property):
    file = write_campaign(tmp_path, batch=1)
    real, calls = time.time, [0]
    jumps = {3: 86_400.0, 5: -86_400.0}

    def jumping():
        calls[0] += 1
        return real() + jumps.get(calls[0] % 7, 0.0)

    monkeypatch.setattr(time, "time", jumping)
    assert run(load(file, tmp_path / "runs")) == 0
    record_property("injections", sum(n % 7 in jumps for n in range(calls[0] + 1)))
    goes_on_to(result(finished[0].folder), load(file, tmp_path / "runs"))


@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
def test_signalled_in_every_stage_it_ends_like_one_left_alone(finished, tmp_path, record_property):
    campaign = load(write_campaign(tmp_path, batch=1), tmp_path / "runs")
    moments = ("training model 0", "1: generate", "1: filter", "to simulate", "1: acquire", "training model 1")
    record_property("injections", len(moments))
    for moment, number in zip(moments, itertools.cycle((signal.SIGTERM, signal.SIGINT))):

        def say(line, moment=moment, number=number):
            if moment in line:
                os.kill(os.getpid(), number)

        assert run(campaign, say) == 75, moment
    goes_on_to(result(finished[0].folder), campaign)


@pytest.mark.fault("a program that holds the database")
@pytest.mark.parametrize("command", ["run", "start", "pause", "stop", "resume"])
def test_a_database_that_is_held_is_one_line_and_nothing_is_changed(finished, tmp_path, call, monkeypatch, command):
    monkeypatch.setattr("autodisco.store.connection.BUSY_S", 0.1)
    folder = tmp_path / "small"
    shutil.copytree(finished[0].folder, folder)
    with Store.open(folder) as holder:
        holder.set(state="generate", ended=None)
        with holder.transaction():
            holder.set(reason="what the other program writes")
            said = call(command, folder)
            assert said.code == 1
            assert f"{folder}/state.db: cannot be written (database is locked); nothing is changed" in said.err
            assert "Traceback" not in said.err
            held = holder.facts()
        assert holder.facts() == held
