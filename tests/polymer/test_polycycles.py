"""The canonical unit is the same polymer: rings, bond orders and stereo, for whatever units can be written."""

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from autodisco.errors import InvalidRepeatUnit
from autodisco.generator import TrainingRow, fit, generator_settings
from autodisco.polymer import ORGANIC_ELEMENTS, RepeatUnit, chain, parse, stability_flags, units_from_grammar
from autodisco.polymer.repeat_unit import MAX_CHARACTERS

from .polycycles import polycycle, ring_of, with_large_digits, with_map_numbers

polycycles = st.randoms(use_true_random=False).map(polycycle).filter(lambda text: text is not None)

FOUND = [
    # polyVERSE (Georgia Tech), MIT
    "[*]c1ccc(Oc2ccc(S(=O)(=O)c3ccc(Oc4ccc(-c5c6c(c([*])c7ccccc57)C(=O)N(c5ccccc5)C6=O)cc4)cc3)cc2)cc1",
    "[*]OOc1c2c(c([*])c3c1C1c4ccccc4C3c3ccccc31)C1c3ccccc3C2c2ccccc21",
    "[*]O[C@H](COC)[C@]1(C)C2=C(C(=O)C(=O)C1/C(=C\\N(CC=C)CC=C)C([*])=O)[C@@H]1CCC(=O)[C@@]1(C)C[C@H]2OC(C)=O",
    "[*]Nc1ccc2c(c1)C1(c3cc(Nc4ccc(-c5ccc([*])c(C)c5)cc4C)ccc3-c3cc(OC)c(OC)cc31)c1cc(OC)c(OC)cc1-2",
    # small ones
    "*C1CC2NNC(C(*)N1)C1OOC21",
    "*NC12CC(C3CC31C)C2*",
    "*NC1C2NCC1C1(CN1)C2*",
    "*C1(C)CC2(CC(C)(C)c3cc4c(cc32)Oc2c(O4)c(F)c(F)c(*)c2F)c2ccccc21",
]


