from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from autodisco.errors import InputError
from autodisco.polymer import read_material
from autodisco.surrogate import PRIOR, PriorMean, coverage, estimates, from_tables
from autodisco.surrogate.similarity import Structures
from bench.published import candidates, htp_md

OXIDE = read_material("*OCC*")


@pytest.fixture(scope="module")
def untaught():
    return from_tables({})


def test_its_environments_are_those_of_the_fingerprint():
    """Identifiers of another version of RDKit would be taken for environments that nobody knows."""
    prior = PriorMean.shipped()
    counts = Structures.of(["*CCO*", "*CC(=O)OCCNC(=O)*"]).counts_of(prior.environments)
    assert (counts.sum(axis=1) > [1.3, 1.5]).all()  # of 2 at most
    assert 100 < len(prior.environments) < 300


def test_it_ranks_published_polymers_that_it_has_not_seen(reference, untaught):
    generated = candidates(reference)
    found = untaught.predict(generated.units)
    assert spearmanr(found.mean, generated.values).statistic >= 0.75
    assert 0.85 <= coverage((generated.values - found.mean) / found.sd) <= 0.95


def test_it_covers_the_table_that_it_was_fitted_to(reference, untaught):
    some = htp_md(reference, most=300)
    found = untaught.predict(some.units)
    z = (some.values - found.mean) / np.hypot(found.sd, 0.14)  # noise of a value of the table
    assert 0.87 <= coverage(z) <= 1.0


def test_a_table_moves_the_estimates(untaught):
    rows = [("*CCNCO*", 3e-3), ("*CCNCCO*", 3e-3), ("*CNCO*", 3e-3), ("*CCCCO*", 3e-4), ("*CCC*", 0.0)]
    units = [read_material(text) for text in ("*CCNCNCO*", "*CCCC*", "*OCC*")]
    before, after = (estimates(known, units, OXIDE) for known in (untaught, from_tables({"mine": rows})))
    assert after[0].value > before[0].value
    assert after[1].value < before[1].value
    assert after[1].high < before[1].high
    assert after[0].p_better > before[0].p_better
    for one in after:
        assert set(one.contributions) == {PRIOR, "mine"}
        assert np.log10(one.value + 1e-6) == pytest.approx(sum(one.contributions.values()))
        assert one.low < one.value < one.high
    assert after[2].p_better == 0.5


def test_a_table_of_other_conditions_is_shifted():
    """Values at another temperature, all a tenth: the table's offset takes it up."""
    units = ["*CCNCO*", "*CCNCCO*", "*CNCO*", "*CCCCO*", "*CCCO*", "*CCSCO*", "*CCNCCS*", "*CC(C)O*"]
    prior = from_tables({}).predict(units).mean
    same, cold = (from_tables({"t": list(zip(units, 10 ** (prior - lower), strict=True))}) for lower in (0, 1))
    assert cold.predict(units).mean == pytest.approx(same.predict(units).mean, abs=0.2)
    assert cold.predict(units).contributions["t"] == pytest.approx(0.0, abs=0.3)


def test_without_the_prior_mean_the_table_is_the_target():
    rows = [("*CCO*", 1e-3), ("*CCN*", 2e-3), ("*CC*", 1e-5)]
    (one,) = estimates(from_tables({"mine": rows}, prior_mean=False), [OXIDE], OXIDE)
    assert one.value == pytest.approx(1e-3, rel=0.5)
    with pytest.raises(InputError, match="a table of values is needed"):
        from_tables({}, prior_mean=False)


@pytest.mark.parametrize(
    "rows",
    [
        [("*CCO*", 1e-3)],
        [("*CCO*", 0.0)],
        [("*CCO*", 0.0), ("*CCO*", 1e-3), ("*CCO*", 1e-3)],
        [("*CCO*", 1e-300), ("*CCN*", 5.0)],
        [("*CCO*", 1e-4)] * 40,
    ],
)
def test_odd_tables_give_finite_answers(rows):
    (one,) = estimates(from_tables({"odd": rows}), [read_material("*CCS*")], OXIDE)
    assert 0 <= one.low < one.value < one.high < 1
    assert 0 < one.p_better < 1


def test_a_value_in_another_unit_is_refused():
    with pytest.raises(InputError, match=r"mine: \*CCO\* has 300 S/cm"):
        from_tables({"mine": [("*CCO*", 300.0)]})


def test_the_bench_that_made_it_is_named():
    text = (Path(__file__).parents[2] / "autodisco" / "surrogate" / "data" / "prior_mean.toml").read_text()
    assert "bench/prior_mean.py" in text
