"""Fixtures shared by all tests."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from autodisco.cli import run
from autodisco.simulation.executors import slots
from tests.filled_store import fill


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the published reference data, which is not part of the repository."""
    folder = Path(os.environ.get("AUTODISCO_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found in {folder}; set AUTODISCO_REFERENCE")
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_slots(tmp_path_factory):
    """Campaigns of other tests and of this machine's users use other cores, as far as campaigns here know."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(slots.FOLDER, str(tmp_path_factory.mktemp("slots")))
        yield


@pytest.fixture(scope="session", autouse=True)
def campaigns_here():
    """Tests put their campaigns into folders of their own, and none beside the code, where the next one finds it."""
    here = Path(__file__).parents[1] / "runs"
    before = set(here.glob("*"))
    yield
    assert not {place.name for place in set(here.glob("*")) - before}, f"tests left campaigns in {here}"


@pytest.fixture
def store(tmp_path):
    """The store of a campaign filled as a daemon would fill it."""
    with fill(tmp_path / "campaign") as opened:
        yield opened


def pytest_collection_modifyitems(items):
    """The reports of tests that inject a fault name it; `bench/faults.py` counts them."""
    for item in items:
        item.user_properties += [("fault", mark.args[0]) for mark in item.iter_markers("fault")]


@dataclass(frozen=True)
class Said:
    """What a command left: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def call(capsys):
    """Run one command line and return what it said."""

    def run_it(*arguments) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return run_it


@pytest.fixture
def calls(monkeypatch):
    """What is synced, moved and removed, in order, by the names of files; each call is really made."""
    made = []

    def recorded(name, paths):
        real = getattr(os, name)

        def call(*arguments, **more):
            made.append((name, *(Path(path).name for path in paths(*arguments))))
            return real(*arguments, **more)

        monkeypatch.setattr(os, name, call)

    recorded("fsync", lambda handle: [os.readlink(f"/proc/self/fd/{handle}")])
    recorded("replace", lambda source, target: [source, target])
    recorded("unlink", lambda path, **_: [path])
    return made
