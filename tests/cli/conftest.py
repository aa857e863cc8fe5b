"""The command line, called in this process, and campaigns to call it on."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from autodisco.cli import run
from tests.filled_store import fill


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
def here(tmp_path, monkeypatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTODISCO_RUNS", raising=False)
    return tmp_path


@pytest.fixture
def ended(here) -> Path:
    """The folder of an ended campaign, ``runs/found``."""
    fill(here / "runs" / "found", state="exhausted", alive=False).close()
    return here / "runs" / "found"
