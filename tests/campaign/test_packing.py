"""Packed replicas: three files each, still sound, still finished, and as before when they are unpacked."""

import shutil
import zipfile

import pytest

from autodisco.analysis import analyze
from autodisco.campaign.clean import clean
from autodisco.campaign.fork import fork
from autodisco.campaign.packing import pack, unpack
from autodisco.campaign.verify import verify
from autodisco.errors import InputError
from autodisco.files import PACKED, sha256
from autodisco.store import Store


@pytest.fixture
def store(finished, tmp_path):
    campaign, _ = finished
    shutil.copytree(campaign.folder, tmp_path / "copy")
    with Store.open(tmp_path / "copy") as opened:
        yield opened


@pytest.fixture
def folder(store):
    row = next(row for row in store.replica_states() if row.status == "done")
    return store.replica_folder(row.key, row.protocol, row.replica)


def content(folder):
    return {path.name: sha256(path) for path in folder.iterdir()}


def test_packed_files_are_verified_and_come_back_as_they_were(store, folder):
    before = content(folder)
    done = pack(store)
    assert done.replicas == len(store.replica_states())
    assert {path.name for path in folder.iterdir()} == {PACKED, "outcome.json", "task.json"}
    assert done.after == 3 * done.replicas < done.before
    assert verify(store) == []
    assert pack(store).replicas == 0
    unpack(store)
    assert content(folder) == before
    assert verify(store) == []
    assert [row.event for row in store.journal()][-2:] == ["pack", "unpack"]


def test_damage_within_an_archive_is_found(store, folder):
    pack(store)
    place = store.place(folder)
    with zipfile.ZipFile(folder / PACKED) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = members["topology.pdb"]
    with zipfile.ZipFile(folder / PACKED, "w") as archive:
        archive.writestr("topology.pdb", changed[:-1] + b"x")
        archive.writestr("system.json", members["system.json"][:-1])
    problems = verify(store)
    assert f"{place}/topology.pdb: its content has changed" in problems
    assert f"{place}/trajectory.dcd: missing" in problems
    assert any(problem.startswith(f"{place}/system.json: ") and "were written" in problem for problem in problems)


def test_packing_that_was_interrupted_is_finished_by_the_next_one(store, folder):
    before = content(folder)
    shutil.copytree(folder, folder.parent / "kept")
    pack(store)
    for name in ("trajectory.dcd", "report.txt"):  # killed after the archive was written
        shutil.copy2(folder.parent / "kept" / name, folder / name)
    shutil.rmtree(folder.parent / "kept")
    pack(store)
    assert verify(store) == []
    unpack(store)
    assert content(folder) == before


def test_who_needs_the_files_says_how_to_get_them(store, folder):
    pack(store)
    with pytest.raises(InputError, match="pack NAME --undo"):
        analyze(folder)
    assert "pack --undo" in clean(store).problems[0]


def test_a_fork_takes_packed_replicas_along(store, tmp_path):
    pack(store)
    fork(store, tmp_path / "other", 1, {})
    with Store.open_readonly(tmp_path / "other") as other:
        assert verify(other) == []
        assert len(other.files()) > 3
