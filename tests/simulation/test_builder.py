"""Boxes: what is in them, that nothing overlaps, and that a seed makes them."""

import numpy as np
import pytest
from rdkit import Chem
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from autodisco.polymer import parse
from autodisco.polymer.chains import backbone_atoms, chain, degree_of_polymerisation, repeat_unit_mass
from autodisco.simulation import builder, forcefield, protocols
from autodisco.simulation.forms import CLASS2_ANGLE, CLASS2_TORSION
from autodisco.simulation.ring_piercing import pierced_rings

PCFF = forcefield.load("pcff+")
QUICK = protocols.load("quick").system
SMOKE = protocols.load("smoke").system
UNITS = ("*OCC*", "*CC*", "*CC(*)c1ccccc1", "*c1ccc(*)cc1", "*OC(=O)CCCC(=O)OCCOCC*", "*C1CCC(*)CC1", "*ONCCOC*")


def closest(system, counted=None) -> float:
    """Least distance in Å, at most 1.6, between atoms more than three bonds apart, across the periodic box."""
    x = np.mod(system.positions, system.box) % system.box
    pairs = cKDTree(x, boxsize=system.box).query_pairs(1.6, output_type="ndarray")
    bonds = system.bonds
    near = {tuple(sorted(p)) for p in bonds.tolist()}
    near |= {tuple(sorted((a[0], a[2]))) for a in system.terms(CLASS2_ANGLE).atoms.tolist()}
    near |= {tuple(sorted((a[0], a[3]))) for a in system.terms(CLASS2_TORSION).atoms.tolist()}
    apart = [p for p in pairs.tolist() if tuple(sorted(p)) not in near]
    if counted is not None:
        apart = [p for p in apart if counted[p].all()]
    d = [np.linalg.norm((v := x[i] - x[j]) - system.box * np.round(v / system.box)) for i, j in apart]
    return min(d, default=1.6)


def test_a_bond_through_a_ring_is_found_wherever_it_lies_in_the_box():
    rng = np.random.default_rng(0)
    corners = 1.4 * np.array([[np.cos(a), np.sin(a), 0.0] for a in np.arange(6) * np.pi / 3])
    through, beside = [(0.0, 0.0), (0.5, 0.3), (1.3, 0.1)], [(1.6, 0.0), (0.0, -1.3)]
    for expected, places in (([(0, 0)], through), ([], beside)):
        for x, y in places:
            bond = np.array([[x + 0.1, y, -0.7], [x - 0.1, y, 0.7]])
            turned = Rotation.random(rng=rng).apply(np.concatenate([corners, bond])) + rng.random(3) * 30 - 15
            turned[6:] += 12.0 * rng.integers(-1, 2, 3)  # another image of the bond
            assert pierced_rings([(0, 1, 2, 3, 4, 5)], np.array([[6, 7]]), turned, np.full(3, 12.0)) == expected


def test_a_bond_of_the_ring_or_beyond_its_reach_does_not_go_through_it():
    corners = 1.4 * np.array([[np.cos(a), np.sin(a), 0.0] for a in np.arange(6) * np.pi / 3])
    positions = np.concatenate([corners, [[0.0, 0.0, 0.9], [0.0, 0.0, 2.3], [2.8, 0.0, 0.0]]])
    bonds = np.array([[0, 1], [0, 8], [6, 7]])
    assert pierced_rings([(0, 1, 2, 3, 4, 5)], bonds, positions, np.full(3, 12.0)) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_box_of_polystyrene_has_no_overlaps_and_no_bond_through_a_ring(seed):
    system = builder.build(parse("*CC(*)c1ccccc1"), QUICK, seed, PCFF)
    assert closest(system) > 0.65
    heavy = np.array([element != "H" for element in system.elements])
    assert closest(system, heavy) > 1.05
    polymer = chain(parse("*CC(*)c1ccccc1"), system.components[0].units[0])
    offsets = system.offsets[: system.components[0].count]
    rings = [tuple(atom + offset for atom in r) for offset in offsets for r in polymer.mol.GetRingInfo().AtomRings()]
    assert len(rings) == sum(system.components[0].units)
    assert pierced_rings(rings, system.bonds, system.positions, system.box) == []


