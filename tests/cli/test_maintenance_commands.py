"""verify, clean, export and fork on the command line."""

import os
from pathlib import Path

import pytest

from autodisco.campaign.lock import hand_over
from tests.filled_store import fill


def test_problems_make_the_exit_code(call, ended):
    (ended / "events.jsonl").write_text("{}\n")
    said = call("verify", "found")
    assert said.code == 1
    assert "events.jsonl: differs from the journal" in said.out


def test_tables_and_archive_are_named(call, ended, tmp_path):
    said = call(
        "export", "found", "--out", tmp_path / "t", "--format", "csv,parquet", "--archive", tmp_path / "a.tar.gz"
    )
    assert said.code == 0
    names = [line.rpartition("/")[2] for line in said.out.splitlines()]
    assert len(names) == 4 * 3 + 3  # of each table CSV, its metadata and Parquet
    assert names[-3:] == ["campaign.toml", "ro-crate-metadata.json", "a.tar.gz"]
    assert "no --license" in said.err
    assert (tmp_path / "a.tar.gz").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["export", "found"], "--out DIR for tables, --archive FILE"),
        (["export", "found", "--format", "json", "--archive", "x"], "--license go with --out"),
        (["export", "found", "--out", "t", "--format", "xlsx"], "allowed are csv, parquet, json"),
        (["export", "found", "--out", "t", "--license", "of my own"], "a name of SPDX, such as CC-BY-4.0"),
        (["clean", "found", "--keep", "some"], "allowed is all, ions, none"),
        (["fork", "found"], "the new campaign needs a name"),
        (["fork", "found", "--as", "x", "--set", "seed"], "KEY=VALUE expected"),
        (["fork", "found", "--as", "../x"], "a name for a folder in runs/ expected"),
        (["export", "found", "--archive", "x.zip"], "a name that ends in .tar.gz is expected"),
        (["export", "found", "--archive", "there.tar.gz"], "is there already, and is not overwritten"),
        (["fork", "found", "--as", "x", "--from", "9"], "iteration 9 has not ended with a model"),
    ],
)
def test_what_is_missing_is_said_in_one_line(call, ended, arguments, complaint):
    Path("there.tar.gz").touch()
    said = call(*arguments)
    assert said.code == 2
    assert complaint in said.err
    assert said.err.count("\n") == 1


def test_restore_of_a_running_campaign_says_that_it_runs(call, here):
    with fill(here / "runs" / "busy") as store:
        hand_over(store, os.getppid())
    said = call("restore", "busy")
    assert said.code == 3
    assert "is run by process" in said.err


def test_cleaning_says_what_it_gained(call, ended):
    said = call("clean", "found", "--keep", "none")
    assert said.code == 0
    assert "0.0 MB freed in 0 replicas; trajectories kept: none" in said.err
