"""Files of parts that are gone, and campaign folders that are moved: the copies in the folder take their place."""

import shutil
from pathlib import Path

import pytest

from autodisco.campaign import load, open_folder
from autodisco.campaign.copies import input_copy
from autodisco.campaign.fork import fork
from autodisco.campaign.setup import set_up, write_copies
from autodisco.campaign.stages.prepare import _load
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.verify import verify
from autodisco.decide import objective_of
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation import builder, forcefield, protocols
from autodisco.simulation.cache import identity
from autodisco.simulation.description import describe
from autodisco.store import Store, older_part_copy, part_copy
from tests.campaign.conftest import write_campaign
from tests.extending.conftest import EXAMPLES, write_parts


def start(campaign):
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        write_copies(campaign, store)
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
    assert start(load(file, tmp_path / "runs")) == given
    with Store.open_readonly(campaign.folder) as store:
        assert [row.event for row in store.journal()] == ["begin"]


def test_a_changed_name_is_still_refused(file, tmp_path):
    given = start(load(file, tmp_path / "runs"))["objective"][0]["name"]
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
        assert str(campaign.folder) in store.get("settings")["objective"][0]["name"]
    moved = tmp_path / "moved"
    shutil.move(campaign.folder, moved)
    with Store.open_readonly(moved) as store:
        assert objective_of(store).name == "efficacy"
    assert str(moved) in open_folder(moved).settings.objective[0].name


def test_a_fork_holds_the_names_as_they_were_given(campaign, tmp_path):
    shutil.copytree(campaign.folder, tmp_path / "runs" / "small")
    with Store.open(tmp_path / "runs" / "small") as store:
        settings = store.get("settings")
        gone = str(tmp_path / "gone" / "objective.py")
        settings["objective"][0]["name"] = f"{gone}:EFFICACY"
        store.set(settings=settings)
        (copy,) = (store.folder / "parts").glob("*/objective.py")
        store.forget_file(copy)
        part_copy(store.folder, Path(gone)).parent.mkdir()
        copy.rename(part_copy(store.folder, Path(gone)))
        fork(store, tmp_path / "other", 1, {})
    shutil.rmtree(tmp_path / "runs")
    with Store.open_readonly(tmp_path / "other") as store:
        assert store.get("settings")["objective"][0]["name"] == f"{gone}:EFFICACY"
        assert objective_of(store).name == "efficacy"
        assert verify(store) == []


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "# another line\n")


def test_an_edited_part_is_refused_with_the_campaign_file_and_does_not_reach_the_campaign(file, tmp_path):
    folder = load(file, tmp_path / "runs").folder
    start(load(file, tmp_path / "runs"))
    for name in ("objective", "labelling", "selection"):
        path = tmp_path / "parts" / f"{name}.py"
        text = path.read_text()
        edit(path)
        with pytest.raises(
            InputError, match=rf"{name}\.py was edited since the campaign began.*autodisco resume small"
        ):
            load(file, tmp_path / "runs")
        copy = part_copy(folder, path)
        assert copy.read_text() == text
        start(open_folder(folder))
        assert copy.read_text() == text
        path.write_text(text)
    assert (
        open_folder(folder).settings.objective[0].name
        == f"{part_copy(folder, tmp_path / 'parts/objective.py')}:EFFICACY"
    )
    load(file, tmp_path / "runs")


def test_an_edited_copy_of_a_part_is_refused(file, tmp_path):
    folder = load(file, tmp_path / "runs").folder
    start(load(file, tmp_path / "runs"))
    copy = part_copy(folder, tmp_path / "parts" / "objective.py")
    edit(copy)
    for look in (lambda: load(file, tmp_path / "runs"), lambda: open_folder(folder)):
        with pytest.raises(InputError, match=r"objective\.py was edited, and a campaign does not change its parts"):
            look()
    with Store.open_readonly(folder) as store:
        assert [wrong.partition(":")[0] for wrong in verify(store)] == [str(copy.relative_to(folder))]
    copy.unlink()
    start(open_folder(folder))  # made again from the file of the user, which is the same
    edit(tmp_path / "parts" / "objective.py")
    copy.unlink()
    with pytest.raises(InputError, match=r"objective\.py was edited since the campaign began"):
        open_folder(folder)


def test_copies_of_an_older_program_are_taken_over(file, tmp_path):
    folder = load(file, tmp_path / "runs").folder
    start(load(file, tmp_path / "runs"))
    original = tmp_path / "parts" / "objective.py"
    with Store.open(folder) as store:
        copy, older = part_copy(folder, original), older_part_copy(folder, original)
        store.forget_file(copy)
        copy.rename(older)
    text = original.read_text()
    edit(original)
    with pytest.raises(InputError, match="was edited since the campaign began"):
        load(file, tmp_path / "runs")
    start(open_folder(folder))
    assert copy.read_text() == text
    assert "parts/" in open_folder(folder).settings.objective[0].name


