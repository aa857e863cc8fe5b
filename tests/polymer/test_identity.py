"""Which repeat units are the same polymer."""

import csv
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.polymer.identity import readings, repeated
from autodisco.polymer.repeat_unit import MAX_CHARACTERS

from .strategies import PLAIN, Pieces, conjugated_units, plain_units, units

networkx = pytest.importorskip("networkx")  # comes with torch


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*COC*", "*OCC*"),
        ("*OCCOCC*", "*OCC*"),
        ("*COCCOC*", "*OCC*"),
        ("*OCCC*", "*COCC*"),
        ("*COCCN*", "*NCCOC*"),
        ("*COCCOCCN*", "*NCCOCCOC*"),
        ("*C(F)(F)*", "*C(F)(F)C(F)(F)*"),
        ("*C*", "*CCCCCCC*"),
        ("*C=C*", "*C=CC=C*"),
        ("*C=CCC*", "*CC=CC*"),
        ("*C1=CC=C(*)C=C1", "*c1ccc(cc1)c1ccc(*)cc1"),
        ("*c1ccc(cc1)C=C*", "*C=Cc1ccc(*)cc1"),
        ("*C(C)C*", "*CC(C)*"),
        ("*CC(C)CC(C)*", "*CC(C)*"),
        ("*c1ccc(*)nc1", "*c1ccc(*)cn1"),
        ("[Cu]CCO[Au]", "[*:1]OCC[*:2]"),
        ("C(*)CO[*]", "*OCC*"),
        ("*[CH2:7]CO*", "*OCC*"),
        ("*CC%(100)CCCC%(100)C*", "*CC1CCCC1C*"),
        ("*CC%99CCCC%99C*", "*CC0CCCC0C*"),
    ],
)
def test_different_spellings_of_one_chain_are_equal(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert parse(one).key == parse(other).key
    assert parse(one).smiles == parse(other).smiles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*C(C)N*", "*NCC*"),
        ("*CC(=O)O*", "*CC(=O)C*"),
        ("*c1ccc(*)cc1", "*c1cccc(*)c1"),
        ("*OCC*", "*OCCC*"),
        ("*OCCOC*", "*OCC*"),
        ("*CC(C)CC(C)*", "*CC(C)C(C)C*"),  # head-to-tail, head-to-head
        ("*C=C*", "*CC*"),
        ("*C=CC=CCC*", "*C=CCC*"),
        ("*OC(=O)C*", "*OCC(=O)C*"),
        ("*C1CCC(*)CC1", "*C1CCC(*)C1"),
        ("*C(=O)OCCOC(=O)CC*", "*C(=O)OCC*"),  # a diacid with a diol, and a hydroxy acid
    ],
)
def test_different_chains_are_not_equal(one: str, other: str) -> None:
    assert parse(one) != parse(other)
    assert parse(one).smiles != parse(other).smiles


def test_isotactic_syndiotactic_and_unmarked_polypropylene_differ() -> None:
    unmarked, isotactic = parse("*CC(C)*"), parse("*C[C@H](C)*")
    syndiotactic = parse("*C[C@H](C)C[C@@H](C)*")
    assert len({unmarked, isotactic, syndiotactic}) == 3


def test_isotactic_polypropylene_is_one_polymer_whichever_mark_is_written() -> None:
    # Reading the chain from its other end turns every centre, and no end of it is special.
    assert parse("*C[C@H](C)*") == parse("*C[C@@H](C)*") == parse("*C[C@H](C)C[C@H](C)*")
    assert parse("*[C@H](C)*") == parse("*[C@@H](C)*") != parse("*[C@H](C)[C@@H](C)*")


def test_enantiomers_of_a_chain_with_a_direction_differ() -> None:
    l_lactide, d_lactide = parse("*O[C@@H](C)C(=O)*"), parse("*O[C@H](C)C(=O)*")
    assert l_lactide != d_lactide
    assert l_lactide == parse("*C(=O)[C@H](C)O*")  # the same chain, read from the acid end


def test_cis_trans_and_unmarked_polybutadiene_differ() -> None:
    cis, trans, unmarked = parse("*C/C=C\\C*"), parse("*C/C=C/C*"), parse("*CC=CC*")
    assert len({cis, trans, unmarked}) == 3
    assert cis == parse("*/C=C\\CC*") == parse("*\\C=C/CC*") == parse("*CC/C=C\\*")
    assert trans == parse("*/C=C/CC*") == parse("*CC\\C=C\\*")


