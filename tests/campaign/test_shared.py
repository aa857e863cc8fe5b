"""Replicas on a shared disk: one campaign a folder, nothing starts while it is not mounted, copies stand alone."""

import shutil
import tarfile

import pytest

from autodisco.campaign import load, open_folder, run
from autodisco.campaign.export import export_archive
from autodisco.campaign.fork import fork
from autodisco.campaign.replicas import settle
from autodisco.campaign.room import lack_of_room
from autodisco.campaign.running import leave_replicas
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.shared import MARKER, NETWORKED, require_local_disk
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.verify import verify
from autodisco.errors import InputError, StorageError
from autodisco.machine import file_system
from autodisco.simulation import protocols
from autodisco.store import Store
from tests.campaign.conftest import write_campaign

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


@pytest.mark.parametrize("why", ["pause", "stop"])
def test_replicas_of_a_cluster_stay_as_they_are_while_the_disk_is_not_mounted(tmp_path, why):
    file = on_shared_disk(tmp_path)
    file.write_text(file.read_text() + '[executor]\nkind = "psij"\n')
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.add_polymer("ab12", "*OCC*", "*OCC*", "seed")
        store.plan_replica("ab12", "smoke", 0, 0)
        store.update_replica("ab12", "smoke", 0, status="running", executor="psij", handle="1-ab12-0")
        shutil.rmtree(tmp_path / "disk")
        (tmp_path / "disk").mkdir()  # the place where it is mounted
        leave_replicas(campaign, store, why)
        assert [(row.status, row.handle) for row in store.replica_states()] == [("running", "1-ab12-0")]
        last = store.journal()[-1]
    assert last.event == "not stopped"
    assert "is its disk mounted?" in last.why
    assert list((tmp_path / "disk").iterdir()) == []


def test_a_shared_folder_may_be_moved_with_its_marker_and_not_given_up(ended, tmp_path):
    campaign, folder = ended
    shutil.copytree(campaign.folder, tmp_path / "runs" / "small")
    shutil.copytree(folder / "disk" / "small", tmp_path / "moved" / "small")
    copied = open_folder(tmp_path / "runs" / "small")

    def with_folder(where):
        simulation = copied.settings.simulation.model_copy(update={"folder": where})
        with Store.open(copied.folder) as store:
            set_up(type(copied)(copied.settings.model_copy(update={"simulation": simulation}), copied.folder), store)
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
