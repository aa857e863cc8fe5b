"""What a running campaign keeps on the disk, and that nothing is left half done or removed that is still needed."""

import itertools
import os
import shutil
import time

import pytest

from autodisco.campaign import open_folder, run
from autodisco.campaign import retention as keeping
from autodisco.campaign.asked_settings import ask
from autodisco.campaign.clean import clean, size_of
from autodisco.campaign.fork import fork
from autodisco.campaign.retention import Retention, remove_models
from autodisco.campaign.verify import verify
from autodisco.decide import ranking
from autodisco.files import PACKED
from autodisco.store import Store
from tests.campaign.test_keeping import done, three  # noqa: F401 (a fixture)

TRAJECTORIES = ("trajectory.dcd", "ions.dcd")


def with_settings(folder, **values):
    """The campaign with other settings of `simulation` or `loop`, and an open store."""
    for key, value in values.items():
        ask(folder, {f"{'loop' if key == 'keep_models' else 'simulation'}.{key}": value})
    return open_folder(folder), Store.open(folder)


def finish(campaign, store):
    Retention(campaign, store).finish(lambda: False)


def notes(store, event="clean"):
    return [row for row in store.journal() if row.event == event]


@pytest.mark.parametrize(("keep", "left"), [("all", (True, False)), ("ions", (False, True)), ("none", (False, False))])
def test_trajectories_are_kept_as_the_setting_says(copied, keep, left):
    replica = done(copied)
    before = size_of(replica)
    campaign, store = with_settings(copied, keep=keep)
    with store:
        values, counted = ranking(store), store.replicas_on_disk()
        finish(campaign, store)
        assert tuple((replica / name).exists() for name in TRAJECTORIES) == left
        assert ranking(store) == values
        assert verify(store) == []
        gone = before - size_of(replica)
        assert (gone > 0) == (keep != "all")
        assert [row.seen for row in notes(store)] == ([] if keep == "all" else [{"replicas": 1, "bytes": gone}])
        assert store.replicas_on_disk() == {**counted, "bytes": counted["bytes"] - gone}
        finish(campaign, store)
        assert len(notes(store)) == (keep != "all")


def test_a_stricter_setting_removes_what_was_kept_of_the_ions(copied):
    campaign, store = with_settings(copied, keep="ions")
    with store:
        finish(campaign, store)
        ask(copied, {"simulation.keep": "none"})
        finish(open_folder(copied), store)
        assert not (done(copied) / "ions.dcd").exists()
        assert verify(store) == []


def test_a_running_campaign_cleans_beside_its_work_and_journals_it_now_and_then(copied, monkeypatch):
    campaign, store = with_settings(copied, keep="none")
    with store:
        beside = Retention(campaign, store)
        beside()
        assert not (done(copied) / "trajectory.dcd").exists()
        assert notes(store) == []
        monkeypatch.setattr(keeping, "NOTED_EVERY_S", 0.0)
        beside()
        beside()
        (note,) = notes(store)
        assert (note.seen["replicas"], note.why) == (1, "as the settings ask for")


def dying(real, calls, place):
    """`real`, which dies at its call number `place` of all that `calls` counts."""

    def call(*arguments, **more):
        if next(calls) == place:
            raise KeyboardInterrupt
        return real(*arguments, **more)

    return call


@pytest.mark.fault("SIGKILL of daemon, engines, training")
@pytest.mark.parametrize("keep", ["ions", "none"])
def test_a_process_that_is_killed_before_any_step_leaves_what_the_next_one_finishes(
    copied, tmp_path, monkeypatch, record_property, keep
):
    """Each commit, each replaced file and each removed file is a place to die at."""
    ask(copied, {"simulation.keep": keep})
    deaths = 0
    for place in range(1, 100):
        folder = tmp_path / f"killed-{place}"
        shutil.copytree(copied, folder)
        calls, killed = itertools.count(1), False
        with monkeypatch.context() as patch, Store.open(folder) as store:
            for where, name in ((os, "replace"), (os, "unlink"), (store, "transaction")):
                patch.setattr(where, name, dying(getattr(where, name), calls, place))
            try:
                finish(open_folder(folder), store)
            except KeyboardInterrupt:
                killed = True
        if not killed:
            break
        deaths += 1
        with Store.open(folder) as store:
            assert verify(store) == [] or store.get("removing")
            finish(open_folder(folder), store)
            assert verify(store) == []
            left = {name: (done(folder) / name).exists() for name in TRAJECTORIES}
            assert left == {"trajectory.dcd": False, "ions.dcd": keep == "ions"}
            assert sum(row.seen["replicas"] for row in notes(store)) == 1
        shutil.rmtree(folder)
    assert deaths >= 5
    record_property("injections", deaths)


def test_a_trajectory_that_cannot_be_cleaned_is_told_once_and_the_others_are_cleaned(three):  # noqa: F811
    copied, folders = three
    campaign, store = with_settings(copied, keep="ions")
    with store:
        store.forget_file(folders[2] / "trajectory.dcd")  # nothing is recorded of a replica that failed
        finish(campaign, store)
        finish(campaign, store)
        assert [(folder / "trajectory.dcd").exists() for folder in folders[:2]] == [False, True]
        (note,) = notes(store, "not cleaned")
        assert note.subject == store.place(folders[1])
        assert "not as it was written" in note.why
        assert (folders[2] / "trajectory.dcd").exists()  # of a failed replica, which has a setting of its own


