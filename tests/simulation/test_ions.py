"""Ions and salts as data: files are complete, terms are right, salts are named by their ions."""

import re
from pathlib import Path

import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation import builder, forcefield, protocols
from autodisco.simulation.forcefield import ion_terms, ions
from autodisco.simulation.forms import CLASS2_ANGLE, CLASS2_BOND, CLASS2_IMPROPER

IONS = ions.shipped()
CATIONS = [ion for ion in IONS.values() if ion.charge > 0]
BOB = Path(__file__).parents[2] / "docs" / "examples" / "libob.toml"
ANIONS = [*(ion for ion in IONS.values() if ion.charge < 0), ions.read(BOB)]


@pytest.mark.parametrize("ion", ANIONS, ids=[ion.name for ion in ANIONS])
def test_an_anion_carries_its_charge_and_its_coordinates_fit_its_terms(ion):
    anion = ion_terms.class2(ion, 1.0)
    assert anion.charges.sum() == pytest.approx(-1.0, abs=1e-9)
    bonds = anion.bonds
    lengths = np.linalg.norm(anion.template[bonds[:, 0]] - anion.template[bonds[:, 1]], axis=1)
    np.testing.assert_allclose(lengths, anion.terms(CLASS2_BOND).parameters[:, 0], atol=0.2)
    first, centre, last = anion.template[anion.terms(CLASS2_ANGLE).atoms.T]
    cosine = ((first - centre) * (last - centre)).sum(1) / np.linalg.norm(first - centre, axis=1)
    angle = np.degrees(np.arccos(cosine / np.linalg.norm(last - centre, axis=1)))
    np.testing.assert_allclose(angle, anion.terms(CLASS2_ANGLE).parameters[:, 0], atol=20)


def test_angles_across_an_octahedron_are_left_out():
    assert len(ion_terms.class2(IONS["PF6"], 1.0).terms(CLASS2_ANGLE).atoms) == 12


def test_planar_atoms_of_an_ion_are_kept_planar_if_its_file_says_so():
    """In bis(oxalato)borate the four carbonyl carbons, in none of the ions of the package."""
    assert len(ion_terms.class2(ions.read(BOB), 1.0).terms(CLASS2_IMPROPER).atoms) == 4
    assert not any(len(ion_terms.class2(ion, 1.0).terms(CLASS2_IMPROPER).atoms) for ion in IONS.values())


def test_larger_cations_keep_further_from_an_ether_oxygen():
    """The minimum of the Coulomb and the 9-6 energy of a cation and one ether oxygen."""
    oxygen = (0.12, 3.3, -0.32)
    r = np.linspace(1.2, 4, 500)
    places = {}
    for cation in CATIONS:
        (epsilon, radius), charge = ion_terms.class2(cation, 0.7).nonbonded[0], 0.7 * cation.charge
        sixth = (radius**6 + oxygen[1] ** 6) / 2
        depth = 2 * np.sqrt(epsilon * oxygen[0]) * radius**3 * oxygen[1] ** 3 / (2 * sixth)
        ratio = sixth ** (1 / 6) / r
        energy = depth * (2 * ratio**9 - 3 * ratio**6) + 332.06 * 0.7 * charge * oxygen[2] / r
        places[cation.name] = r[energy.argmin()]
    assert 1.6 < places["Li"] < places["Na"] - 0.1
    assert places["Na"] < places["K"] - 0.1 < 3.2
    assert 1.6 < places["Mg"] < places["Na"]


def test_a_salt_is_as_many_ions_as_make_it_neutral():
    for cation in CATIONS:
        for anion in ANIONS:
            salt = ions.Salt(cation, anion)
            assert sum(ion.charge for ion in salt.ions) == 0
            assert ions.salt(salt.name, ANIONS) == salt
    magnesium = ions.salt("Mg(TFSI)2")
    assert [ion.name for ion in magnesium.ions] == ["TFSI", "TFSI", "Mg"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MgTFSI", r"did you mean 'Mg\(TFSI\)2'"),
        ("litfsi", "did you mean 'LiTFSI'"),
        ("LiTf", "cations: K, Li, Mg, Na; anions: BF4, ClO4, FSI, PF6, TFSI"),
    ],
)
def test_a_salt_that_does_not_exist_is_refused_with_the_ions_there_are(name, said):
    with pytest.raises(InputError, match=said):
        ions.salt(name)


