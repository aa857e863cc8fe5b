"""Replicas on a shared disk: one campaign a folder, nothing starts while it is not mounted, copies stand alone."""

import shutil
import tarfile

import pytest

from autodisco.campaign import load, open_folder, run
from autodisco.campaign.export import export_archive
from autodisco.campaign.fork import fork
from autodisco.campaign.replicas import settle
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import end_running, leave_replicas, make_up
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.shared import NETWORKED, mark_shared, require_local_disk
from autodisco.campaign.shared_marks import MARKER
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.verify import verify
from autodisco.errors import DiskAbsent, InputError, StorageError
from autodisco.machine import file_system
from autodisco.simulation import protocols
from autodisco.simulation.executors.psij_executor import PsijExecutor
from autodisco.simulation.executors.queue_folder import QueueFolder
from autodisco.store import Store, progress
from tests.campaign.conftest import write_campaign

REPLICAS = 20
MOUNTED = [("/", "ext4"), ("/home", "nfs4"), ("/home/me/disk", "xfs"), ("/scratch", "ext4"), ("/scratch", "lustre")]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/runs", "ext4"), ("/home/me/runs", "nfs4"), ("/home/me/disk/runs", "xfs"), ("/scratch/a", "lustre"),
     ("/homework", "ext4")],
)  # fmt: skip
def test_the_file_system_of_a_folder_is_the_nearest_around_it(tmp_path, path, kind):
    assert file_system(tmp_path.joinpath(path), MOUNTED) == kind


def test_a_database_on_a_network_file_system_is_refused_in_one_line(tmp_path, monkeypatch):
    assert file_system(tmp_path)
    require_local_disk(tmp_path / "not" / "there")
    monkeypatch.setattr("autodisco.campaign.shared.file_system", lambda path: "nfs4")
    assert "nfs4".startswith(NETWORKED)
    with pytest.raises(InputError, match=r"nfs4 file system, where SQLite .* simulation\.folder"):
        require_local_disk(tmp_path / "not" / "there")


