"""PCFF+ against published data files, coefficient by coefficient, and its coverage of published candidates."""

import csv

import numpy as np
import pytest
from rdkit import Chem

from autodisco.errors import SimulationFailure
from autodisco.polymer import parse
from autodisco.polymer.chains import chain
from autodisco.simulation import forcefield
from autodisco.simulation.forcefield import ions, pcff
from autodisco.simulation.forcefield.estimates import Estimator
from autodisco.simulation.forms import CLASS2_ANGLE, CLASS2_BOND, CLASS2_TORSION
from tests.simulation.reference_data import DataFile

PCFF, IONS = forcefield.load("pcff+"), ions.shipped()

FILES = ("pcff_plus/peo_system.lmp", "htp_md/9-0-246295613-0/relaxed.lmp")
KINDS = (
    ("Bonds", CLASS2_BOND),
    ("Angles", CLASS2_ANGLE),
    ("Dihedrals", CLASS2_TORSION),
)
# automatic threefold rows: the published files write phase 0 where the formula of the force field file means 180
KNOWN_PHASES = {"oz-c-c-na", "o_2-c-c-na"}
SIDED = {"BondAngle", "EndBondTorsion", "AngleTorsion"}


def backwards(section: str, row: np.ndarray) -> np.ndarray:
    """The coefficients of the same term with its atoms named from the other end."""
    if section in SIDED:
        half = (len(row) - 2) // 2
        return np.concatenate([row[half : 2 * half], row[:half], row[-2:][::-1]])
    if section in ("BondBond", "AngleAngleTorsion", "BondBond13"):
        return np.concatenate([row[:1], row[1:][::-1]])
    return row


@pytest.mark.parametrize("name", FILES)
def test_charges_equal_those_of_published_data_files_on_every_atom(reference, name):
    mol, _, charges, _ = DataFile(reference / name).chain()
    np.testing.assert_allclose(pcff.parameterise(mol).charges, charges, atol=1e-6)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("section", "form"), KINDS, ids=[k[0] for k in KINDS])
def test_every_term_equals_that_of_published_data_files(reference, name, section, form):
    data = DataFile(reference / name)
    mol, ids, _, _ = data.chain()
    molecule = pcff.parameterise(mol)
    terms = molecule.terms(form)
    ours = {tuple(atoms): row for atoms, row in zip(terms.atoms.tolist(), terms.parameters, strict=True)}
    index = {atom: i for i, atom in enumerate(ids)}
    published = [(t, tuple(index[a] for a in atoms)) for t, atoms in data.terms(section) if atoms[0] in index]
    assert len(published) == len(ours)
    for term_type, atoms in published:
        row = ours.get(atoms)
        for part, names in form.lammps_sections.items():
            where = form.columns(names)
            mine = row[where] if row is not None else backwards(part, ours[atoms[::-1]][where])
            theirs = data.rows(part)[term_type]
            types = "-".join(molecule.types[i] for i in atoms)
            if part == "Dihedral" and types in KNOWN_PHASES:
                mine, theirs = mine[::2], theirs[::2]
            np.testing.assert_allclose(mine, theirs, rtol=2e-4, atol=2e-3, err_msg=f"{part} {types}")


def test_lennard_jones_parameters_equal_those_of_the_published_peo(reference):
    data = DataFile(reference / FILES[0])
    mol, _, _, types = data.chain()
    published = data.rows("Pair")
    np.testing.assert_allclose(pcff.parameterise(mol).nonbonded, [published[t][-2:] for t in types], atol=6e-5)


def test_tfsi_equals_the_published_ion(reference):
    anion = PCFF.ion(IONS["TFSI"], 0.7)
    lines = [line.split() for line in (reference / "pcff_plus/TFSI.params").read_text().splitlines()]
    pairs = {tuple(map(float, words[3:5])) for words in lines if words and words[0] == "pair_coeff"}
    bonds = {tuple(map(float, words[2:4])) for words in lines if words and words[0] == "bond_coeff"}
    assert {tuple(row) for row in anion.nonbonded.tolist()} == pairs
    assert {tuple(row[:2]) for row in anion.terms(CLASS2_BOND).parameters.tolist()} == bonds
    assert anion.charges.sum() == pytest.approx(-0.7, abs=1e-9)
    assert [len(terms.atoms) for terms in map(anion.terms, (CLASS2_BOND, CLASS2_ANGLE, CLASS2_TORSION))] == [14, 25, 24]


def test_every_published_candidate_gets_parameters(reference):
    with open(reference / "polygen/generated_polymers_in_two_iterations.csv") as handle:
        candidates = [row["monomer_smiles"] for row in csv.DictReader(handle)]
    for smiles in candidates:
        molecule = pcff.parameterise(chain(parse(smiles), 3).mol)
        assert abs(molecule.charges.sum()) < 1e-9, smiles
        assert np.isfinite(molecule.terms(CLASS2_TORSION).parameters).all(), smiles


def test_a_wrong_public_bond_length_is_replaced_and_listed():
    molecule = pcff.parameterise(Chem.AddHs(Chem.MolFromSmiles("CNOC")))
    i = [sorted(molecule.types[a] for a in pair) for pair in molecule.bonds].index(["na", "o"])
    assert molecule.terms(CLASS2_BOND).parameters[i][0] == pytest.approx(
        1.45, abs=0.03
    )  # hydroxylamines; the public row has 1.325
    assert "bond na-o" in molecule.estimated_terms or "bond o-na" in molecule.estimated_terms