def test_conjugated_double_bonds_keep_their_configuration_across_the_cut() -> None:
    assert parse("*/C=C/*") == parse("*/C=C/C=C/*")
    assert parse("*/C=C\\*") == parse("*/C=C\\C=C/*")
    assert len({parse("*/C=C/*"), parse("*/C=C\\*"), parse("*C=C*"), parse("*/C=C/C=C\\*")}) == 4


def test_a_double_bond_beside_the_chain_keeps_its_configuration() -> None:
    assert parse("*CO/C(=C/F)*") != parse("*CO/C(=C\\F)*")
    assert parse("*CO/C(=C/F)*") == parse("*/C(=C\\F)OC*")  # read from the other end


@pytest.mark.parametrize("beside", ["/C(=N/O)", "/C(=C/F)"])
@pytest.mark.parametrize("along", ["/C=C/", "/C(C)=C/", "/C=C/C=C/"])
def test_double_bonds_beside_and_along_the_chain_keep_their_configurations(beside: str, along: str) -> None:
    along_cis = f"{along[:-1]}\\"
    found = [parse(f"*{beside}{way}*") for way in (along, along_cis, along.replace("/", ""))]
    assert len({*found, parse(f"*{beside}{along}*".replace("/", ""))}) == 4
    assert all(parse(spelling) == unit for unit in found for spelling in unit.spellings)
    for unit, way in zip(found, (along, along_cis), strict=False):
        second = f"{beside}{way}"
        if way[-1] != second[0]:  # all marks turned are the same molecule
            second = second.translate(str.maketrans("/\\", "\\/"))
        marked = Chem.CanonSmiles(f"C{beside}{way}{second[1:]}C")
        assert marked in {Chem.CanonSmiles(f"C{repeated(reading, 2)[1:-1]}C") for reading in readings(unit.word)}


@pytest.mark.parametrize(
    "unit",
    [
        "*C=C/C=C/O/C=C/*",
        "*/C=C/C=C*",
        "*/C(F)=C\\C(=C\\F)\\C(F)=C/O*",
        "*/C(F)=C\\C(=C\\F)*",
        "*C(C)=C(C)/C=C/C/C=C/*",
    ],
)
def test_configurations_that_no_text_can_tell_are_left_out_and_the_rest_stays(unit: str) -> None:
    first = parse(unit)
    assert parse(first.smiles) == first
    for spelling in first.spellings:
        assert parse(spelling) == first


def test_a_double_bond_of_unknown_configuration_gets_none_from_its_neighbours() -> None:
    assert parse("*C=C/C=C/O/C=C/*") != parse("*/C=C/C=C/C=C/O*")
    assert parse("*/C=C/C=C*") != parse("*/C=C/C=C/*")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*CC[S+]([O-])*", "*CCS(=O)*"),
        ("*CC[S+2]([O-])([O-])*", "*CCS(=O)(=O)*"),
        ("*CC[P+](C)([O-])*", "*CCP(C)(=O)*"),
        ("*CC([N+](=O)[O-])*", "*CC(N(=O)=O)*"),
    ],
)
def test_both_ways_to_write_an_oxide_are_one(one: str, other: str) -> None:
    assert parse(one) == parse(other)


@given(unit=conjugated_units, times=st.integers(1, 2))
@settings(max_examples=400, deadline=None)
def test_conjugated_units_survive_being_written_and_read(unit: str, times: int) -> None:
    try:
        first = parse(unit)
    except InvalidRepeatUnit:
        return  # its marks contradict each other
    assert parse(first.smiles) == first
    assert parse(repeated(first.word, times)) == first
    for spelling in first.spellings:
        assert parse(spelling) == first


