"""Campaigns to call the command line on."""

from pathlib import Path

import pytest

from tests.filled_store import fill


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
