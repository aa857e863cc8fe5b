"""BigSMILES and PSMILES: what is read as which polymer, what is refused, and that writing and reading keeps the key.

Independent of this program: chains that the package of G-BigSMILES makes of what is written here; the repeat units that
the authors of BigSMILES publish as common ones; the examples in the documentation of their line notation 1.1
(https://github.com/olsenlabmit/BigSMILES: Common_Repeat_Unit_List.md, docs/source/line_notation.html.md).
"""

import warnings

import gbigsmiles
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, chain, parse, read_material
from autodisco.polymer.bigsmiles import bigsmiles_of, psmiles_of
from autodisco.polymer.repeat_unit import undirected
from tests.polymer.strategies import Pieces, units

COMMON = {
    "ethylene": "CC",
    "propylene": "CC(C)",
    "ethylene glycol": "CCO",
    "cis-isoprene": "C\\C=C(C)/C",
    "trans-isoprene": "C/C=C(C)/C",
    "styrene": "CC(c1ccccc1)",
    "vinyl acetate": "CC(OC(=O)C)",
    "lactic acid": "OC(C)C(=O)",
    "nylon-6,6": "C(=O)CCCCC(=O)NCCCCCCN",
    "chloroprene": "CC(Cl)=CC",
    "tetrafluoroethylene": "C(F)(F)C(F)(F)",
    "methyl methacrylate": "CC(C)(C(=O)OC)",
    "acrylonitrile": "CC(C#N)",
    "2-vinylpyridine": "CC(c1ncccc1)",
    "propylene glycol": "CC(C)O",
    "caprolactone": "OCCCCCC(=O)",
    "(R)-3-hydroxybutyrate": "O[C@H](C)CC(=O)",
    "proline": "N1[C@@H](CCC1)C(=O)",
    "p-phenylene": "c1ccc(cc1)",
    "p-phenylene vinylene": "c(cc1)ccc1C=C",
    "p-phenylene sulfide": "c(cc1)ccc1S",
}


def made_by_gbigsmiles(text: str, mass: float, seed: int) -> Chem.Mol:
    """A chain of about `mass` g/mol with methyl ends that the package of G-BigSMILES makes of a stochastic object."""
    whole = f"C{{[>]{text[3:-3]}[<]}}|gauss({mass:g},1)|C"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = gbigsmiles.BigSmiles.make(whole).get_generating_graph().get_atom_graph()
        made = gbigsmiles.mol_graph_to_rdkit_mol(graph.sample_mol_graph(rng=np.random.default_rng(seed)))
    return Chem.RemoveHs(made)


@pytest.mark.parametrize("unit", ["CCO", "CC(C)O", "OC(C)C(=O)", "CC(c1ccccc1)", "c1ccc(cc1)", "NCCCCCC(=O)"])
def test_a_homopolymer_is_the_chain_that_another_program_makes_of_its_bigsmiles(unit: str) -> None:
    polymer = parse(f"*{unit}*")
    found = made_by_gbigsmiles(bigsmiles_of(polymer.smiles) or "", 600.0, 1)
    n = (found.GetNumAtoms() - 2) // (polymer.mol.GetNumAtoms() - 2)
    ours = Chem.RemoveHs(chain(polymer, n).mol)
    for mol in (found, ours):
        Chem.RemoveStereochemistry(mol)
    assert n > 3
    assert Chem.MolToSmiles(found) == Chem.MolToSmiles(ours)


def test_the_weights_of_a_random_copolymer_are_its_shares_for_another_program() -> None:
    material = read_material("*OCC*.*CS*|random|0.2")
    mols = [made_by_gbigsmiles(bigsmiles_of(material.smiles) or "", 4000.0, seed) for seed in range(7)]
    oxygen, sulfur = (
        sum(atom.GetSymbol() == symbol for mol in mols for atom in mol.GetAtoms()) for symbol in ("O", "S")
    )
    share = sulfur / (oxygen + sulfur)
    assert share == pytest.approx(0.2, abs=4 * (0.16 / (oxygen + sulfur)) ** 0.5)
    assert oxygen + sulfur > 500


@pytest.mark.parametrize("unit", COMMON.values(), ids=COMMON)
def test_a_common_repeat_unit_is_the_same_polymer_in_every_notation(unit: str) -> None:
    polymer = parse(f"*{unit}*", ORGANIC_ELEMENTS)
    texts = [f"{{[][<]{unit}[>][]}}", f"{{[][>]{unit}[<][]}}", f"{{[$]{unit}[$]}}", f"{{[]{unit}[]}}", f"{{${unit}$}}"]
    assert {parse(text, ORGANIC_ELEMENTS).key for text in [*texts, f"[*]{unit}[*]"]} == {polymer.key}
    written = bigsmiles_of(polymer.smiles) or ""
    assert written.startswith("{[][<]")
    assert written.endswith("[>][]}")
    assert parse(written, ORGANIC_ELEMENTS) == parse(psmiles_of(polymer.smiles) or "", ORGANIC_ELEMENTS) == polymer