@pytest.fixture
def own_protocol(tmp_path):
    """A campaign whose protocol, ions, observable and force field are files of the user."""
    for name in ("libob.toml", "observable.py", "force_field.py"):
        shutil.copy(EXAMPLES / name, tmp_path)
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    own = text.replace("[system]", '[system]\nsalt = "LiBOB"\nions = ["libob.toml"]')
    (tmp_path / "mine.toml").write_text('observables = ["observable.py:PairDistance"]\n' + own)
    file = write_campaign(tmp_path, seeds='file = "seeds.csv"')
    named = 'protocol = "mine.toml"\nforce_field = "force_field.py:Alkanes"'
    file.write_text(file.read_text().replace('protocol = "smoke"', named))
    return file


def task_of(campaign):
    with Store.open(campaign.folder) as store:
        if not store.replicas():
            store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
            store.plan_replica("abc", store.get("protocol"), 0, 0)
        return Tasks(campaign, store).of(store.replicas()[0])


def test_a_campaign_with_a_protocol_by_path_goes_on_where_it_was_moved_and_without_its_files(own_protocol, tmp_path):
    campaign = load(own_protocol, tmp_path / "runs")
    given = start(campaign)
    before = task_of(campaign)
    first = identity(before)
    moved = tmp_path / "elsewhere" / "small"
    moved.parent.mkdir()
    shutil.move(campaign.folder, moved)
    for name in ("mine.toml", "libob.toml", "observable.py", "force_field.py"):
        (tmp_path / name).unlink()
    found = open_folder(moved)
    assert start(found) == given
    assert found.settings.simulation.protocol == str(moved / "protocol.toml")
    (observable,) = protocols.load(found.settings.simulation.protocol).observables
    assert observable.startswith(str(moved / "parts"))
    task = task_of(found)
    assert identity(task) == first  # what was simulated is not simulated again
    assert task.force_field_name == before.force_field_name == f"{tmp_path / 'force_field.py'}:Alkanes"
    system = builder.build(parse("*OCC*"), protocols.load("smoke").system, 1, forcefield.load("pcff+"))
    assert describe(system, protocols.load("smoke"), task)["force_field"] == task.force_field_name
    with Store.open_readonly(moved) as store:
        assert [row.event for row in store.journal()] == ["begin"]
        assert store.get("force_field") == task.force_field_name
        assert verify(store) == []


def test_seeds_are_named_as_they_were_given_where_an_archive_brought_a_copy(own_protocol, tmp_path):
    campaign = load(own_protocol, tmp_path / "runs")
    given = start(campaign)
    copy = input_copy(campaign.folder, "seeds.file", str(tmp_path / "seeds.csv"))
    copy.parent.mkdir()
    shutil.move(tmp_path / "seeds.csv", copy)
    here = f"mine,{tmp_path / 'force_field.py'}:Alkanes"
    copy.write_text(copy.read_text().replace("smoke,pcff+", here))
    found = open_folder(campaign.folder)
    assert found.settings.seeds.file == str(copy)
    assert start(found) == given
    with Store.open(campaign.folder) as store:
        _load(found, store)
        assert {row.origin for row in store.labels()} == {"seeds.csv"}
        assert [row.event for row in store.journal()] == ["begin", "loaded"]


def test_an_edited_observable_of_a_protocol_is_refused_and_another_one_may_be_added(own_protocol, tmp_path):
    folder = load(own_protocol, tmp_path / "runs").folder
    start(load(own_protocol, tmp_path / "runs"))
    observable, protocol = tmp_path / "observable.py", tmp_path / "mine.toml"
    (tmp_path / "more.py").write_text(observable.read_text().replace("pair_distance", "more_distance"))
    protocol.write_text(protocol.read_text().replace('["obs', '["more.py:PairDistance", "obs'))
    start(load(own_protocol, tmp_path / "runs"))
    assert len(protocols.load(str(folder / "protocol.toml")).observables) == 2
    edit(observable)
    with pytest.raises(InputError, match=r"observable\.py was edited since the campaign began"):
        load(own_protocol, tmp_path / "runs")


def test_a_fork_takes_the_edited_file_that_it_names(campaign, tmp_path):
    folder, path = tmp_path / "runs" / "small", tmp_path / "labelling.py"
    shutil.copytree(campaign.folder, folder)
    shutil.copy(EXAMPLES / "labelling.py", path)
    with Store.open(folder) as store:
        settings = store.get("settings")
        settings["acquire"]["labelling"] = f"{path}:FixedBorder"
        store.set(settings=settings)
    start(open_folder(folder))
    edit(path)
    with Store.open_readonly(folder) as store:
        fork(store, tmp_path / "same", 1, {})
        fork(store, tmp_path / "edited", 1, {"acquire.labelling": f"{path}:FixedBorder"})
    for name, expected in (("same", False), ("edited", True)):
        start(open_folder(tmp_path / name))
        assert ("# another line" in part_copy(tmp_path / name, path).read_text()) == expected
