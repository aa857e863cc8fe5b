"""Files: whole or not at all, and tables read strictly."""

import subprocess
import sys

import pytest

from autodisco.errors import InputError
from autodisco.files import open_atomic, place_beside, read_text, remove_leftovers, write_atomic


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        read_text(tmp_path / "x.csv")
    with pytest.raises(InputError, match="No such file"):
        read_text(tmp_path / "none.csv")


@pytest.mark.fault("files of processes that died while they wrote")
def test_what_a_killed_process_was_writing_is_removed_and_nothing_else(tmp_path):
    folder = tmp_path / "simulations" / "key"
    folder.mkdir(parents=True)
    code = (
        "import os, signal, sys; from pathlib import Path; from autodisco import files\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_atomic(Path(sys.argv[1]) / 'outcome.json', 'half')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)])
    (left,) = folder.iterdir()
    write_atomic(folder / "task.json", "whole")
    mine = place_beside(folder / "outcome.json")
    elsewhere = left.with_name(left.name.replace("@", "@another-"))
    of_older_version = folder / f".outcome.json.{left.name.split('.')[-2]}.tmp"
    for path in (mine, elsewhere, of_older_version, folder / ".hidden.tmp", folder / ".tmp"):
        path.write_text("")
    remove_leftovers(tmp_path)
    assert not left.exists()
    assert not of_older_version.exists()
    kept = {"task.json", mine.name, elsewhere.name, ".hidden.tmp", ".tmp"}
    assert {path.name for path in folder.iterdir()} == kept


def through_a_stream(path):
    with open_atomic(path) as handle:
        handle.write("content")


@pytest.mark.fault("power loss")
@pytest.mark.parametrize(
    "write", [lambda path: write_atomic(path, "content"), through_a_stream], ids=["whole", "stream"]
)
def test_a_file_is_synced_before_it_takes_its_place_and_its_folder_after(tmp_path, calls, write):
    """Else a loss of power could leave an empty file under the name, or the old one after it was said to be written."""
    path = tmp_path / "folder" / "file"
    write(path)
    beside = place_beside(path).name
    steps = [call for call in calls if call[0] != "unlink"]
    assert steps == [("fsync", beside), ("replace", beside, "file"), ("fsync", "folder")]
    assert path.read_text() == "content"