@given(unit=units, shift=st.integers(0, 6), times=st.integers(1, 3), backwards=st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_key_does_not_depend_on_cut_direction_or_repetition(
    unit: Pieces, shift: int, times: int, backwards: bool
) -> None:
    drawn = unit.repeated(times).cut_elsewhere(shift)
    if backwards:
        drawn = drawn.read_backwards()
    assume(len(drawn.smiles) <= MAX_CHARACTERS)
    assert parse(drawn.smiles).key == parse(unit.smiles).key


@given(unit=units)
@settings(max_examples=200, deadline=None)
def test_the_canonical_repeat_unit_has_the_same_key_and_is_its_own_canonical_form(unit: Pieces) -> None:
    first = parse(unit.smiles)
    again = parse(first.smiles)
    assert again.key == first.key
    assert again.smiles == first.smiles
    assert first.smiles.count("*") == 2


@given(unit=units, seed=st.integers(0, 2**31 - 1))
@settings(max_examples=300, deadline=None)
def test_the_key_does_not_depend_on_the_order_of_atoms(unit: Pieces, seed: int) -> None:
    first = parse(unit.smiles)
    mol = first.mol
    order = list(range(mol.GetNumAtoms()))
    random.Random(seed).shuffle(order)
    shuffled = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    assert parse(shuffled).key == first.key


@given(unit=plain_units, change=st.sampled_from(["swap", "replace", "rotate"]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_keys_agree_with_isomorphism_of_long_rings(unit: Pieces, change: str, data: st.DataObject) -> None:
    pieces = list(unit.pieces)
    i, j = (data.draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
    if change == "swap":
        pieces[i], pieces[j] = pieces[j], pieces[i]
    elif change == "replace":
        pieces[i] = data.draw(st.sampled_from(PLAIN))
    else:
        pieces = pieces[i:] + pieces[:i]
    other = Pieces(tuple(pieces))
    same = parse(unit.smiles) == parse(other.smiles)
    assert same == _rings_are_isomorphic(unit.smiles, other.smiles)


def test_the_published_campaign_holds_3_and_15_repeats_of_earlier_candidates(reference: Path) -> None:
    seen: set[str] = set()
    repeats = {"1": 0, "2": 0}
    with open(reference / "polygen" / "generated_polymers_in_two_iterations.csv", newline="") as table:
        for row in csv.DictReader(table):
            key = parse(row["monomer_smiles"]).key
            repeats[row["iteration_num"]] += key in seen
            seen.add(key)
    assert repeats == {"1": 3, "2": 15}


def test_the_htp_md_polymers_are_all_distinct_and_their_canonical_units_keep_the_key(reference: Path) -> None:
    with open(reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv", newline="") as table:
        polymers = [parse(row["mol_smiles"], ORGANIC_ELEMENTS) for row in csv.DictReader(table)]
    assert len(polymers) == 6024
    assert len({polymer.key for polymer in polymers}) == 6024
    for polymer in polymers[::20]:
        assert parse(polymer.smiles, ORGANIC_ELEMENTS) == polymer


def _rings_are_isomorphic(one: str, other: str) -> bool:
    """Whether large rings of both chains, with equally many backbone atoms, are the same graph (VF2 of networkx)."""
    lengths = [_backbone_atoms(smiles) for smiles in (one, other)]
    common = math.lcm(*lengths)
    while common < 14:  # smaller rings could look like a ring of the unit, or become aromatic
        common += math.lcm(*lengths)
    graphs = []
    for smiles, length in zip((one, other), lengths, strict=True):
        graphs.append(_ring_graph(smiles, common // length))
    if graphs[0].number_of_nodes() != graphs[1].number_of_nodes():
        return False
    return networkx.is_isomorphic(
        *graphs,
        node_match=lambda a, b: a["label"] == b["label"],
        edge_match=lambda a, b: a["order"] == b["order"],
    )


def _ends(mol: Chem.Mol) -> list[int]:
    return [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]


def _backbone_atoms(smiles: str) -> int:
    mol = Chem.MolFromSmiles(smiles)
    return len(Chem.GetShortestPath(mol, *_ends(mol))) - 2


def _ring_graph(smiles: str, copies: int) -> Any:
    mol = Chem.MolFromSmiles(smiles)
    head, tail = _ends(mol)
    first, last = (mol.GetAtomWithIdx(end).GetNeighbors()[0].GetIdx() for end in (head, tail))
    graph = networkx.Graph()
    for copy in range(copies):
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum():
                label = (atom.GetAtomicNum(), atom.GetTotalNumHs())
                graph.add_node((copy, atom.GetIdx()), label=label)
        for bond in mol.GetBonds():
            pair = (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())
            if not {head, tail} & set(pair):
                graph.add_edge((copy, pair[0]), (copy, pair[1]), order=bond.GetBondTypeAsDouble())
        graph.add_edge((copy, last), ((copy + 1) % copies, first), order=1.0)
    return graph
