"""Scores of repeat units against hand calculation and published values."""

import pytest
from rdkit import Chem

from autodisco.polymer import parse, sa_score, scores


def test_scores_of_poly_ethylene_oxide() -> None:
    peo = scores("*OCC*")
    assert peo["molar_mass_g_per_mol"] == pytest.approx(44.053, abs=2e-3)  # C2H4O
    assert (peo["heavy_atoms"], peo["backbone_atoms"]) == (3, 3)
    assert peo["oxygen_carbon_ratio"] == pytest.approx(1 / 2)
    assert peo["heteroatom_fraction"] == pytest.approx(1 / 3)
    assert peo["carbon_fraction"] == pytest.approx(2 / 3)


def test_side_groups_are_not_backbone() -> None:
    assert scores("*CC(C(=O)OC)(C)*")["backbone_atoms"] == 2
    assert scores("*c1ccc(*)cc1")["backbone_atoms"] == 4
    assert scores("*c1cccc(*)c1")["backbone_atoms"] == 3


def test_scores_do_not_depend_on_how_the_polymer_is_written() -> None:
    assert scores("*COCCOC*") == scores("*OCC*") == scores(parse("[Cu]CCO[Au]"))


def test_the_oxygen_carbon_ratio_is_none_without_carbon() -> None:
    assert scores("*O*")["oxygen_carbon_ratio"] is None


def test_synthetic_accessibility_is_that_of_the_methyl_capped_unit() -> None:
    from rdkit.Contrib.SA_Score import sascorer

    assert sa_score(parse("*OCC*")) == pytest.approx(sascorer.calculateScore(Chem.MolFromSmiles("CCCOC")), abs=1e-3)
    easy, hard = sa_score(parse("*OCC*")), sa_score(parse("*CC(C12CC3CC(C1)C(O)C(F)(C3)N2)*"))
    assert 1 <= easy < 3 < 5 < hard <= 10


@pytest.mark.parametrize(
    ("unit", "rotatable", "spacing", "gap"),
    [
        ("*OCC*", 1.0, 3.0, 3),
        ("*C*", 1.0, None, None),
        ("*OC(=O)CC*", 0.75, 4.0, 4),  # one of four bonds is an ester's
        ("*C(=O)NCCN*", 0.6, 2.5, 3),  # two amide bonds of five
        ("*c1ccc(cc1)O*", 0.4, 5.0, 5),  # three of five run through the ring
        ("*OCOCC*", 1.0, 2.5, 3),
    ],
)
def test_flexibility_and_distance_of_coordinating_atoms(unit, rotatable, spacing, gap):
    found = scores(unit)
    assert found["rotatable_fraction"] == pytest.approx(rotatable)
    assert (found["coordinating_spacing"], found["coordinating_gap"]) == (spacing, gap)
