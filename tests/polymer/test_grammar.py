"""Repeat units drawn from the grammar of chain pieces."""

import numpy as np
import pytest

from autodisco.errors import InputError
from autodisco.polymer import parse, stability_flags, units_from_grammar


def test_units_are_valid_and_no_two_are_the_same_polymer() -> None:
    units = units_from_grammar(1000, np.random.default_rng(1))
    assert len(units) == 1000
    assert len({parse(unit).key for unit in units}) == 1000


def test_no_unit_has_a_weak_bond() -> None:
    for unit in units_from_grammar(600, np.random.default_rng(2)):
        assert stability_flags(unit) == (), unit


def test_no_unit_has_an_anhydride_or_a_hemiaminal() -> None:
    from autodisco.polymer import Exemption, Rule

    rules = (
        Rule(
            "anhydride",
            "[#6](=O)[OX2][#6](=O)",
            "hydrolysed by moisture",
            exceptions=(Exemption("", "[OX2][#6](=O)[OX2]"),),
        ),
        Rule("hemiaminal", "[#7][CX4;H2,H1][OX2,#7,SX2]", "loses the amine"),
        Rule("alpha-halo ether", "[OX2,NX3][CX4;!H0]F", "loses HF"),
    )
    for unit in units_from_grammar(600, np.random.default_rng(3)):
        assert stability_flags(unit, rules) == (), unit


def test_the_same_state_of_the_generator_gives_the_same_units() -> None:
    first, again = (units_from_grammar(50, np.random.default_rng(7)) for _ in range(2))
    assert first == again
    assert first != units_from_grammar(50, np.random.default_rng(8))


def test_the_units_cover_the_chemistry_of_polymer_electrolytes() -> None:
    text = " ".join(units_from_grammar(1500, np.random.default_rng(4)))
    for group in ("OCC", "OC(=O)O", "C(=O)N", "N", "S", "C#N", "C(F)(F)", "C(C)", "c1ccc(cc1)", "S(=O)(=O)"):
        assert group in text


def test_short_units_only_when_the_length_is_limited() -> None:
    units = units_from_grammar(100, np.random.default_rng(5), max_characters=10)
    assert max(len(unit) for unit in units) <= 10
    assert "*COC*" in units or "*OCC*" in units or "*CCO*" in units


def test_asking_for_more_than_there_are_says_so() -> None:
    with pytest.raises(InputError, match=r"the grammar gave only .* of 5000"):
        units_from_grammar(5000, np.random.default_rng(6), max_pieces=2)
