"""A campaign of one iteration that uses the examples of objective, selection and labelling, run once."""

import shutil
from pathlib import Path

import pytest

from autodisco.campaign import load, run
from tests.campaign.conftest import DEFAULTS, TEMPLATE

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PARTS = """\
[objective]
name = "parts/objective.py:EFFICACY"
[acquire]
labelling = "parts/labelling.py:FixedBorder"
"""
SEEDS = """\
name,monomer_smiles,efficacy_s_per_cm,efficacy_s_per_cm_sem,protocol,force_field,n_replicas,reference
poly(ethylene oxide),*OCC*,2e-3,4e-4,smoke,pcff+,2,made up for a test
polyethylene,*CC*,1e-5,1e-6,smoke,pcff+,2,made up for a test
"""


def write_parts(folder: Path, **changes) -> Path:
    """Write a campaign file that names the examples by path, its seed file, and the examples beside it."""
    (folder / "parts").mkdir()
    for name in ("objective.py", "selection.py", "labelling.py"):
        shutil.copy(EXAMPLES / name, folder / "parts")
    (folder / "seeds.csv").write_text(SEEDS)
    file = folder / "small.toml"
    text = TEMPLATE.format(**DEFAULTS | {"batch": 3} | changes)
    chosen = 'selection = "parts/selection.py:Diverse"\nmost_selected = 1\n'
    file.write_text(text.replace('selection = "paper"\n', chosen) + PARTS)
    return file


@pytest.fixture(scope="session")
def campaign(tmp_path_factory):
    """The finished campaign."""
    folder = tmp_path_factory.mktemp("extended")
    found = load(write_parts(folder), folder / "runs")
    assert run(found) == 0
    return found