def test_the_nitrogen_of_tfsi_and_the_phosphorus_of_pf6_stand_for_the_ion():
    assert IONS["TFSI"].molecule.GetAtomWithIdx(IONS["TFSI"].centre).GetSymbol() == "N"
    assert IONS["PF6"].molecule.GetAtomWithIdx(IONS["PF6"].centre).GetSymbol() == "P"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("charge = -1\n", "charge = -2\n", "smiles has the charge -1, but charge is -2"),
        ("charge = 0.96", "charge = 1.96", "charges of the atoms add up to 0.000000 e, not to -1"),
        ('"C-C" = [1.4580, 391.67]', "", "bonds has no row for C-C"),
        ('"*-B-OR-*"', '"*-B-C-*"', "torsions has no row for"),
        ("centre = 3 ", "centre = 13 ", "centre and coordinating must be between 0 and 12"),
        ('atoms = ["OC",', 'atoms = ["O",', "type 'O' of atoms is not in types"),
        ("O=C1O[B-]2", "O=C1O[B-]3", "is not the SMILES of one ion"),
        ('name = "BOB"', 'name = "my ion"', 'name = "my ion": allowed is a capital letter, then letters and digits'),
        ('torsion = "fourier"', 'torsion = "opls"   ', "3 numbers expected with torsion = 'opls'"),
        ("[bonds]", "[bonds", "not valid TOML"),
        ("smiles = ", "smile = ", "mine.toml: unknown key smile; did you mean smiles?"),
        ("charge = -1\n", "", "mine.toml: charge is missing"),
        (
            '"C-OR" = [1.3880',
            '"C-ORR" = [1.0, 1.0]\n"C-OR" = [1.3880',
            "C-ORR: no atom has the type 'ORR' (did you mean",
        ),
        ('"*-B-OR-*"', '"*-B-*-*" = [0, 0, 0, 0, 0, 0]\n"*-B-OR-*"', "no atom has the type '*'"),
        ("OR = {", "XX = { charge = 0, epsilon = 0, size = 1 }\nOR = {", "types.XX: no atom has the type 'XX'"),
    ],
)
def test_a_wrong_ion_file_is_refused_in_one_line(tmp_path, old, new, said):
    text = BOB.read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        ions.read(tmp_path / "mine.toml")
    assert str(caught.value).startswith(str(tmp_path / "mine.toml"))
    assert "\n" not in str(caught.value)


def test_an_ion_file_with_the_name_of_an_ion_of_the_program_is_refused_where_it_differs(tmp_path):
    text = (ions.SHIPPED / "TFSI.toml").read_text()
    (tmp_path / "same.toml").write_text(text)
    protocols.load(str(protocol_file(tmp_path, 'ions = ["same.toml"]')))
    (tmp_path / "mine-tfsi.toml").write_text(text.replace("1.5944", "1.5945"))
    with pytest.raises(InputError, match=r"mine-tfsi\.toml: autodisco has another ion 'TFSI'"):
        protocols.load(str(protocol_file(tmp_path, 'ions = ["mine-tfsi.toml"]')))


def protocol_file(folder: Path, system: str) -> Path:
    """A copy of `smoke` with other lines in [system]."""
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    file = folder / "mine.toml"
    file.write_text(text.replace("[system]\n", f"[system]\n{system}\n"))
    return file


def test_a_protocol_finds_an_ion_file_beside_it_and_its_content_counts_for_the_identity(tmp_path):
    (tmp_path / "libob.toml").write_text(BOB.read_text())
    protocol = protocols.load(str(protocol_file(tmp_path, 'salt = "LiBOB"\nions = ["libob.toml"]')))
    system = builder.build(parse("*OCC*"), protocol.system, 1, forcefield.load("pcff+"))
    assert system.elements.count("B") == 1
    assert abs(system.charges.sum()) < 1e-9
    again = protocols.load(str(tmp_path / "mine.toml"))
    assert again.is_same_as(protocol.content())
    (tmp_path / "libob.toml").write_text(BOB.read_text().replace("404.37", "404.38"))
    assert not protocols.load(str(tmp_path / "mine.toml")).is_same_as(protocol.content())


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ('salt = "LiTSFI"', r"mine.toml: system.salt: salt 'LiTSFI' does not exist \(did you mean 'LiTFSI'"),
        ('salt = ["LiTFSI", "LiTFSI"]', "a salt is named twice"),
        ('salt = ["LiTFSI", "NaTFSI"]', "2 salts need at least as many ion_pairs"),
        ('ions = ["nowhere.toml"]', r"mine.toml: system.ions: ion file .*nowhere.toml cannot be read"),
        ("ions = [1]", "mine.toml: system.ions: a list of the paths of ion files expected"),
    ],
)
def test_a_protocol_with_a_wrong_salt_is_refused(tmp_path, system, said):
    with pytest.raises(InputError, match=said):
        protocols.load(str(protocol_file(tmp_path, system)))


@pytest.mark.parametrize("salt", ["NaFSI", "Mg(TFSI)2"])
def test_a_box_holds_the_ions_of_its_salt_and_no_net_charge(salt):
    settings = protocols.load("smoke").system.model_copy(update={"salt": salt})
    system = builder.build(parse("*OCC*"), settings, 1, forcefield.load("pcff+"))
    named = ions.salt(salt)
    names = [molecule.name for molecule in system.molecules if molecule.name != "POL"]
    assert names == [ion.name.upper() for ion in named.ions]
    assert abs(system.charges.sum()) < 1e-9