def test_packed_and_missing_trajectories_stop_nothing(three):  # noqa: F811
    copied, folders = three
    (folders[0] / PACKED).touch()
    (folders[1] / "trajectory.dcd").unlink()
    campaign, store = with_settings(copied, keep="none")
    with store:
        finish(campaign, store)
        assert {note.why for note in notes(store, "not cleaned")} == {
            "packed; first bring its files back with: autodisco pack --undo", "trajectory.dcd is missing"
        }  # fmt: skip


def test_folders_of_failed_replicas_go_after_some_days(three):  # noqa: F811
    copied, folders = three
    campaign, store = with_settings(copied, keep_failed_days=2.0)
    with store:
        key = store.replicas()[0].key
        store.update_replica(key, "smoke", 2, ended=time.time() - 86_400.0)
        finish(campaign, store)
        assert folders[2].is_dir()
        store.update_replica(key, "smoke", 2, ended=time.time() - 3 * 86_400.0)
        freed = size_of(folders[2])
        finish(campaign, store)
        assert [folder.is_dir() for folder in folders] == [True, True, False]
        (note,) = notes(store)
        assert note.seen == {"failed replicas": 1, "bytes": freed}
        assert "failed replicas for 2 days" in note.decided
        store.update_replica(key, "smoke", 2, ended=time.time() - 3 * 86_400.0 - 10)
        folders[2].mkdir()
        (folders[2] / "task.json").touch()
        finish(campaign, store)  # one that a later attempt made is not looked at again
        assert folders[2].is_dir()


def test_replicas_that_wait_run_or_were_chosen_ahead_are_not_touched(copied):
    campaign, store = with_settings(copied, keep="none", keep_failed_days=1e-9)
    with store:
        row = store.replicas()[0]
        homes = []
        for number, status in enumerate(("waiting", "running"), 1):
            store.plan_replica(row.key, row.protocol, number, 1 + number)
            store.update_replica(row.key, row.protocol, number, status=status)
            homes.append(store.replica_folder(row.key, row.protocol, number) / "run-abcd")
            shutil.copytree(done(copied), homes[-1])
        finish(campaign, store)
        assert all((home / "trajectory.dcd").exists() for home in homes)


def test_the_last_models_and_those_of_the_best_polymers_are_kept(copied):
    campaign, store = with_settings(copied, keep_models=2)
    with store:
        models = copied / "models"
        for number in range(2, 8):
            shutil.copy(models / "0.safetensors", models / f"{number}.safetensors")
            store.add_model(number, f"models/{number}.safetensors", {}, 1.0)
            store.record_file(models / f"{number}.safetensors")
        for number in range(2, 9):
            store.begin_iteration(number)
        best = store.replicas()[0].key
        store.write("UPDATE polymers SET iteration = 4 WHERE key = ?", best)  # drawn from model 3
        store.set(iteration=8)
        remove_models(campaign, store)
        assert sorted(int(path.stem) for path in models.glob("*.safetensors")) == [3, 6, 7]
        (note,) = notes(store, "models removed")
        assert note.seen["models"] == [0, 1, 2, 4, 5]
        assert note.seen["bytes"] > 1000
        assert not any("models/" in problem for problem in verify(store))
        assert len(store.models()) == 8
        remove_models(campaign, store)
        assert len(notes(store, "models removed")) == 1


@pytest.mark.fault("SIGKILL of daemon, engines, training")
def test_models_whose_removal_was_interrupted_are_removed_and_one_that_is_needed_again_is_trained(copied, monkeypatch):
    from autodisco.campaign.training import load_model

    campaign, store = with_settings(copied, keep_models=1)
    with store:
        first = copied / "models" / "0.safetensors"
        size = first.stat().st_size
        store.begin_iteration(2)
        store.set(iteration=2)
        store.write("UPDATE polymers SET iteration = 2 WHERE source = 'generated'")  # drawn from model 1
        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                remove_models(campaign, store)
        assert first.exists()
        remove_models(campaign, store)
        assert not first.exists()
        assert [row.seen["models"] for row in notes(store, "models removed")] == [[0]]
        load_model(campaign, store, 0)
        assert first.stat().st_size == size
        assert verify(store) == []


def test_a_fork_from_a_model_that_was_removed_begins_without_it(copied, tmp_path):
    _, store = with_settings(copied, keep_models=1)
    with store:
        store.set(models_removed=[0])
        store.forget_file(copied / "models" / "0.safetensors")
        (copied / "models" / "0.safetensors").unlink()
        assert verify(store) == []
        fork(store, tmp_path / "runs" / "other", 1, {})
    assert not (tmp_path / "runs" / "other" / "models" / "0.safetensors").exists()


def test_a_campaign_that_ends_has_removed_everything(copied):
    _, store = with_settings(copied, keep="none")
    with store:
        store.set(state="retrain", ended=None, resume_at=None)
    assert run(open_folder(copied)) == 0
    assert not (done(copied) / "trajectory.dcd").exists()
    with Store.open(copied) as store:
        assert notes(store)
        assert clean(store, "none").bytes == 0
