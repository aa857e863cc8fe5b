"""Materials: which texts are the same one, what is refused, and scores, flags and drawings of several parts."""

import pytest

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import flags_of, in_common, parse, read_material, render_svg, scores, scores_of
from autodisco.polymer.material import composed, texts_of_parts, units_of

EO, PO, ACETAL, EC = "*OCC*", "*OCC(C)*", "*OCOC*", "O=C1OCCO1"


def same(*texts: str) -> bool:
    found = [read_material(text) for text in texts]
    return len({(one.key, one.smiles) for one in found}) == 1


def test_a_repeat_unit_keeps_the_key_of_its_polymer() -> None:
    found, unit = read_material("*COCCOC*"), parse("*COCCOC*")
    assert (found.key, found.smiles, found.given) == (unit.key, unit.smiles, unit.given)
    assert found.homopolymer == unit


def test_an_alternating_copolymer_does_not_depend_on_the_order_of_its_units() -> None:
    assert same(f"{EO}.{ACETAL}|alternating", f"{ACETAL}.{EO}|alternating", "*OCCOCOC*")


@pytest.mark.parametrize("architecture", ["alternating", "random|0.3", "blend|0.3"])
def test_two_parts_of_one_polymer_are_that_polymer(architecture: str) -> None:
    assert same(f"{EO}.{EO}|{architecture}", EO)
    assert same(f"{EO}.*OCCOCC*|{architecture}", EO)


def test_a_random_copolymer_at_x_is_that_of_the_other_order_at_one_minus_x() -> None:
    assert same(f"{EO}.{PO}|random|0.3", f"{PO}.{EO}|random|0.7")
    assert not same(f"{EO}.{PO}|random|0.3", f"{PO}.{EO}|random|0.3")
    assert not same(f"{EO}.{PO}|random|0.3", f"{EO}.{PO}|random|0.4")


def test_a_random_copolymer_does_not_depend_on_a_common_cut_or_direction() -> None:
    assert same(f"{EO}.{PO}|random|0.3", "*CCO*.*CC(C)O*|random|0.3", "*COC*.*C(C)OC*|random|0.3")
    assert same(f"{EO}.{PO}|random|0.3", "*CCO*.*C(C)CO*|random|0.3")  # read from the other end
    assert not same("*OCC*.*CC(=O)O*|random|0.5", "*OCC*.*OC(=O)C*|random|0.5")  # the ester is turned


def test_units_that_are_one_homopolymer_can_be_a_copolymer() -> None:
    """Their ends differ, so that O and CC do not alternate."""
    assert read_material("*OCC*.*COC*|random|0.5").architecture == "random"


def test_a_blend_does_not_depend_on_the_order_or_the_cut() -> None:
    assert same(f"{EO}.{PO}|blend|0.3", "*C(C)CO*.*COC*|blend|0.7")
    assert not same(f"{EO}.{PO}|blend|0.3", f"{EO}.{PO}|blend|0.31")


def test_a_plasticised_polymer_does_not_depend_on_how_its_parts_are_written() -> None:
    assert same(f"{EO}.{EC}|plasticised|0.2", "*COC*.C1COC(=O)O1|plasticised|0.2")
    assert not same(f"{EO}.{EC}|plasticised|0.2", EO)


def test_a_side_chain_makes_a_homopolymer() -> None:
    assert same("*CC*.*OC|side-chain|1", "*CC*.*OC|side-chain|2", "*CC(*)OC")
    assert same("*OCC*.*C|side-chain|1", "*CCO*.*C|side-chain|2", "*OCC(C)*")
    assert not same("*OCCC*.*C|side-chain|1", "*OCCC*.*C|side-chain|2")


def test_a_molecule_is_a_unit_with_hydrogen_for_ends() -> None:
    assert same("*COCCOC*|molecule", "COCCOC|molecule", "*C(OCCOC)*|molecule")
    assert not same("*OCCOCC*|molecule", "*OCC*|molecule")  # the unit counts as it is written
    assert read_material("*OCC*|molecule").homopolymer is None


@pytest.mark.parametrize(
    "smiles", ["COCCOC", EC, "C", "CC#N", "O", "CS(=O)(=O)C", "C[C@H](O)F", "c1ccccc1", "c1cc[nH]c1"]
)
def test_a_molecule_can_be_written_as_a_unit(smiles: str) -> None:
    (unit,) = units_of(f"{smiles}|molecule")
    assert same(f"{unit}|molecule", f"{smiles}|molecule")