@pytest.mark.parametrize(
    ("text", "material"),
    [
        ("{[][$]CC[$],[$]CC(CC)[$][]}", "*CC*.*CC(CC)*|random|0.5"),
        ("{[]CC,CC(CC)[]}", "*CC*.*CC(CC)*|random|0.5"),
        ("{[][<]C(=O)CCCCC(=O)[<],[>]NCCCCCCN[>][]}", "*C(=O)CCCCC(=O)NCCCCCCN*"),
        ("{[][<]C(=O)CCCCC(=O)NCCCCCCN[>][]}", "*C(=O)CCCCC(=O)NCCCCCCN*"),
        ("{[][$]CC(C#N)[$],[$]CC(c1ccccc1)[$][]}", "*CC(C#N)*.*CC(c1ccccc1)*|random|0.5"),
        ("{[][<]C(=O)c1ccc(cc1)C(=O)[<],[>]OCCO[>][]}", "*C(=O)c1ccc(cc1)C(=O)OCCO*"),
        ("{[>]C(=O)C(C)N,C(=O)CN[<]}", "*C(=O)C(C)N*.*C(=O)CN*|random|0.5"),
        ("{[>][<]C(=O)C(C)N[>],[<]C(=O)CN[>][<]}", "*C(=O)C(C)N*.*C(=O)CN*|random|0.5"),
        ("{[][<]C(=O)C(C)N[>],[>]NCC(=O)[<][]}", "*C(=O)C(C)N*.*C(=O)CN*|random|0.5"),
        ("{[][<|3|]OCC[>|3|],[<|1|]OCC(C)[>|1|][]}", "*OCC*.*OCC(C)*|random|0.25"),
        ("{[][$]C([$])CC[]}", "*C(*)CC"),
    ],
)
def test_examples_of_the_documentation_are_the_polymers_that_it_says(text: str, material: str) -> None:
    assert read_material(text) == read_material(material)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{[][$]CC[$],[$]CC([$])[$][]}", "branches"),
        ("C{[$][$]CC[$],[$]CC(CC)[$][$]}", "end groups and chain lengths cannot be kept"),
        ("{[][<]C(=O)CCCCC(=O)[<],[>]NCCCCCCN[>];[>]O[H],[<][H][]}", "end groups cannot be kept"),
        ("{[][<]OCC[>][<]}{[>][<]OC(C)C[>][]}", "a formulation file takes a block copolymer"),
        ("{[][$]CC[$][]}.{[][$]CC(C)[$][]}", "no shares of a mixture"),
        ("{[][$]CC(C)([#R])[$][]}.{#R=C(=O)O}", "names of fragments"),
        ("{[][$]CC(C)(C{[$][$]CC[$][$]}Br)[$][]}", "several stochastic objects"),
        ("{[][<1[<1]1]CC[>1[>1]2][]}", "ladder"),
        ("{[][$1]CC[$2][]}", "several numbers"),
        ("{[][<]CC[$][]}", "do not make a chain"),
        ("{[][<]CC[<][]}", "do not make a chain"),
        ("{[]CC,CCO,CC(C)[]}", "has 3 repeat units"),
        ("{[][<|a|]CC[>][]}", "a unit has one weight above 0"),
        ("{[$]CC", "a brace has no other"),
        ("{[][$]CC[]}", "needs two bonding descriptors"),
    ],
)
def test_what_a_polymer_of_this_program_cannot_be_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(InvalidRepeatUnit, match=said) as refused:
        read_material(text)
    assert refused.value.code == "bigsmiles"


def test_a_copolymer_is_refused_where_one_repeat_unit_is_expected() -> None:
    with pytest.raises(InvalidRepeatUnit, match="is a copolymer"):
        parse("{[]CC,CC(C)[]}")


def test_a_unit_that_may_be_turned_is_told_from_one_that_looks_the_same_from_both_ends() -> None:
    assert undirected("{[$]CC(C)[$]}")
    assert undirected("{[$]OCC[$]}")
    assert not undirected("{[$]CC[$]}")
    assert not undirected("{[][<]CC(C)[>][]}")
    assert not undirected("{[][<]C(=O)CCCCC(=O)[<],[>]NCCCCCCN[>][]}")
    assert undirected("{[][<]C(=O)CC(C)C(=O)[<],[>]NCCN[>][]}")


def test_a_mixture_has_no_bigsmiles_and_a_molecule_is_one() -> None:
    assert bigsmiles_of(read_material("*OCC*.*CS*|blend|0.3").smiles) is None
    assert bigsmiles_of(read_material("*OCC*.O=C1OCCO1|plasticised|0.2").smiles) is None
    assert psmiles_of(read_material("*OCC*.*CS*|random|0.3").smiles) is None
    assert bigsmiles_of(read_material("COCCOC|molecule").smiles) == "COCCOC"


@given(unit=units)
def test_writing_and_reading_keeps_every_homopolymer(unit: Pieces) -> None:
    polymer = parse(unit.smiles, ORGANIC_ELEMENTS)
    assert parse(bigsmiles_of(polymer.smiles) or "", ORGANIC_ELEMENTS) == polymer
    assert parse(psmiles_of(polymer.smiles) or "", ORGANIC_ELEMENTS) == polymer


@settings(deadline=None)
@given(first=units, second=units, share=st.integers(1, 9999))
def test_writing_and_reading_keeps_every_random_copolymer(first: Pieces, second: Pieces, share: int) -> None:
    try:
        material = read_material(f"{first.smiles}.{second.smiles}|random|{share / 10_000}", ORGANIC_ELEMENTS)
    except InvalidRepeatUnit:
        return  # stereo marks that cannot be kept beside another unit
    assert read_material(bigsmiles_of(material.smiles) or "", ORGANIC_ELEMENTS) == material
