"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the published reference data, which is not part of the repository."""
    folder = Path(os.environ.get("AUTODISCO_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))
    if not folder.is_dir():
        pytest.skip(f"reference data not found in {folder}; set AUTODISCO_REFERENCE")
    return folder