@pytest.mark.parametrize(
    "text",
    [
        "COCCOC|molecule",
        "*CC*.*OC|side-chain|1",
        EO,
        f"{EO}.{PO}|random|0.3",
        f"{EO}.{ACETAL}|alternating",
        f"{EO}.{PO}|blend|0.25",
        f"{PO}.{EC}|plasticised|0.1",
    ],
)
def test_the_canonical_text_is_that_material(text: str) -> None:
    found = read_material(text)
    again = read_material(found.smiles)
    assert (again.key, again.smiles, again.parts) == (found.key, found.smiles, found.parts)
    assert sum(share for _, share in found.chains) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (f"{EO}.{PO}|rendom|0.3", "material", "no architecture"),
        (f"{EO}|random|0.3", "material", "two parts"),
        (f"{EO}.{PO}|random", "material", "a share"),
        (f"{EO}.{PO}|alternating|0.5", "material", "two parts"),
        (f"{EO}.{PO}|random|1.5", "material", "between 0 and 1"),
        (f"{EO}.{PO}|random|half", "material", "between 0 and 1"),
        (f"{EO}.{EO}|plasticised|0.2", "ends", "open end"),
        (f"{EO}.[Li+]|plasticised|0.2", "element", "Li"),
        (f"{EO}.C[O-]|plasticised|0.2", "charge", "-1"),
        (f"{EO}.{EC}|random|0.2", "ends", "attachment points"),
        (f"{EO}.*OC|alternating", "ends", "attachment point"),
        (f"{EO}.*OC|side-chain|3", "side-chain", "2 places"),
        (f"{EO}.*OC|side-chain|one", "side-chain", "2 places"),
        (f"{EO}.*OC|side-chain", "material", "a place"),
        (f"{EO}.{EO}|side-chain|1", "ends", "one end"),
        ("*c1ccsc1*.*=O|side-chain|1", "ends", "single bond"),
        ("C.C|molecule", "unparsable", "one molecule"),
        ("COC|molecule|0.2", "material", "one part"),
    ],
)
def test_a_text_that_is_no_material_is_refused(text: str, code: str, told: str) -> None:
    with pytest.raises(InvalidRepeatUnit, match=told) as caught:
        read_material(text)
    assert caught.value.code == code


def test_parts_are_taken_apart_as_they_were_put_together() -> None:
    assert texts_of_parts(composed([PO, EO], "random", 0.25)) == [PO, EO]
    assert texts_of_parts(composed([PO], "homopolymer")) == [PO]


def test_scores_are_means_over_heavy_atoms_and_the_hardest_synthesis() -> None:
    mixed = scores_of(read_material(f"{EO}.{PO}|random|0.5"))
    assert mixed["heavy_atoms"] == pytest.approx((3 * 3 + 4 * 4) / 7)  # 3 and 4 heavy atoms, in equal numbers of units
    assert mixed["sa_score"] == max(scores(EO)["sa_score"], scores(PO)["sa_score"])
    assert scores_of(read_material(EO)) == scores(EO)
    wet = scores_of(read_material(f"{EO}.{EC}|plasticised|0.2"))
    assert wet["backbone_atoms"] == 3  # a molecule has no backbone
    assert 1 / 2 < wet["oxygen_carbon_ratio"] < 1


def test_a_weak_bond_between_the_units_of_a_copolymer_is_flagged() -> None:
    assert not flags_of(read_material("*OCC*"))
    assert not flags_of(read_material("*NCC*"))
    for architecture in ("alternating", "random|0.5"):
        assert [flag.name for flag in flags_of(read_material(f"*OCC*.*NCCO*|{architecture}"))]
    assert [flag.name for flag in flags_of(read_material("*OCC*.COOC|plasticised|0.2"))]


def test_what_materials_have_in_common_is_found() -> None:
    told = in_common([f"*C{'C' * n}*.CSC|plasticised|0.2" for n in range(6)], [f"*C{'C' * n}*" for n in range(6)])
    assert "S" in told


def test_all_parts_are_drawn() -> None:
    assert render_svg(f"{EO}.{EC}|plasticised|0.2").count("<path") > render_svg(EO).count("<path")
