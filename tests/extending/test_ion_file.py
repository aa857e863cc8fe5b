"""A salt of an ion from outside of the package, as a user adds it: one file beside a protocol."""

import shutil
from pathlib import Path

from typer.testing import CliRunner

from autodisco.cli import commands
from autodisco.files import read_json
from autodisco.simulation import protocols

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "libob.toml"


def test_the_salt_of_an_ion_file_beside_a_protocol_is_simulated_and_analysed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text(text.replace("[system]", '[system]\nsalt = "LiBOB"\nions = ["libob.toml"]'))
    done = CliRunner().invoke(
        commands(), ["simulate", "*OCC*", "--protocol", "mine.toml", "--engine", "lammps", "--replicas", "1", "--json"]
    )
    assert done.exit_code == 0, done.output
    outcome = read_json(next(tmp_path.rglob("outcome.json")))
    assert outcome["ok"], outcome
    assert outcome["properties"]["anion_diffusivity_cm2_per_s"] is not None
