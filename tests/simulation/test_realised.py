"""Amounts in a box of few molecules against those asked for."""

import pytest

from autodisco.polymer import parse
from autodisco.simulation import protocols
from autodisco.simulation.formulation import Formulation
from autodisco.simulation.realised import deviations

PEO, PPO, WATER = "*CCO*", "*CC(C)O*", "O"
BLEND = {"polymers": [{"smiles": PEO, "mass_fraction": 0.95}, {"smiles": PPO, "mass_fraction": 0.05}]}
COPOLYMER = {
    "polymers": [
        {"units": [{"smiles": PEO, "fraction": 0.97}, {"smiles": PPO, "fraction": 0.03}], "architecture": "block"}
    ]
}
ALONE = {"polymers": [{"smiles": PEO}]}
SALTS = {"salts": [{"name": "LiTFSI", "mole_ratio": 4.0}, {"name": "NaPF6", "mole_ratio": 1.0}]}
MUCH = protocols.load("smoke").system.times(400)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BLEND, "mass fraction of *C(C)CO* in the polymers: 0.05 asked for, 0.0965 in the box"),
        (COPOLYMER, "mole fraction of *CCO* in block("),
        (ALONE | {"solvents": [{"smiles": "CCCCCCCCCCCC", "mass_fraction": 0.02}]}, "mass fraction of solvent CCCC"),
        (ALONE | {"solvents": [{"smiles": WATER, "mole_ratio": 0.2}]}, "molecules of solvent O per formula unit"),
        (ALONE | SALTS, "mole fraction of NaPF6 in the salts: 0.2 asked for, 0.5 in the box"),
        (ALONE | {"molality": 0.7}, "molality (mol/kg): 0.7 asked for, "),
    ],
)
def test_what_a_small_box_cannot_hold_is_told_for_every_kind_of_component(content, said):
    small = protocols.load("smoke").system
    told = deviations(Formulation(**content), small)
    assert any(text.startswith(said) for text in told), told


@pytest.mark.parametrize(
    "content",
    [BLEND, ALONE | {"solvents": [{"smiles": WATER, "mole_ratio": 0.2}]}, ALONE | SALTS],
)
def test_a_large_box_holds_what_was_asked_for(content):
    assert not [text for text in deviations(Formulation(**content), MUCH) if not text.startswith("molality")]


def test_a_lone_polymer_without_salt_has_nothing_to_tell():
    assert deviations(Formulation(polymers=[{"smiles": PEO}], salts=[]), MUCH) == []
    assert all(text.startswith("molality") for text in deviations(parse(PEO), MUCH))
