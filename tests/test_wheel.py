"""The wheel, in a folder where no repository is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Variables with which Python imports the content of the wheel."""
    made, place = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made], cwd=ROOT, check=True)
    (wheel,) = made.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(place)
    return {**os.environ, "PYTHONPATH": str(place)}


def autodisco(*words, **options):
    command = [sys.executable, "-m", "autodisco", *words]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_a_wheel_writes_a_campaign_file_that_can_be_run(installed, tmp_path):
    made = autodisco("new", "mine", cwd=tmp_path, env=installed, check=True)
    assert made.stdout.split() == ["mine.toml", "seeds/known_polymers.csv"]
    assert 'name = "mine"' in (tmp_path / "mine.toml").read_text()
    foreseen = autodisco("run", "--dry-run", "mine.toml", cwd=tmp_path, env=installed, check=True)
    assert "known_polymers.csv" in foreseen.stdout
    assert not (tmp_path / "runs").exists()


def test_another_file_of_the_same_seeds_can_be_written_beside_it(installed, tmp_path):
    autodisco("new", "one", cwd=tmp_path, env=installed, check=True)
    made = autodisco("new", "other", "--from", "overnight", cwd=tmp_path, env=installed, check=True)
    assert made.stdout.split() == ["other.toml"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("one",), "one.toml: is there already, and is not overwritten"),
        (("a/b",), "name 'a/b': allowed are letters"),
        (("two", "--from", "nothing"), "--from 'nothing': there is no such campaign file; allowed: htp-md, overnight"),
    ],
)
def test_a_file_that_cannot_be_written_harms_nothing(installed, tmp_path, words, complaint):
    (tmp_path / "one.toml").write_text("mine")
    told = autodisco("new", *words, cwd=tmp_path, env=installed)
    assert told.returncode == 2
    assert complaint in told.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["one.toml"]
    assert (tmp_path / "one.toml").read_text() == "mine"