def on_shared_disk(folder, shared="disk", **changes):
    """A campaign file that puts replicas on a disk beside it."""
    (folder / "disk").mkdir(exist_ok=True)
    file = write_campaign(folder, batch=1, **changes)
    file.write_text(file.read_text().replace("[simulation]\n", f'[simulation]\nfolder = "{shared}"\n'))
    return file


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A campaign of one iteration whose replicas lie on another disk, run to its end."""
    folder = tmp_path_factory.mktemp("shared")
    campaign = load(on_shared_disk(folder), folder / "runs")
    assert run(campaign) == 0
    return campaign, folder


def test_replicas_lie_on_the_shared_disk_and_the_database_does_not(ended):
    campaign, folder = ended
    shared = folder / "disk" / "small"
    assert list(shared.glob("simulations/*/*/*/outcome.json"))
    assert not (campaign.folder / "simulations").exists()
    assert not (shared / "state.db").exists()
    with Store.open_readonly(campaign.folder) as store:
        assert verify(store) == []
        assert any(row.path.startswith("simulations/") for row in store.files())
        row = store.replica_states(1)[0]
        assert store.replica_folder(row.key, row.protocol, row.replica).parts[-3:-1] == (row.key[:2], row.key)


def test_an_archive_holds_everything_and_stands_alone(ended, tmp_path):
    campaign, _ = ended
    with Store.open_readonly(campaign.folder) as store:
        export_archive(store, tmp_path / "small.tar.gz")
    with tarfile.open(tmp_path / "small.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    with Store.open_readonly(tmp_path / "small") as store:
        assert verify(store) == []
        assert store.shared == tmp_path / "small"
        assert store.get("settings")["simulation"]["folder"] == ""


def test_a_fork_has_a_shared_folder_of_its_own(ended, tmp_path):
    campaign, folder = ended
    with Store.open_readonly(campaign.folder) as store:
        fork(store, tmp_path / "other", 1, {})
    shared = folder / "disk" / "other"
    with Store.open_readonly(tmp_path / "other") as store:
        assert store.shared == shared
        assert verify(store) == []
        assert all(store.located(row.path).is_relative_to(shared) for row in store.files() if "outcome" in row.path)
    shutil.rmtree(shared)


def test_a_folder_belongs_to_one_campaign(tmp_path):
    campaign = load(on_shared_disk(tmp_path), tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        set_up(campaign, store)  # it finds its own
    other = load(on_shared_disk(tmp_path), tmp_path / "elsewhere")
    with (
        Store.create(other.folder) as store,
        pytest.raises(InputError, match=r"replicas of the campaign in .*runs/small"),
    ):
        set_up(other, store)


@pytest.mark.parametrize("found", ["nothing", "files"])
def test_a_folder_that_does_not_exist_or_holds_other_files_is_refused(tmp_path, found):
    campaign = load(on_shared_disk(tmp_path, "disk" if found == "files" else "no-disk"), tmp_path / "runs")
    if found == "files":
        (tmp_path / "disk" / "small").mkdir()
        (tmp_path / "disk" / "small" / "thesis.txt").write_text("important")
    with Store.create(campaign.folder) as store, pytest.raises(InputError, match=r"no such folder|holds files already"):
        set_up(campaign, store)
    assert not (tmp_path / "no-disk").exists()


def test_nothing_is_started_while_the_disk_is_not_mounted(prepared, tmp_path):
    campaign, store = prepared()
    (tmp_path / "disk").mkdir()
    simulation = campaign.settings.simulation.model_copy(update={"folder": str(tmp_path / "disk")})
    object.__setattr__(campaign, "settings", campaign.settings.model_copy(update={"simulation": simulation}))
    store.set(loaded=False)
    set_up(campaign, store)
    assert lack_of_room(campaign) == ""
    shutil.move(tmp_path / "disk", tmp_path / "unmounted")
    (tmp_path / "disk").mkdir()  # the place where it is mounted
    set_up(campaign, store)
    assert "is its disk mounted?" in lack_of_room(campaign)
    store.plan_replica(store.polymers("seed")[0].key, "smoke", 0, 1)
    with pytest.raises(StorageError, match="is its disk mounted"):
        settle(campaign, store)
    assert list((tmp_path / "disk").iterdir()) == []
    shutil.rmtree(tmp_path / "disk")
    shutil.move(tmp_path / "unmounted", tmp_path / "disk")
    assert lack_of_room(campaign) == ""


@pytest.fixture
def clustered(tmp_path):
    """A campaign on a cluster that has replicas on a shared disk, one of which runs, and its store."""
    file = on_shared_disk(tmp_path)
    file.write_text(file.read_text() + '[executor]\nkind = "psij"\n')
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        campaign = write_copies(campaign, store)
        store.add_polymer("ab12", "*OCC*", "*OCC*", "seed")
        for replica in range(REPLICAS):
            store.plan_replica("ab12", "smoke", replica, 0)
            handle = f"{replica}-ab12-{replica}"
            store.update_replica("ab12", "smoke", replica, status="running", executor="psij", handle=handle)
            campaign.pool.executor.queue.put(handle, {})
        yield campaign, store


def unmount(disk):
    shutil.move(disk, disk.with_name("unmounted"))
    disk.mkdir()  # the place where it is mounted


def mount(disk):
    disk.rmdir()
    shutil.move(disk.with_name("unmounted"), disk)


@pytest.mark.parametrize(("why", "event"), [("pause", "not paused"), ("stop", "not stopped")])
def test_a_pause_or_a_stop_while_the_disk_is_away_is_journalled_once_and_made_up_for(clustered, tmp_path, why, event):
    campaign, store = clustered
    unmount(tmp_path / "disk")
    for _ in range(2):  # the stage leaves its replicas, and then the daemon
        leave_replicas(campaign, store, why)
    assert {(row.status, row.handle is None) for row in store.replica_states()} == {("running", False)}
    assert [row.event for row in store.journal()].count(event) == 1
    assert "is its disk mounted?" in progress(store).undone
    assert list((tmp_path / "disk").iterdir()) == []
    mount(tmp_path / "disk")
    queue = campaign.pool.executor.queue
    assert not queue.held
    done = make_up(campaign.settings, store, campaign.pool.executor)
    assert queue.held
    if why == "pause":
        assert done
        assert progress(store).undone == ""
        assert store.journal()[-1].event == "made up"
        assert len(queue.listing().waiting) == REPLICAS
    else:  # no batch system answers here, but the replicas are taken out of the folder
        assert {row.status for row in store.replica_states()} == {"waiting"}
        assert not queue.listing().waiting


def test_many_replicas_are_cancelled_with_one_listing(clustered, monkeypatch):
    campaign, store = clustered
    listed, listing = [], QueueFolder.listing
    monkeypatch.setattr(QueueFolder, "listing", lambda queue: listed.append(queue) or listing(queue))
    end_running(campaign.settings, store)
    assert len(listed) == 1
    assert {row.status for row in store.replica_states()} == {"waiting"}
    assert not campaign.pool.executor.queue.listing().waiting


def test_a_queue_folder_is_not_made_where_its_disk_is_not_mounted(tmp_path):
    for folder, queue in (
        (tmp_path / "disk" / "small", "queue"),
        (tmp_path / "runs", str(tmp_path / "disk" / "queue")),
    ):
        executor = PsijExecutor(queue=queue)
        executor.serve("small", folder)
        with pytest.raises(DiskAbsent, match=r"no queue folder; is its disk mounted"):
            executor.hold(False)
    with pytest.raises(FileNotFoundError):
        QueueFolder(tmp_path / "disk" / "queue").create()
    assert not (tmp_path / "disk").exists()


def test_a_shared_folder_may_be_moved_with_its_marker_and_not_given_up(ended, tmp_path):
    campaign, folder = ended
    shutil.copytree(campaign.folder, tmp_path / "runs" / "small")
    shutil.copytree(folder / "disk" / "small", tmp_path / "moved" / "small")
    copied = open_folder(tmp_path / "runs" / "small")

    def with_folder(where):
        simulation = copied.settings.simulation.model_copy(update={"folder": where})
        with Store.open(copied.folder) as store:
            set_up(type(copied)(copied.settings.model_copy(update={"simulation": simulation}), copied.folder), store)
            mark_shared(store)
            return store.shared, verify(store)

    with pytest.raises(InputError, match="replicas of the campaign in"):  # the copy of a campaign that is there
        with_folder(str(folder / "disk"))
    marker = tmp_path / "moved" / "small" / MARKER
    marker.write_text(marker.read_text().replace(str(campaign.folder.absolute()), "/gone"))
    assert with_folder(str(tmp_path / "moved"))[0] == tmp_path / "moved" / "small"
    assert str(copied.folder) in marker.read_text()
    for where in ("", str(folder)):
        with pytest.raises(InputError, match=f"keep the value, or move that folder with its {MARKER}"):
            with_folder(where)


TOLD = """
from autodisco.simulation.executors import LocalExecutor


class Told(LocalExecutor):
    def serve(self, campaign, folder, stalled_s=0.0):
        self.folder = folder
"""


def test_executor_and_replicas_find_what_they_need_on_the_shared_disk(tmp_path):
    (tmp_path / "told.py").write_text(TOLD)
    (tmp_path / "mine.toml").write_text((protocols.SHIPPED / "smoke.toml").read_text())
    file = on_shared_disk(tmp_path)
    file.write_text(file.read_text().replace('"smoke"', '"mine.toml"') + '[executor]\nkind = "told.py:Told"\n')
    campaign, shared = load(file, tmp_path / "runs"), tmp_path / "disk" / "small"
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        campaign = write_copies(campaign, store)
        assert campaign.pool.executor.folder == shared
        store.add_polymer("ab12", "*OCC*", "*OCC*", "seed")
        store.plan_replica("ab12", "smoke", 0, 0)
        task = Tasks(campaign, store).of(store.replica_states()[0])
        assert task.folder == shared / "simulations" / "ab" / "ab12" / "0"
        assert task.protocol == str(shared / "protocol.toml")
        assert (shared / "protocol.toml").read_bytes() == (campaign.folder / "protocol.toml").read_bytes()
        assert campaign.protocol_name(task) == "smoke"
