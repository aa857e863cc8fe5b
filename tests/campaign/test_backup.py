"""Backups of the database, and the way back to one: whatever befell the database, the campaign goes on to its end."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from autodisco.campaign import open_folder, run
from autodisco.campaign.backup import BACKUPS, REPLACED, back_up, back_up_if_due, backups, restore
from autodisco.campaign.shared import check_owner
from autodisco.campaign.shared_marks import Mark
from autodisco.campaign.verify import verify
from autodisco.errors import AutodiscoError, InputError, OwnedError
from autodisco.store import Store
from tests.campaign.storm import result


def destroyed(folder):
    (folder / "state.db").write_bytes(b"no database at all" * 500)


def emptied(folder):
    (folder / "state.db").write_bytes(b"")


def gone(folder):
    (folder / "state.db").unlink()


def overwritten(folder):
    """Some of its pages hold nonsense."""
    content = bytearray((folder / "state.db").read_bytes())
    content[8192:40960] = os.urandom(32768)
    (folder / "state.db").write_bytes(content)


def sound(folder):
    """Nothing happened; a person wants to go back."""


@pytest.mark.fault("damaged database")
@pytest.mark.parametrize("damage", [destroyed, emptied, gone, overwritten, sound])
def test_from_a_backup_a_campaign_goes_on_to_the_same_end(finished, copied, call, monkeypatch, damage):
    """The backup is that of the beginning of the iteration: its values are taken in again, and not run again."""
    assert list(backups(copied)) == [1]
    monkeypatch.setenv("AUTODISCO_RUNS", str(copied.parent))
    with Store.open_readonly(copied) as store:
        (replica,) = [store.replica_folder(row.key, row.protocol, row.replica) for row in store.replicas(1)]
    before = (replica / "outcome.json").stat().st_mtime_ns
    damage(copied)
    said = call("restore", "small")
    assert said.code == 0, said.err
    assert "as it was at the beginning of iteration 1" in said.err
    if damage is sound:
        assert "lost: " in said.err
        assert "1 value" in said.err
        assert "1 model" in said.err
    with Store.open_readonly(copied) as store:
        assert (store.get("state"), store.get("iteration"), store.get("owner")) == ("generate", 1, None)
        assert verify(store) == []
    assert run(open_folder(copied)) == 0
    assert result(copied) == result(finished[0].folder)
    assert (replica / "outcome.json").stat().st_mtime_ns == before
    with Store.open_readonly(copied) as store:
        assert verify(store) == []
        assert [row.subject for row in store.journal() if row.event == "restore"] == ["backup 1"]
    assert (copied / BACKUPS / REPLACED / "state.db").is_file() == (damage is not gone)


@pytest.mark.fault("damaged database")
def test_a_damaged_database_is_said_to_be_and_how_to_go_on(copied, call):
    for damage in (destroyed, overwritten):
        damage(copied)
        said = call("run", copied)
        assert said.code != 0
        assert "autodisco restore" in said.err
        assert "Traceback" not in said.err


def test_a_campaign_that_a_process_has_open_is_not_restored(copied):
    code = "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM meta').fetchone(); print(1, flush=True); time.sleep(60)"  # noqa: E501
    with subprocess.Popen([sys.executable, "-c", code, str(copied / "state.db")], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(OwnedError, match=f"process {other.pid} has its database open"):
            restore(copied)
        other.kill()
    assert restore(copied).iteration == 1


def test_a_backup_that_is_not_there_or_damaged_is_refused_and_nothing_is_changed(copied):
    with Store.open_readonly(copied) as store:
        before = store.facts(), store.journal()
    with pytest.raises(InputError, match=r"no backup 7; there are 1"):
        restore(copied, 7)
    file = copied / BACKUPS / "1.db"
    damaged = bytearray(file.read_bytes())
    damaged[8192:40960] = os.urandom(32768)
    file.write_bytes(damaged)
    with pytest.raises(AutodiscoError, match=r"1\.db.*damaged"):
        restore(copied)
    file.unlink()
    with pytest.raises(InputError, match="no backup in"):
        restore(copied)
    with Store.open_readonly(copied) as store:
        facts, journal = before
        assert store.journal() == journal
        assert {**store.facts(), "heartbeat": None} == {**facts, "heartbeat": None}
    assert not (copied / BACKUPS / ".restore").exists()


def test_a_campaign_that_went_back_still_owns_its_folder_on_a_shared_disk(copied, tmp_path):
    """The mark there counts the owners, and the backup knows of fewer."""
    home = f"{socket.gethostname()}:{copied.absolute()}"
    (tmp_path / "shared").mkdir()
    backup = copied / BACKUPS / "1.db"
    (copied / "other").mkdir()
    backup.rename(copied / "other" / "state.db")
    with Store.open(copied / "other") as store:
        store.set(identity="ours", generation=2, shared_folder=str(tmp_path / "shared"))
    (copied / "other" / "state.db").rename(backup)
    Mark("ours", home, 7).write(tmp_path / "shared")
    restore(copied)
    with Store.open_readonly(copied) as store:
        assert store.get("generation") == 7
        check_owner(store)


@pytest.fixture
def at_iteration(prepared):
    """Says that the campaign is about to begin an iteration, and backs it up if that is due."""
    campaign, store = prepared()

    def arrive(number, **settings):
        changed = campaign.settings.backup.model_copy(update=settings)
        settings = campaign.settings.model_copy(update={"backup": changed})
        store.set(iteration=number)
        back_up_if_due(type(campaign)(settings, campaign.folder), store)
        return sorted(backups(campaign.folder))

    return arrive, campaign, store


def test_backups_rotate(at_iteration):
    arrive, campaign, _ = at_iteration
    for number in range(1, 6):
        arrive(number, keep=2)
        os.utime(campaign.folder / BACKUPS / f"{number}.db", (number, number))
    assert sorted(backups(campaign.folder)) == [4, 5]
    assert arrive(6, every=3) == [4, 5]
    assert 8 in arrive(8, every=3)
    assert 20 not in arrive(20, every=0)


@pytest.mark.fault("little disk or memory")
def test_without_room_no_backup_is_made_and_the_journal_says_so_once(at_iteration, monkeypatch):
    arrive, _, store = at_iteration
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patch:
        patch.setattr("autodisco.campaign.backup.shutil.disk_usage", lambda _: usage._replace(free=10_000_000))
        assert arrive(1) == arrive(1) == []
    assert [row.subject for row in store.journal() if row.event == "not backed up"] == ["1.db"]
    assert arrive(1) == [1]


def test_a_backup_that_was_interrupted_is_none(at_iteration, monkeypatch):
    _, campaign, store = at_iteration

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("autodisco.files.sync", killed)
    with pytest.raises(KeyboardInterrupt):
        back_up(store, campaign.folder / BACKUPS / "1.db")
    assert backups(campaign.folder) == {}


DIE_AT = """
import os, sys
from pathlib import Path
from autodisco.campaign import backup
left = [int(sys.argv[2])]
def dying(module, name):
    real = getattr(module, name)
    def call(*given, **more):
        if not left[0]:
            os._exit(9)
        left[0] -= 1
        return real(*given, **more)
    setattr(module, name, call)
for module, name in ((os, "replace"), (os, "unlink"), (os, "fsync"), (backup.shutil, "copyfile"), (os, "mkdir")):
    dying(module, name)
backup.restore(Path(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.fault("damaged database")
def test_a_restore_that_is_killed_leaves_the_one_database_or_the_other(copied, record_property):
    """Before every file that it writes, moves or removes."""
    whole, killed = copied.with_name("whole"), 0
    copied.rename(whole)
    while True:
        shutil.copytree(whole, copied)
        code = subprocess.run([sys.executable, "-c", DIE_AT, str(copied), str(killed)]).returncode
        with Store.open_readonly(copied) as store:
            assert store.damage() == []
            assert (store.get("state"), store.get("iteration")) in (("exhausted", 1), ("generate", 1))
        if code == 0:
            break
        assert code == 9
        assert restore(copied).iteration == 1
        with Store.open_readonly(copied) as store:
            assert verify(store) == []
        shutil.rmtree(copied)
        killed += 1
    assert killed > 5
    record_property("injections", killed)
