"""Boxes of mixtures: what is in them, equal energies in both engines, and transport of every species."""

import pytest

from autodisco.simulation import builder, forcefield, protocols
from tests.simulation.mixtures import MIXTURES, mixture

PCFF = forcefield.load("pcff+")
SMOKE = protocols.load("smoke").system


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

    check_parity(tmp_path, systems[name], 7.0)
