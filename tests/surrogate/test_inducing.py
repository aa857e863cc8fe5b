"""Very many labels are condensed to points, and say nearly what they say when all of them are conditioned on."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from autodisco.surrogate import Label, far_off
from autodisco.surrogate.inducing import points_of
from autodisco.surrogate.sources import Source
from tests.surrogate.test_posterior import LONG, SHORT, TABLE, UNITS, fit, labels, mixed, truth

BOUND = Label(UNITS[25], "long", -4.0, censored=True)


@pytest.fixture
def condensed(monkeypatch):
    """Fit with at most so many points, whatever the number of labels."""

    def fitted(known, points, sources=(LONG, SHORT)):
        with monkeypatch.context() as patch:
            patch.setattr("autodisco.surrogate.inducing.POINTS", points)
            patch.setattr("autodisco.surrogate.inducing.AT_ONCE", 50)  # several parts
            return fit(known, sources, most_exact=0)

    return fitted


def test_it_is_exact_if_every_label_is_a_point(condensed):
    known = [*mixed(), BOUND, *labels(UNITS[90:120], "table", truth(UNITS[90:120]))]
    sources = (LONG, SHORT, TABLE)
    exact, ours = fit(known, sources), condensed(known, len(known), sources)
    for one, other in (
        (exact.joint(UNITS[10:140:10]), ours.joint(UNITS[10:140:10])),
        (exact.values(UNITS, "short"), ours.values(UNITS, "short")),
        (exact.leave_one_out(), ours.leave_one_out()),
        ([exact.shift(UNITS, "short")], [ours.shift(UNITS, "short")]),
        ([exact.shift(UNITS, "table")], [ours.shift(UNITS, "table")]),
    ):
        for expected, found in zip(one, other, strict=True):
            assert found == pytest.approx(expected, abs=1e-3)
    assert ours.widened == pytest.approx(exact.widened, abs=1e-3)


def test_fewer_points_say_nearly_the_same(condensed):
    known = mixed()
    exact, ours = (model.predict(UNITS[100:]) for model in (fit(known, (LONG, SHORT)), condensed(known, 90)))
    assert spearmanr(exact.mean, ours.mean).statistic > 0.97
    assert np.mean(ours.sd / exact.sd) == pytest.approx(1, abs=0.05)
    assert (ours.sd > 0.98 * exact.sd).all()
    assert sum(ours.contributions.values()) == pytest.approx(ours.mean)


def test_a_pending_label_narrows_what_it_is_about(condensed):
    model = condensed(mixed(), 60)
    later = model.condition([UNITS[120]])
    assert later.predict(UNITS[120:121]).mean == pytest.approx(model.predict(UNITS[120:121]).mean)
    assert later.predict(UNITS[120:121]).sd < 0.9 * model.predict(UNITS[120:121]).sd


def test_a_value_in_another_unit_is_found_among_very_many(condensed):
    values = truth(UNITS[:100]) + 0.1 * np.random.default_rng(1).normal(size=100)
    values[40] += 3
    known = labels(UNITS[:100], "long", values)
    (found,) = far_off(condensed(known, 50, (LONG,)), known)
    assert found.smiles == UNITS[40]


def test_all_labels_of_the_target_and_both_ends_of_other_sources_are_points(monkeypatch):
    monkeypatch.setattr("autodisco.surrogate.inducing.POINTS", 60)
    known = mixed()
    known = [*known, known[0]]
    source = np.array([label.source == "short" for label in known], dtype=int)
    rows = points_of(known, source, np.random.default_rng(0))
    assert len(rows) == 60
    assert set(range(20)) <= set(rows.tolist())
    assert len(known) - 1 not in rows  # the second label of a polymer
    short = 20 + np.argsort([label.value for label in known if label.source == "short"])
    assert {*short[:10].tolist(), *short[-10:].tolist()} <= set(rows.tolist())


def test_polymers_of_one_structure_are_no_obstacle(condensed):
    """Enantiomers have equal rows in the covariance of the points."""
    source = Source.of_kind("long", "protocol", reference=True)
    twins = ["*C[C@H](C)C(=O)O*", "*C[C@@H](C)C(=O)O*"]
    known = [*labels(UNITS[:50], "long", truth(UNITS[:50])), *labels(twins, "long", [-3.0, -3.0])]
    found = condensed(known, 52, (source,)).predict(twins)
    assert np.isfinite(found.mean).all()
    assert found.mean[0] == pytest.approx(found.mean[1])