def assert_same_polymer(text: str) -> RepeatUnit:
    """`text` has the ends [1*] and [2*]."""
    unit = parse(text, ORGANIC_ELEMENTS)
    again = parse(unit.smiles, ORGANIC_ELEMENTS)
    assert (again.key, again.smiles) == (unit.key, unit.smiles)
    canonical = f"[1*]{unit.smiles[1:-1]}[2*]"
    times, rest = divmod(_atoms(text), _atoms(canonical))
    assert not rest
    n = -(-14 // _backbone(text))  # smaller rings could look like rings of the unit, or become aromatic
    assert ring_of(text, n) == ring_of(canonical, n * times)
    return unit


def _atoms(text: str) -> int:
    return int(Chem.MolFromSmiles(text).GetNumAtoms()) - 2


def _backbone(text: str) -> int:
    mol = Chem.MolFromSmiles(text)
    ends = [atom.GetIdx() for atom in mol.GetAtoms() if not atom.GetAtomicNum()]
    return len(Chem.GetShortestPath(mol, *ends)) - 2


def _labelled(text: str) -> str:
    text = text.replace("[*]", "*")
    return text.replace("*", "[1*]", 1).replace("[1*]", "\0").replace("*", "[2*]").replace("\0", "[1*]")


@pytest.mark.parametrize("text", FOUND, ids=range(len(FOUND)))
def test_units_whose_rings_once_came_out_as_others(text: str) -> None:
    unit = assert_same_polymer(_labelled(text))
    assert sorted(_ring_sizes(chain(unit, 2).mol)) == sorted(2 * _ring_sizes(Chem.MolFromSmiles(_labelled(text))))


@given(text=polycycles)
@settings(max_examples=40, deadline=None)
def test_the_canonical_unit_of_a_polycycle_is_the_same_polymer(text: str) -> None:
    assert_same_polymer(text)


LONG = (
    "c12C3=C=C=C=C=C3C3(C4=C=C=C=C=C4C4=C=C=C=C=C43)c1c(c(c(c2[1*])-c1c(c([13CH3])c2c(c1[13CH3])c(c([13CH3])"
    "c1c([13CH3])c(c(c([13CH3])c12)[13CH3])[13CH3])[13CH3])N[2*])[13CH3])[13CH3]"
)


@example(text=LONG)
@given(text=polycycles)
@settings(max_examples=40, deadline=None)
def test_other_ways_to_write_a_polycycle_have_its_key(text: str) -> None:
    key = parse(text, ORGANIC_ELEMENTS).key
    numbered = with_map_numbers(text)
    assume(Chem.MolFromSmiles(numbered))  # RDKit writes some aromatic systems that it cannot read again
    metals = text.replace("[1*]", "[Cu]").replace("[2*]", "[Au]")
    for other in (with_large_digits(text), numbered, metals):
        if len(other) > MAX_CHARACTERS:  # numbers make a long text longer than any that is read
            with pytest.raises(InvalidRepeatUnit, match=f"at most {MAX_CHARACTERS} are read"):
                parse(other, ORGANIC_ELEMENTS)
        else:
            assert parse(other, ORGANIC_ELEMENTS).key == key


@given(text=polycycles, seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_random_spelling_of_a_polycycle_is_the_same_polymer(text: str, seed: int) -> None:
    unit = parse(text, ORGANIC_ELEMENTS)
    assert parse(unit.random_spelling(np.random.default_rng(seed)), ORGANIC_ELEMENTS) == unit


@pytest.mark.parametrize("text", ["*C[C@H](F)C*", "*C[C@H](C)*", "*/C=C\\CC*", "*C[C@H](C)C[C@@H](C)*"])
def test_random_spellings_of_units_with_equal_halves_keep_their_stereo(text: str) -> None:
    unit, rng = parse(text), np.random.default_rng(1)
    assert {parse(unit.random_spelling(rng)).key for _ in range(40)} == {unit.key}


@given(text=polycycles)
@settings(max_examples=40, deadline=None)
def test_a_chain_has_the_rings_of_its_units(text: str) -> None:
    unit = parse(text, ORGANIC_ELEMENTS)
    one = _ring_sizes(Chem.MolFromSmiles(f"[1*]{unit.smiles[1:-1]}[2*]"))
    assert sorted(_ring_sizes(chain(unit, 4).mol)) == sorted(4 * one)
    stability_flags(unit)  # reads a stretch of chain


@pytest.mark.parametrize("kind", ["grammar", "genetic", "gpt"])
def test_the_canonical_unit_of_what_generators_write_is_the_same_polymer(kind: str) -> None:
    rng, rows = random.Random(5), []
    while len(rows) < 40:
        text = polycycle(rng)
        if text and len(text) < 60:
            rows.append(TrainingRow(text.replace("[1*]", "*").replace("[2*]", "*"), "high"))
    if kind == "grammar":
        written = units_from_grammar(100, np.random.default_rng(1))
    elif kind == "genetic":
        written = fit(rows, generator_settings(kind="genetic"), seed=1).sample(60, seed=1, max_tokens=59)
    else:
        # A network that has learnt nothing writes what its rules of SMILES allow, rings over rings.
        model = fit([TrainingRow("*OCC*", "high")], generator_settings(iterations=1, device="cpu"), seed=1)
        written = model.sample(80, seed=1, max_tokens=40, temperature=3.0, top_k=0)
    n_valid = 0
    for text in written:
        try:
            parse(text, ORGANIC_ELEMENTS)
        except InvalidRepeatUnit:
            continue
        assert_same_polymer(_labelled(text))
        n_valid += 1
    assert n_valid > 10


@pytest.mark.slow
def test_the_canonical_units_of_the_published_sets_are_the_same_polymers(reference: Path) -> None:
    for name, column in (
        ("PolyGen-train-set-from-HTP-MD.csv", "mol_smiles"),
        ("generated_polymers_in_two_iterations.csv", "monomer_smiles"),
    ):
        with open(reference / "polygen" / name, newline="") as table:
            for row in list(csv.DictReader(table)):
                unit = parse(row[column], ORGANIC_ELEMENTS)
                assert parse(unit.smiles, ORGANIC_ELEMENTS).key == unit.key


def _ring_sizes(mol: Chem.Mol) -> list[int]:
    return [len(ring) for ring in Chem.GetSymmSSSR(mol)]
