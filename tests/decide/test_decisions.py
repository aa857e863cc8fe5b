"""Rows of the journal as people read them."""

import pytest

from autodisco.decide import objective_named
from autodisco.decide.decisions import decided, seen
from autodisco.store import Event

CONDUCTIVITY = objective_named("conductivity")


def row(event="", subject="", outcome="", **values):
    return Event(1, 0.0, 1, "simulate", event, subject, values, outcome, "")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"p_better": None, "rank": 1}, "rank 1"),
        ({"detail": "", "codes": {}, "flags": ["N-O", "O-O"]}, "flags N-O and O-O"),
        ({"simulation.warm": False, "low": 2}, "simulation.warm no, low 2"),
        ({"codes": {"nan": 2, "timeout": 1}}, "codes nan 2 and timeout 1"),
        ({"code": "nan", "attempt": 0, "wall_s": 131.2}, "code nan, attempt 1, after 2:11"),
        ({"bytes": 12_345_678, "not cleaned": 0}, "freed 12.3 MB, not cleaned 0"),
        ({"production_saved_ps": 4000.0}, "production saved 4000 ps"),
        (
            {"conductivity_s_per_cm": 0.0123, "expected_s_per_cm": None},
            "conductivity 12.3 mS/cm",
        ),
        ({"similarity": 0.18088, "valid_unique_novel": 0.5}, "similarity 0.181, valid unique novel 0.5"),
    ],
)
def test_what_was_seen_has_units_and_nothing_undefined(values, text):
    assert seen(row(**values), CONDUCTIVITY) == text


def test_the_class_of_a_polymer_is_said_once():
    assert seen(row("acquire", outcome="train as high", label="high", weight=5.0), CONDUCTIVITY) == "weight 5"


def test_a_judgement_of_the_saturation_rule_is_a_sentence():
    counts = {
        "iteration": 2,
        "count": "polymers",
        "known": 17,
        "draws": 62,
        "rate": 0.27,
        "short": False,
        "high": False,
    }
    chances = {"p_above": 1e-32, "p_risen": None, "chance_new": 0.73, "chance_new_low": 0.62, "chance_new_high": 0.81}
    text = seen(row("go on", **counts, **chances, reachable=196.4, duplicates=4, new_strings=43), CONDUCTIVITY)
    assert text == (
        "17 of 62 valid draws known, rate above the threshold with probability 0.00, next draw new with 0.73 "
        "(0.62 to 0.81), at least 196 polymers within reach, 4 of 43 new strings known as polymers"
    )


def test_an_end_names_the_end_state():
    assert decided(row("end", outcome="nothing-new")) == "end as saturated"
    assert decided(row("end", outcome="mine")) == "mine"
    assert decided(row("go on", outcome="nothing-new")) == "nothing-new"


def test_values_have_the_unit_of_tables():
    assert CONDUCTIVITY.exact(0.0) == "0 mS/cm"
    assert CONDUCTIVITY.exact(1.234e-7) == "0.000123 mS/cm"
