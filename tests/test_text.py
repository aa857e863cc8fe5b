"""Numbers as people read them."""

import math

import pytest

from autodisco.text import counted, duration, quantity, significant, with_error


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (61, "1:01"), (3599, "59:59"), (3900, "1 h 05"), (183600, "2 d 03 h"), (None, "–")],
)
def test_a_duration_is_as_coarse_as_it_is_long(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "sem", "text"),
    [
        (12.345, 0.41, "12.3 ± 0.4"),
        (12.345, 0.14, "12.35 ± 0.14"),
        (47.0, 4.0, "47 ± 4"),
        (1234.0, 56.0, "1234 ± 56"),
        (0.31, None, "0.31"),
        (0.5, 0.0, "0.50 ± 0"),
        (0.0, 0.0, "0"),
        (None, 0.1, "–"),
        (math.nan, 0.1, "–"),
    ],
)
def test_a_value_has_the_digits_its_error_allows(value, sem, text):
    assert with_error(value, sem) == text


def test_the_factor_changes_the_unit_of_value_and_error():
    assert with_error(0.0123, 0.0004, 1e3) == "12.3 ± 0.4"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.00123, "0.0012"), (12.6, "13"), (1.3e-9, "1.3e-09"), (None, "–")]
)
def test_significant_digits(value, text):
    assert significant(value) == text


def test_counts_agree_with_their_noun():
    assert [counted(n, "polymer") for n in range(3)] == ["0 polymers", "1 polymer", "2 polymers"]


def test_a_quantity_of_which_only_a_bound_is_known_says_so_and_how_many_know_it():
    known = {"n_replicas": 4, "a": 11.0, "a_sem": 1.0, "b": None, "b_at_least": 18.0, "b_n": 2, "c": 291.0, "c_n": 3}
    assert quantity(known, "a") == "11.0 ± 1.0"
    assert quantity(known, "b") == "> 18 (2 of 4)"
    assert quantity(known, "c") == "291 (3 of 4)"
    assert quantity(known, "missing") == "–"
