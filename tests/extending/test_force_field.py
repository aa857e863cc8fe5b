"""A force field from outside of the package: OPLS-AA for alkanes, from one file."""

import dataclasses
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autodisco.campaign.settings_file import read_settings
from autodisco.cli import commands
from autodisco.errors import InputError, SimulationFailure
from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import builder, forcefield, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.cache import identity
from tests.simulation.test_forms import check_parts

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "force_field.py"
ALKANES = f"{EXAMPLE}:Alkanes"
WITHOUT_SALT = {"ion_pairs": 0, "molality": None, "polymer_mass_g_per_mol": 1500.0}


def neat(folder: Path) -> Path:
    """The protocol `smoke` without salt."""
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "neat"')
    text = text.replace("ion_pairs = 1\nmolality = 1.5", "ion_pairs = 0\npolymer_mass_g_per_mol = 400")
    (folder / "neat.toml").write_text(text)
    return folder / "neat.toml"


def test_both_engines_have_the_same_energy_for_it():
    settings = protocols.load("smoke").system.model_copy(update=WITHOUT_SALT)
    system = builder.build(parse("*CC(C)*"), settings, 1, forcefield.load(ALKANES))
    system = dataclasses.replace(system, positions=system.positions.round(5), box=system.box.round(6))
    assert {form.name for form in system.forms} == {"harmonic-bond", "harmonic-angle", "opls-torsion"}
    check_parts(system)


def test_it_is_given_by_its_path_on_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text())
    arguments = ["simulate", "*CC*", "--protocol", str(neat(tmp_path)), "--engine", "lammps", "--replicas", "1"]
    done = CliRunner().invoke(commands(), [*arguments, "--force-field", "mine.py:Alkanes", "--json"])
    assert done.exit_code == 0, done.output
    folder = next(tmp_path.rglob("outcome.json")).parent
    assert read_json(folder / "outcome.json")["ok"]
    assert "pair_style lj/cut/coul/long" in (folder / "in.lammps").read_text()
    assert "special_bonds lj/coul 0 0 0.5" in (folder / "in.lammps").read_text()


def test_an_edited_file_is_another_task_in_another_folder_and_a_moved_one_is_the_same(tmp_path):
    """Otherwise the outcome of the old force field would be taken for that of the new one."""

    def task_with(name: str, text: str, engine: str = "lammps"):
        file = tmp_path / name / "mine.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        named = f"{file}:Alkanes"
        given = ("pcff+", named) if engine == "file" else (named, engine)
        task = replica_task(parse("*CC*"), "smoke", given[0], 0, 0, 1, tmp_path, 60.0, given[1])
        return task.folder, identity(task)

    for engine in ("lammps", "file"):
        before = task_with("a", "one = 1", engine)
        assert task_with("b", "one = 1", engine) == before
        edited = task_with("a", "one = 2", engine)
        assert edited[0] != before[0]
        assert edited[1] != before[1]
        assert before[0].parent.name.startswith("seed-1-mine-Alkanes-")
    shipped = replica_task(parse("*CC*"), "smoke", "pcff+", 0, 0, 1, tmp_path, 60.0, "lammps")
    assert shipped.folder.parent.name == "seed-1"
    assert (identity(shipped)["force_field"], identity(shipped)["engine"]) == ("pcff+", "lammps")
    with pytest.raises(InputError, match=r"no.py cannot be read: No such file"):
        replica_task(parse("*CC*"), "smoke", "no.py:Alkanes", 0, 0, 1, tmp_path, 60.0, "lammps")


def test_in_a_campaign_file_its_path_is_relative_to_that_file(tmp_path):
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text())
    (tmp_path / "c.toml").write_text('name = "c"\n[simulation]\nforce_field = "mine.py:Alkanes"\n')
    found = read_settings(tmp_path / "c.toml", {}).simulation.force_field
    assert found == f"{tmp_path.resolve()}/mine.py:Alkanes"
    assert forcefield.load(found).pair_rule.mixing.name == "geometric"


def test_what_has_no_parameters_or_is_no_force_field_is_refused():
    settings = protocols.load("smoke").system
    with pytest.raises(SimulationFailure, match="Alkanes has no parameters for ions"):
        builder.build(parse("*CC*"), settings, 1, forcefield.load(ALKANES))
    with pytest.raises(SimulationFailure, match="only alkanes"):
        builder.build(parse("*OCC*"), settings.model_copy(update=WITHOUT_SALT), 1, forcefield.load(ALKANES))
    with pytest.raises(InputError, match="is not a subclass or an instance of ForceField"):
        forcefield.load(f"{EXAMPLE}:PairRule")
    with pytest.raises(InputError, match="force field 'pcf' does not exist"):
        forcefield.load("pcf")
