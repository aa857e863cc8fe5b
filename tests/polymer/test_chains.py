"""Chains against RDKit's own reading of their SMILES, and what they say about their atoms."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from autodisco.polymer import backbone_atoms, chain, degree_of_polymerisation, parse, repeat_unit_mass
from autodisco.polymer.chains import mixed_chain
from autodisco.polymer.identity import repeated

from .strategies import Pieces, units


@pytest.mark.parametrize(
    ("unit", "n", "text"),
    [
        ("*CCO*", 1, "CCCOC"),
        ("*CCO*", 3, "CCCOCCOCCOC"),
        ("*CCO*", 5, "CCCOCCOCCOCCOCCOC"),
        ("*C(=O)O[C@@H](C)*", 4, "C" + "C(=O)O[C@@H](C)" * 4 + "C"),
        ("*C(=O)O[C@H](C)*", 4, "C" + "C(=O)O[C@H](C)" * 4 + "C"),
        ("*C[C@H](C)*", 5, "C" + "C[C@H](C)" * 5 + "C"),
        ("*[C@H](C)*", 6, "C" + "[C@H](C)" * 6 + "C"),
        ("*C[C@H](C)C[C@@H](C)*", 4, "C" + "C[C@H](C)C[C@@H](C)" * 4 + "C"),
        ("*/C=C\\CC*", 6, "C" + "/C=C\\CC" * 6 + "C"),
        ("*/C=C/CC*", 6, "C" + "/C=C/CC" * 6 + "C"),
        ("*/C=C/*", 5, "C" + "/C=C" * 5 + "/C"),
        ("*c1ccc(cc1)*", 5, "C" + "c1ccc(cc1)" * 5 + "C"),
    ],
)
def test_chain_is_the_molecule_that_its_smiles_says(unit, n, text):
    # The caps sit at the ends of the canonical unit, hence the cases are their own canonical units.
    assert parse(unit).smiles == unit
    assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(chain(unit, n).mol))) == Chem.CanonSmiles(text)


@given(unit=units, n=st.integers(4, 6))
@settings(max_examples=150, deadline=None)
def test_a_long_chain_is_one_of_longer_units(unit: Pieces, n: int) -> None:
    polymer = parse(unit.smiles)
    long, short = chain(polymer, n), chain(polymer, 2)
    for made in (long, short):
        elements = [atom.GetSymbol() for atom in made.unit(0).mol.GetAtoms()]
        assert [atom.GetSymbol() for atom in made.mol.GetAtoms()] == [elements[k] for k in made.copy_of]
        assert (np.diff(made.unit_of) >= 0).all()
    assert len(long.mol.GetAtoms()) - len(short.mol.GetAtoms()) == (n - 2) * np.sum(long.unit_of == 1)
    # A chain of as many units, read from its SMILES, holds the same marks.
    text = f"C{repeated(polymer.word, n)[1:-1]}C"
    assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(long.mol))) == Chem.CanonSmiles(text)


def test_bonds_within_a_unit_are_those_of_the_unit_and_links_join_tail_to_head():
    made = chain("*CC(C(=O)OC)(C)*", 7)
    of_unit = {frozenset((b.GetBeginAtomIdx(), b.GetEndAtomIdx())) for b in made.unit(0).mol.GetBonds()}
    links = 0
    for bond in made.mol.GetBonds():
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if made.unit_of[a] == made.unit_of[b]:
            assert frozenset((int(made.copy_of[a]), int(made.copy_of[b]))) in of_unit
        else:
            first, last = (a, b) if made.unit_of[a] < made.unit_of[b] else (b, a)
            assert (made.copy_of[first], made.copy_of[last]) == (made.unit(0).tail, made.unit(0).head)
            links += 1
    assert links == 6


def test_formula_and_mass():
    assert CalcMolFormula(chain("*OCC*", 10).mol) == "C22H46O10"
    assert repeat_unit_mass("*OCC*") == pytest.approx(44.05, abs=0.01)


def test_degree_of_polymerisation_reaches_the_wanted_backbone():
    assert backbone_atoms("*OCC*") == 3
    assert backbone_atoms("*c1ccc(cc1)O*") == 5
    assert degree_of_polymerisation("*OCC*") == 50
    assert degree_of_polymerisation("*OCC*", 151) == 51


def test_time_is_linear_in_the_number_of_units():
    def seconds(n):
        begin = time.process_time()
        chain("*CC(C(=O)OC)(C)*", n)
        return time.process_time() - begin

    seconds(10)
    # Four times would be linear and sixteen times a square.
    assert min(seconds(400) for _ in range(3)) < 10 * min(seconds(100) for _ in range(3))


def test_a_chain_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a chain of 0 repeat units"):
        chain("*OCC*", 0)


@pytest.mark.parametrize(
    ("smiles", "blocks"), [("*OCC*", 3), ("*COC*", 3), ("*CCO*", 3), ("*OCCOCC*", 6), ("*CC(*)C", 2), ("*C(C)C*", 2)]
)
def test_a_unit_remembers_how_it_was_cut_and_turned(smiles, blocks):
    unit = parse(smiles)
    assert len(unit.written) == blocks
    ways = [Chem.MolToSmiles(Chem.MolFromSmiles(t.replace("*", "[1*]", 1))) for t in (repeated(unit.written), smiles)]
    assert ways[0] == ways[1]


def test_a_chain_of_several_kinds_follows_its_sequence():
    mixed = mixed_chain([parse("*OCC*"), parse("*CC(*)c1ccccc1")], [0, 1, 1, 0])
    expected = Chem.AddHs(Chem.MolFromSmiles("COCCCC(c1ccccc1)CC(c1ccccc1)OCCC"))
    assert Chem.MolToSmiles(Chem.RemoveHs(mixed.mol)) == Chem.MolToSmiles(Chem.RemoveHs(expected))
    assert mixed.unit_of.tolist() == sorted(mixed.unit_of.tolist())
    for atom, number, copy in zip(mixed.mol.GetAtoms(), mixed.unit_of, mixed.copy_of, strict=True):
        assert atom.GetSymbol() == mixed.unit(number).mol.GetAtomWithIdx(int(copy)).GetSymbol()


def test_a_mixed_chain_of_one_kind_is_the_plain_chain():
    plain, mixed = chain("*CCO*", 5), mixed_chain([parse("*CCO*")], [0] * 5)
    assert Chem.MolToSmiles(plain.mol) == Chem.MolToSmiles(mixed.mol)
    assert plain.copy_of.tolist() == mixed.copy_of.tolist()