def hands(mol):
    return [hand for _, hand in Chem.FindMolChiralCenters(mol, useLegacyImplementation=False) if hand in "RS"]


@pytest.mark.parametrize("smiles", ["*C[C@H](C)O*", "*C[C@H](*)c1ccccc1", "*C[C@H](C)C[C@@H](*)C"])
def test_stereo_marks_of_a_unit_decide_the_tacticity_of_the_chain(smiles):
    system = builder.build(parse(smiles), QUICK, 2, PCFF)
    polymer = chain(parse(smiles), system.components[0].units[0]).mol
    assert len(hands(polymer)) >= 8
    assert hands(in_space(polymer, system)) == hands(polymer)


def test_without_stereo_marks_centres_are_as_they_fall():
    system = builder.build(parse("*CC(C)O*"), QUICK, 2, PCFF)
    polymer = chain(parse("*CC(C)O*"), system.components[0].units[0]).mol
    assert hands(polymer) == []
    assert set(hands(in_space(polymer, system))) == {"R", "S"}


def in_space(polymer, system):
    """The first chain with its stereo marks from the coordinates."""
    mol = Chem.Mol(polymer)
    conformer = Chem.Conformer(mol.GetNumAtoms())
    conformer.SetPositions(system.positions[: mol.GetNumAtoms()])
    mol.RemoveAllConformers()
    mol.AddConformer(conformer)
    Chem.AssignStereochemistryFrom3D(mol)
    return mol


@pytest.mark.parametrize("smiles", UNITS)
def test_a_box_has_the_wanted_salt_no_net_charge_and_no_overlaps(smiles):
    system = builder.build(parse(smiles), SMOKE, 1, PCFF)
    assert abs(system.charges.sum()) < 1e-9
    assert system.elements.count("Li") == SMOKE.ion_pairs
    assert system.labels["concentration_actual_molal"] == pytest.approx(SMOKE.molality, rel=0.35)
    assert closest(system) > 0.65


def test_the_quick_box_is_about_five_hundred_atoms_at_the_wanted_molality():
    system = builder.build(parse("*OCC*"), QUICK, 1, PCFF)
    assert 400 < len(system.elements) < 680
    assert system.labels["concentration_actual_molal"] == pytest.approx(1.5, rel=0.1)
    volume_a3 = float(np.prod(system.box))
    density = system.masses.sum() / volume_a3 / 0.602214076
    assert density == pytest.approx(QUICK.build_density_g_per_cm3, rel=1e-6)


def test_a_seed_decides_the_box():
    one, again, other = (builder.build(parse("*OCC*"), SMOKE, seed, PCFF).positions for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_bonds_between_units_have_a_chemical_length():
    system = builder.build(parse("*OCCSC*"), SMOKE, 3, PCFF)
    bonds = system.bonds
    lengths = np.linalg.norm(system.positions[bonds[:, 0]] - system.positions[bonds[:, 1]], axis=1)
    assert lengths.min() > 0.9
    assert lengths.max() < 2.1


def test_a_crowded_backbone_is_built():
    system = builder.build(parse("*CC(*)(C)C(=O)OC"), SMOKE, 1, PCFF)
    assert closest(system) > 0.65


@pytest.mark.parametrize(
    ("smiles", "backbone", "mass"), [("*OCC*", 3, 44.05), ("*C*", 1, 14.03), ("*c1ccc(*)cc1", 4, 76.10)]
)
def test_a_chain_has_n_units_between_methyl_caps(smiles, backbone, mass):
    unit = parse(smiles)
    assert backbone_atoms(unit) == backbone
    assert repeat_unit_mass(unit) == pytest.approx(mass, abs=0.01)
    polymer = chain(unit, 5)
    total = sum(atom.GetMass() for atom in polymer.mol.GetAtoms())
    assert total == pytest.approx(5 * mass + 2 * 15.035, abs=0.05)
    assert len(polymer.copy_of) == polymer.mol.GetNumAtoms()
    assert degree_of_polymerisation(unit, 150) * backbone >= 150
