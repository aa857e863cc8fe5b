"""The conditions of a scan: content, protocol and what a warning says."""

import pytest

from autodisco.analysis.conditions import Condition
from autodisco.cli.mixture import Flags, subject
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.simulation.scan import few_pairs, ion_pairs, own_molality, protocol_at, warnings_of, with_molality
from tests.simulation.mixtures import PEO, mixture

MOLALITIES = (0.5, 1, 1.5, 2, 3)


def test_a_condition_is_the_formulation_that_simulate_makes_of_its_flags():
    assert with_molality(parse(PEO), 1.0) == subject(PEO, Flags(molality=1.0))
    assert len({with_molality(parse(PEO), m).key for m in MOLALITIES}) == 5


def test_only_the_salt_of_a_mixture_changes():
    changed = with_molality(mixture("two salts"), 0.7)
    assert changed.molality == 0.7
    assert (changed.salts, changed.polymers) == (mixture("two salts").salts, mixture("two salts").polymers)
    assert own_molality(mixture("plasticised"), "quick") == 1.5
    assert own_molality(changed, "quick") == 0.7


def test_without_salt_there_is_nothing_to_scan():
    for refused in (lambda: with_molality(mixture("no salt"), 1.0), lambda: own_molality(mixture("no salt"), "quick")):
        with pytest.raises(InputError, match="holds no salt"):
            refused()


def test_a_protocol_keeps_its_name_at_its_own_temperature():
    assert (protocol_at("quick", 500.0), protocol_at("quick", 353.0)) == ("quick", "quick@353")


def test_a_scan_says_what_is_not_resolved_and_what_its_builds_said():
    rows = [
        Condition(m, 333.0, 4, sigmas, 0.8).to_dict() | {"warnings": ["molality (mol/kg): 1 asked for"]}
        for m, sigmas in ((1.0, (0.0, 0.0)), (2.0, (0.0, 1e-4)))
    ]
    assert warnings_of(rows, "quick") == [
        "1 mol/kg 333 K, 2 mol/kg 333 K: molality (mol/kg): 1 asked for",
        "1 mol/kg 333 K: not resolved: no ion moved far enough; 0 is no value",
    ]
    (single,) = warnings_of([Condition(1.0, 333.0, 1, (1e-4,), 1.0).to_dict() | {"warnings": []}], "smoke")
    assert single.startswith("1 mol/kg: 1 ion pair in a box")


def test_boxes_with_few_ions_are_warned_of():
    pairs = [ion_pairs(with_molality(parse(PEO), m), "quick") for m in MOLALITIES]
    assert pairs == [1, 3, 4, 5, 8]
    conditions = [Condition(m, 500.0, n, (), m) for m, n in zip(MOLALITIES, pairs, strict=True)]
    (warning,) = few_pairs([(one.molality_mol_per_kg, one.ion_pairs) for one in conditions], "quick")
    assert warning.startswith("0.5 mol/kg: 1 ion pair in a box, 4 at the molality of protocol quick")
