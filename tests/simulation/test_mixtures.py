"""Boxes of mixtures: what is in them, equal energies in both engines, and transport of every species."""

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.analysis.components import components_of
from autodisco.files import read_json, write_json
from autodisco.simulation import builder, forcefield, protocols, run_replica
from autodisco.simulation.batch import replica_task
from tests.simulation.mixtures import MIXTURES, mixture

PCFF = forcefield.load("pcff+")
SMOKE = protocols.load("smoke").system
ALONE = [name for name in MIXTURES if name != "magnesium"]


@pytest.fixture(scope="module")
def systems():
    return {name: builder.build(mixture(name), SMOKE, 1, PCFF) for name in MIXTURES}


def counts(system):
    return {part.name: (part.role, part.count, part.charge) for part in system.components}


def test_a_box_holds_its_components_and_no_net_charge(systems):
    for name, system in systems.items():
        assert abs(system.charges.sum()) < 1e-9, name
        covered = sorted(span for part in system.components for span in part.atoms)
        assert [stop for _, stop in covered] == [start for start, _ in covered[1:]] + [len(system.elements)], name
        assert sum(part.charge * part.count for part in system.components) == 0, name
    assert counts(systems["magnesium"])["TFSI"] == ("anion", 2, -1.0)
    assert counts(systems["magnesium"])["Mg"] == ("cation", 1, 2.0)
    assert set(counts(systems["two salts"])) == {"*CCO*", "Li", "TFSI", "Na", "PF6"}
    assert [part.role for part in systems["no salt"].components] == ["polymer"]
    assert [part.role for part in systems["blend"].components] == ["polymer", "polymer", "anion", "cation"]


@pytest.mark.parametrize("name", MIXTURES)
def test_energies_and_forces_of_a_mixture_equal_those_of_lammps(name, systems, tmp_path):
    pytest.importorskip("openmm")
    from tests.simulation.test_engine_openmm import check_parity

    ours, theirs = check_parity(tmp_path, systems[name], 7.0)
    assert ours == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("name", ["magnesium", *(pytest.param(name, marks=pytest.mark.slow) for name in ALONE)])
def test_a_mixture_runs_and_gives_transport_of_every_species(name, tmp_path):
    task = replica_task(mixture(name), "smoke", "pcff+", 0, 0, 1, tmp_path, 600.0, "lammps")
    outcome = run_replica(task)
    assert outcome.ok, outcome.detail
    properties = outcome.properties
    parts = components_of(read_json(task.folder / "system.json"))
    assert properties["species_count"] == {part.name: part.count for part in parts}
    assert properties["species_charge"] == {part.name: part.charge for part in parts}
    assert set(properties["species_diffusivity_cm2_per_s"]) == {part.name for part in parts}
    assert all(value >= 0 for value in properties["species_diffusivity_cm2_per_s"].values())
    assert properties["monomer_smiles"] == mixture(name).title
    check_concentration(task.folder, properties["concentration_actual_molal"])
    assert (properties["conductivity_s_per_cm"] is None) == (name == "no salt")
    if name == "magnesium":
        assert properties["charge_used"] == 2.0
        assert_nernst_einstein(properties, read_json(task.folder / "system.json"))


def check_concentration(folder, found):
    """Formula units per mass of polymer and solvent, as the builder counts them and as ions and their charges tell."""
    system = read_json(folder / "system.json")
    assert found == system["concentration_actual_molal"]
    assert found == pytest.approx(1000 * sum(system["salts"].values()) / system["matrix_mass_g_per_mol"])
    write_json(folder / "system.json", {name: value for name, value in system.items() if name != "salts"})
    assert analyze(folder).properties.concentration_actual_molal == pytest.approx(found)


def assert_nernst_einstein(properties, system):
    """One Mg²⁺ counts four times as much as a cation of charge 1 (kT in J, e in C, D in cm²/s, V in cm³)."""
    charges, counts, moved = (properties[f"species_{name}"] for name in ("charge", "count", "diffusivity_cm2_per_s"))
    total = sum(counts[ion] * charges[ion] ** 2 * moved[ion] for ion in ("Mg", "TFSI"))
    volume = float(np.prod(system["box_a"])) * 1e-24
    expected = 1.602176634e-19**2 / (volume * 1.380649e-23 * 500) * total
    assert properties["conductivity_ne_s_per_cm"] == pytest.approx(expected, rel=1e-6)
