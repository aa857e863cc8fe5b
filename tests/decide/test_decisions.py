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
        ({"short": False, "high": True}, "as many draws as allowed no, above and risen yes"),
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


def test_the_subject_is_not_said_again():
    assert seen(row(subject="iteration 3", iteration=3, draws=5), CONDUCTIVITY) == "draws 5"


def test_an_end_names_the_end_state():
    assert decided(row("end", outcome="nothing-new")) == "end as saturated"
    assert decided(row("end", outcome="mine")) == "mine"
    assert decided(row("go on", outcome="nothing-new")) == "nothing-new"


def test_values_have_the_unit_of_tables():
    assert CONDUCTIVITY.exact(0.0) == "0 mS/cm"
    assert CONDUCTIVITY.exact(1.234e-7) == "0.000123 mS/cm"
