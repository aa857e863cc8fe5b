"""How much a campaign takes on the disk, and how much it will."""

import os
import shutil
from collections import namedtuple

import pytest

from autodisco.store import disk as disks
from autodisco.store import list_campaigns, progress
from autodisco.text import size


def set_budget(store, **budget):
    store.set(budget={"iterations": 0, "simulations": 0, "hours": 0.0, **budget})


def test_sizes_are_counted_when_replicas_end_and_when_files_go(store):
    store.set(disk={"replicas": 2, "bytes": 500})
    store.count_on_disk(1, 300)
    store.count_on_disk(0, -200)
    assert store.replicas_on_disk() == {"replicas": 3, "bytes": 600}
    store.count_on_disk(0, -10_000)
    assert store.replicas_on_disk()["bytes"] == 0


def test_a_campaign_of_an_older_version_begins_with_its_recorded_files(store):
    home = store.folder / "simulations" / "ab" / "abc" / "0"
    home.mkdir(parents=True)
    for name, length in (("outcome.json", 10), ("trajectory.dcd", 90)):
        (home / name).write_bytes(b"x" * length)
        store.record_file(home / name)
    assert store.replicas_on_disk() == {"replicas": 1, "bytes": 100}
    store.count_on_disk(1, 50)
    assert store.replicas_on_disk() == {"replicas": 2, "bytes": 150}


@pytest.fixture
def counted(store):
    """A store whose replicas take 1,000 bytes each; and how many have ended, of how many polymers."""
    rows = [row for row in store.replica_states() if row.status in ("done", "failed")]
    store.set(disk={"replicas": len(rows), "bytes": 1000 * len(rows)})
    store.set(settings={**(store.get("settings") or {}), "loop": {"keep_models": 1}})
    return store, len(rows), len({row.key for row in rows})


def test_what_is_to_come_follows_from_the_budget(counted):
    store, done, polymers = counted
    set_budget(store, simulations=done + 7)
    seen = progress(store).disk
    assert seen.per_polymer == pytest.approx(1000 * done / polymers)
    assert (seen.to_come, seen.until) == (7000, "budget")
    assert f"about {size(7000)} more until the budget is spent" in seen.words
    set_budget(store, hours=2.0)
    store.set(active_s=3600.0)
    assert progress(store).disk.to_come == pytest.approx(1000 * done)
    set_budget(store, simulations=done + 7, hours=2.0)
    assert progress(store).disk.to_come == min(7000, 1000 * done)
    store.set(state="exhausted")
    assert progress(store).disk.to_come == 0


def test_without_a_budget_the_patience_says_what_comes_at_least(counted):
    store, _, _ = counted
    set_budget(store)
    store.set(settings={**store.get("settings"), "saturation": {"patience": 50}})
    seen = progress(store).disk
    assert seen.until == "patience"
    assert "more at least" in seen.words


def test_a_disk_that_is_too_small_is_told(counted, monkeypatch):
    store, done, _ = counted
    set_budget(store, simulations=done + 7)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 6000))
    assert not progress(store).disk.enough
    assert progress(store).disk.words.endswith("6.0 kB free: not enough")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 8000))
    assert progress(store).disk.enough


def test_no_folder_of_a_replica_is_looked_at(counted, monkeypatch, tmp_path):
    store, _, _ = counted
    real, looked = os.scandir, []
    monkeypatch.setattr(disks.os, "scandir", lambda path: looked.append(str(path)) or real(path))
    (row,) = list_campaigns(store.folder.parent)
    assert row.bytes > store.replicas_on_disk()["bytes"]
    assert not any("simulations" in path for path in looked)


def test_bytes_are_written_with_their_unit():
    assert [size(n) for n in (0, 7, 999, 1000, 1234, 9_960, 12_345, 4.26e7, 3.4e9, 1.2e13)] == [
        "0 B", "7 B", "999 B", "1.0 kB", "1.2 kB", "10 kB", "12 kB", "43 MB", "3.4 GB", "12000 GB"
    ]  # fmt: skip
