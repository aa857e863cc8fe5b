"""Folders that machines share have one owner: what a copied campaign finds, here or on another machine."""

import shutil
import socket

import pytest

from autodisco.campaign import load, open_folder, stop
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.shared import Heartbeat, check_owner, mark_shared, take_shared
from autodisco.errors import InputError, OwnedError
from autodisco.store import Owner, Store
from tests.campaign.test_shared import on_shared_disk


def campaign_file(folder, queue="queue", shared=True):
    """A campaign on a cluster, with its replicas on a shared disk or in its folder."""
    file = on_shared_disk(folder)
    text = file.read_text() if shared else file.read_text().replace('folder = "disk"\n', "")
    file.write_text(f'{text}[executor]\nkind = "psij"\n[executor.options]\nqueue = "{queue}"\n')
    return file


def begin(file, runs):
    """A campaign that was started, and whose process has left."""
    campaign = load(file, runs)
    with Store.create(campaign.folder) as store:
        go_on(campaign, store)
    return campaign


def go_on(campaign, store):
    """What each start does."""
    check_owner(store)
    set_up(campaign, store)
    return write_copies(campaign, store)


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A campaign on one machine, a copy of its folder on another one, and a function that goes to a machine."""

    def on(host: str) -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: host)

    on("login1")
    first = begin(campaign_file(tmp_path), tmp_path / "runs")
    with Store.open(first.folder) as store:
        store.add_polymer("ab12", "*OCC*", "*OCC*", "seed")
        store.plan_replica("ab12", "smoke", 0, 0)
        store.update_replica("ab12", "smoke", 0, status="running", executor="psij", handle="1-ab12-0")
    first.pool.executor.queue.put("1-ab12-0", {})
    shutil.copytree(first.folder, tmp_path / "login2" / "runs" / "small")
    return first, open_folder(tmp_path / "login2" / "runs" / "small"), on


def test_a_copy_leaves_the_folder_alone_while_the_other_one_runs(copied, tmp_path):
    first, second, on = copied
    with Store.open(first.folder) as store:
        Heartbeat(store, Owner.this_process())()
    before = content(tmp_path / "disk")
    on("login2")
    with (
        Store.open(second.folder) as store,
        pytest.raises(OwnedError, match=r"process \d+ on login1 runs the"),
    ):
        go_on(second, store)
    with pytest.raises(OwnedError, match=r"nothing was changed here"):
        stop(second.folder)
    assert content(tmp_path / "disk") == before


def test_the_first_campaign_leaves_the_folder_alone_when_its_copy_went_on(copied, tmp_path):
    first, second, on = copied
    with Store.open(first.folder) as store:
        beat = Heartbeat(store, Owner.this_process())
        beat()
        beat.end()
        on("login2")
        with Store.open(second.folder) as other:
            go_on(second, other)
        before = content(tmp_path / "disk")
        on("login1")
        with pytest.raises(OwnedError, match=r"campaign in login2:.* went on with it .*; go on there"):
            go_on(first, store)
        with pytest.raises(OwnedError, match="went on with it"):  # one that was mistaken for dead
            Heartbeat(store, Owner.this_process())()
    with pytest.raises(OwnedError, match="went on with it"):
        stop(first.folder)
    assert content(tmp_path / "disk") == before


def test_a_campaign_that_was_moved_there_and_back_goes_on(copied):
    first, second, on = copied
    on("login2")
    with Store.open(second.folder) as store:
        go_on(second, store)
    shutil.rmtree(first.folder)
    shutil.move(second.folder, first.folder)
    on("login1")
    with Store.open(first.folder) as store:
        go_on(first, store)


def test_a_copy_beside_the_campaign_is_refused(tmp_path):
    first = begin(campaign_file(tmp_path), tmp_path / "runs")
    shutil.copytree(first.folder, tmp_path / "runs" / "copy")
    with (
        Store.open(tmp_path / "runs" / "copy") as store,
        pytest.raises(InputError, match=r"has the replicas of the campaign in .*runs/small"),
    ):
        go_on(open_folder(tmp_path / "runs" / "copy"), store)


def test_a_queue_folder_that_was_copied_with_a_campaign_is_refused(tmp_path):
    first = begin(campaign_file(tmp_path, shared=False), tmp_path / "runs")
    shutil.copytree(first.folder, tmp_path / "copies" / "small")
    second = open_folder(tmp_path / "copies" / "small")
    with Store.open(second.folder) as store:
        with pytest.raises(InputError, match=r"runs/small; it was copied with the campaign folder; remove it"):
            go_on(second, store)
        shutil.rmtree(second.folder / "queue")
        go_on(second, store)
        mark_shared(store)


def test_two_campaigns_do_not_share_a_queue_folder(tmp_path):
    (tmp_path / "disk").mkdir()
    file = campaign_file(tmp_path, queue=tmp_path / "disk" / "mine", shared=False)
    first = begin(file, tmp_path / "runs")
    with Store.open(first.folder) as store:
        go_on(first, store)
    with pytest.raises(InputError, match=r"disk/mine: the queue folder of the campaign in .*; take another"):
        begin(file, tmp_path / "elsewhere")
    with Store.open(first.folder) as store:
        store.copy_to(tmp_path / "runs" / ".fork.part")
        with Store.open(tmp_path / "runs" / ".fork.part") as copy, pytest.raises(InputError, match="take another"):
            take_shared(copy, first.settings.model_copy(update={"name": "fork"}), tmp_path / "disk" / "mine", new=True)
        store.set(loaded=True)
        shutil.rmtree(tmp_path / "disk" / "mine")
        go_on(first, store)  # its disk is not mounted
    assert not (tmp_path / "disk" / "mine").exists()
