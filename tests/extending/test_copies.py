"""Files of parts that are gone, and campaign folders that are moved: the copies in the folder take their place."""

import shutil
from pathlib import Path

import pytest

from autodisco.campaign import load, open_folder
from autodisco.campaign.fork import fork
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.verify import verify
from autodisco.decide import objective_of
from autodisco.errors import InputError
from autodisco.store import Store, part_copy
from tests.extending.conftest import write_parts


def start(campaign):
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
    write_copies(campaign)
    with Store.open_readonly(campaign.folder) as store:
        return store.get("settings")


@pytest.fixture
def file(tmp_path):
    return write_parts(tmp_path)


def test_names_stay_as_they_were_given(file, tmp_path):
    campaign = load(file, tmp_path / "runs")
    given = start(campaign)
    (tmp_path / "parts").rename(tmp_path / "away")
    assert start(open_folder(campaign.folder)) == given
    assert start(load(file, tmp_path / "runs")) == given
    with Store.open_readonly(campaign.folder) as store:
        assert verify(store) == []
    moved = tmp_path / "moved"
    shutil.move(campaign.folder, moved)
    with Store.open_readonly(moved) as store:
        assert objective_of(store).name == "efficacy"
    shutil.move(moved, campaign.folder)
    (tmp_path / "away").rename(tmp_path / "parts")
    assert load(file, tmp_path / "runs").settings.model_dump() == given
    with Store.open_readonly(campaign.folder) as store:
        assert [row.event for row in store.journal()] == ["begin"]


def test_a_changed_name_is_still_refused(file, tmp_path):
    given = start(load(file, tmp_path / "runs"))["objective"]["name"]
    file.write_text(file.read_text().replace("parts/objective.py:EFFICACY", "conductivity"))
    (tmp_path / "parts" / "objective.py").unlink()
    with pytest.raises(InputError, match=f"'conductivity', but the campaign .* was started with '{given}'"):
        load(file, tmp_path / "runs")


def test_a_copy_is_found_where_the_folder_was_moved_to(file, tmp_path):
    """A store may hold the name of the copy itself."""
    campaign = load(file, tmp_path / "runs")
    start(campaign)
    shutil.rmtree(tmp_path / "parts")
    with Store.open(campaign.folder) as store:
        store.set(settings=open_folder(campaign.folder).settings.model_dump())
        assert str(campaign.folder) in store.get("settings")["objective"]["name"]
    moved = tmp_path / "moved"
    shutil.move(campaign.folder, moved)
    with Store.open_readonly(moved) as store:
        assert objective_of(store).name == "efficacy"
    assert str(moved) in open_folder(moved).settings.objective.name


def test_a_fork_holds_the_names_as_they_were_given(campaign, tmp_path):
    shutil.copytree(campaign.folder, tmp_path / "runs" / "small")
    with Store.open(tmp_path / "runs" / "small") as store:
        settings = store.get("settings")
        gone = str(tmp_path / "gone" / "objective.py")
        settings["objective"]["name"] = f"{gone}:EFFICACY"
        store.set(settings=settings)
        (copy,) = (store.folder / "parts").glob("objective-*")
        copy.rename(part_copy(store.folder, Path(gone)))
        fork(store, tmp_path / "other", 1, {})
    shutil.rmtree(tmp_path / "runs")
    with Store.open_readonly(tmp_path / "other") as store:
        assert store.get("settings")["objective"]["name"] == f"{gone}:EFFICACY"
        assert objective_of(store).name == "efficacy"
        assert verify(store) == []