@pytest.mark.parametrize("smiles", ["CC(=O)OOC", "C=NOC", "CN(C)SC", "COOC", "O=C(C)NOC", "CON(C)S(C)(=O)=O"])
def test_single_bonds_between_o_n_and_s_have_the_lengths_of_their_kind_whatever_their_types(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    molecule = pcff.parameterise(mol)
    for (i, j), row in zip(molecule.bonds, molecule.terms(CLASS2_BOND).parameters, strict=True):
        elements = "".join(sorted(molecule.elements[i] + molecule.elements[j]))
        if (shortest := {"OO": 1.40, "NO": 1.36, "NS": 1.60}.get(elements)) is not None:
            assert shortest < row[0] < shortest + 0.15, (elements, row[0])
            assert any(term.startswith("bond") for term in molecule.estimated_terms)


def test_where_mmff_knows_nothing_uff_does():
    """Heights of UFF (Rappe et al., J. Am. Chem. Soc. 1992, 114, 10024): sqrt(2.119 x 1.225) for C-Si, 2 for O-O."""
    mol = Chem.AddHs(Chem.MolFromSmiles("C[SiH3]"))
    estimator = Estimator(mol)
    estimator._mmff = None
    assert estimator.torsion(2, 0, 1, 5) == pytest.approx((0, 0, 0, 0, (2.119 * 1.225) ** 0.5 / 2 / 9, 180))
    estimator = Estimator(Chem.AddHs(Chem.MolFromSmiles("OO")))
    estimator._mmff = None
    assert estimator.torsion(2, 0, 1, 3) == pytest.approx((0, 0, 1.0, 180, 0, 0))  # lowest at 90 degrees
    estimator = Estimator(Chem.AddHs(Chem.MolFromSmiles("C=C")))
    estimator._mmff = None
    assert estimator.out_of_plane(1, 0, 2, 3) == (3.0, 0.0)  # K = 6
    assert estimator.torsion(2, 0, 1, 4)[2] == pytest.approx(38.97 / 2 / 4, rel=1e-3)


def test_an_element_without_types_is_a_coded_failure():
    with pytest.raises(SimulationFailure) as caught:
        pcff.parameterise(Chem.AddHs(Chem.MolFromSmiles("C[Se]C")))
    assert caught.value.code == "parameters-missing"


# lengths (Å) and angles (degrees) of microwave and electron-diffraction structures; the public rows are far off
MEASURED_LENGTHS = [
    ("CC#N", "[CX4][CX2]", 1.46), ("CS(C)=O", "[SX3]=O", 1.485), ("CP(C)C", "[PX3][CX4]", 1.84),
    ("CC#CC#CC", "[CX2;$(C#C)]-[CX2;$(C#C)]", 1.38), ("COOC", "OO", 1.46), ("CN=C=O", "[CX2]=O", 1.17),
]  # fmt: skip


@pytest.mark.parametrize(("smiles", "pattern", "measured"), MEASURED_LENGTHS)
def test_lengths_that_belong_to_another_bond_are_replaced(smiles, pattern, measured):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    molecule = pcff.parameterise(mol)
    pair = set(mol.GetSubstructMatch(Chem.MolFromSmarts(pattern)))
    lengths = {
        frozenset(atoms): row[0]
        for atoms, row in zip(molecule.bonds.tolist(), molecule.terms(CLASS2_BOND).parameters, strict=True)
    }
    assert lengths[frozenset(pair)] == pytest.approx(measured, abs=0.04)


def test_three_rings_do_not_have_the_angles_of_open_chains():
    mol = Chem.AddHs(Chem.MolFromSmiles("CN1CC1"))
    molecule = pcff.parameterise(mol)
    ring = {frozenset((1, 2, 3))}
    thetas = [
        row[0]
        for atoms, row in zip(
            molecule.terms(CLASS2_ANGLE).atoms.tolist(), molecule.terms(CLASS2_ANGLE).parameters, strict=True
        )
        if frozenset(atoms) in ring
    ]
    assert len(thetas) == 3
    assert max(thetas) < 75


def test_torsions_of_odd_bonds_are_estimated_and_listed_and_those_of_ethers_are_not():
    assert any(
        term.startswith("torsion") for term in pcff.parameterise(Chem.AddHs(Chem.MolFromSmiles("COOC"))).estimated_terms
    )
    assert pcff.parameterise(Chem.AddHs(Chem.MolFromSmiles("COCCOC"))).estimated_terms == ()


def test_phosphazenes_keep_the_rows_that_were_made_for_them():
    molecule = pcff.parameterise(chain(parse("*N=P(*)(OC)OC"), 3).mol)
    lengths = [
        row[0]
        for atoms, row in zip(molecule.bonds.tolist(), molecule.terms(CLASS2_BOND).parameters, strict=True)
        if {molecule.elements[atom] for atom in atoms} == {"N", "P"}
    ]
    assert len(lengths) > 4
    assert lengths == pytest.approx([1.59] * len(lengths), abs=0.06)  # MMFF94 has 1.73; 1.58 measured
