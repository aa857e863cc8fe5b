"""Chains against RDKit's own reading of their SMILES, and what they say about their atoms."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from autodisco.polymer import backbone_atoms, chain, degree_of_polymerisation, parse, repeat_unit_mass
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
        elements = [atom.GetSymbol() for atom in made.unit.GetAtoms()]
        assert [atom.GetSymbol() for atom in made.mol.GetAtoms()] == [elements[k] for k in made.copy_of]
        assert (np.diff(made.unit_of) >= 0).all()
    assert len(long.mol.GetAtoms()) - len(short.mol.GetAtoms()) == (n - 2) * np.sum(long.unit_of == 1)
    # A chain of as many units, read from its SMILES, holds the same marks.
    text = f"C{repeated(polymer.word, n)[1:-1]}C"
    assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(long.mol))) == Chem.CanonSmiles(text)


def test_bonds_within_a_unit_are_those_of_the_unit_and_links_join_tail_to_head():
    made = chain("*CC(C(=O)OC)(C)*", 7)
    of_unit = {frozenset((b.GetBeginAtomIdx(), b.GetEndAtomIdx())) for b in made.unit.GetBonds()}
    links = 0
    for bond in made.mol.GetBonds():
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if made.unit_of[a] == made.unit_of[b]:
            assert frozenset((int(made.copy_of[a]), int(made.copy_of[b]))) in of_unit
        else:
            first, last = (a, b) if made.unit_of[a] < made.unit_of[b] else (b, a)
            assert (made.copy_of[first], made.copy_of[last]) == (made.tail, made.head)
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
