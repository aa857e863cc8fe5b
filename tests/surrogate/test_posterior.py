import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import norm, truncnorm

from autodisco.polymer import parse, units_from_grammar
from autodisco.surrogate import (
    Label,
    Normal,
    Posterior,
    PriorMean,
    Priors,
    Scatter,
    Source,
    coverage,
    widening,
)
from autodisco.surrogate.covariance import DEPARTURE, Kernels
from autodisco.surrogate.likelihood import _Layout, _objective
from autodisco.surrogate.posterior import PRIOR
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.threads import one_thread

UNITS = [parse(text).smiles for text in units_from_grammar(160, np.random.default_rng(5))]
LONG = Source.of_kind("long", "protocol", reference=True)
SHORT = Source.of_kind("short", "protocol")
TABLE = Source("table", "data-set", False, Priors(Normal(0, 1), Normal(1, 1), 1, Scatter(0.2, 2)))


def likeness(units, others):
    """The sum of the kernels on environments and patterns."""
    return sum(Structures.of(units).alike(Structures.of(others)))


def truth(units, seed=0):
    """A random smooth function of the structure as the model sees it, spread 0.5 about -3."""
    fixed = UNITS[::4]
    weights = np.random.default_rng(seed).normal(size=len(fixed))
    values = likeness(units, fixed) @ weights
    of_all = likeness(UNITS, fixed) @ weights
    return -3 + 0.5 * (values - of_all.mean()) / of_all.std()


def labels(units, source, values, **more):
    return [Label(unit, source, float(value), **more) for unit, value in zip(units, values, strict=True)]


def fit(known, sources=(LONG,), **more):
    return Posterior.fit(known, sources, "long", **{"prior_mean": None, "seed": 1, "level": -3.0, **more})


def mixed(seed=0, noise=0.3):
    """Long values of 20 polymers and short ones of 100, on half the scale and half a decade higher."""
    rng = np.random.default_rng(seed)
    known = labels(UNITS[:20], "long", truth(UNITS[:20]) + 0.1 * rng.normal(size=20))
    hot = -3 + 0.5 + 0.5 * (truth(UNITS[:100]) + 3) + noise * rng.normal(size=100)
    return known + labels(UNITS[:100], "short", hot)


def test_it_interpolates_and_says_how_well():
    rng = np.random.default_rng(3)
    known = fit(labels(UNITS[:100], "long", truth(UNITS[:100]) + 0.1 * rng.normal(size=100)))
    found = known.predict(UNITS[100:])
    z = (truth(UNITS[100:]) - found.mean) / found.sd
    assert np.corrcoef(found.mean, truth(UNITS[100:]))[0, 1] > 0.9
    assert coverage(z) > 0.8
    assert (found.low < found.mean).all()
    assert found.high - found.mean == pytest.approx(norm.ppf(0.95) * found.sd)
    assert 0.07 < known.noise("long") < 0.14


def test_it_is_the_conditional_of_the_joint_distribution():
    table = labels(UNITS[90:120], "table", truth(UNITS[90:120]))
    known = fit([*mixed(), *table], (LONG, SHORT, TABLE))
    by = known.hyperparameters
    rows = [*UNITS[:20], *UNITS[:100], *UNITS[90:120]]
    everything = Structures.of([*UNITS[130:], *rows])
    e, p, d = everything.alike(everything)
    q = Kernels.between(everything, everything).quadratic
    kernel = by.similarity * e + by.patterns * p + by.linear * d + by.quadratic * q + by.constant
    n = len(UNITS[130:])
    source = np.repeat([0, 1, 2], [n + 20, 100, 30])
    short, told = source == 1, source == 2
    kernel -= (1 - np.outer(~told, ~told)) * DEPARTURE * by.quadratic * q
    scale = by.slope[source]
    joint = scale[:, None] * kernel * scale
    joint += np.outer(short, short) * (by.offset_variance[1] + by.systematic[1] * ((e + p) / 4 + d / 2 + 0.1 * q))
    joint += np.outer(told, told) * by.offset_variance[2]
    noisy = joint[n:, n:] + np.diag(by.noise[source[n:]])
    values = np.array([label.value for label in [*mixed(), *table]])
    centre = known.predict(UNITS[130:]).contributions[PRIOR][0]
    expected = -3 + by.offset[source] + scale * (centre + 3)
    weights = np.linalg.solve(noisy, values - expected[n:])
    covariance = joint[:n, :n] - joint[:n, n:] @ np.linalg.solve(noisy, joint[n:, :n])
    mean, ours = known.joint(UNITS[130:])
    assert mean == pytest.approx(centre + joint[:n, n:] @ weights)
    assert ours == pytest.approx(known.widened**2 * covariance, abs=1e-9)
    found = known.predict(UNITS[130:])
    assert found.mean == pytest.approx(mean)
    assert found.sd == pytest.approx(np.sqrt(np.diag(ours)))
    assert sum(found.contributions.values()) == pytest.approx(mean)


def test_the_gradient_of_the_likelihood_is_right(monkeypatch):
    sources = (LONG, SHORT, TABLE)
    known = [*mixed(), *labels(UNITS[50:80], "table", truth(UNITS[50:80]))]
    seen = []

    def record(data, sources, start):
        seen.append((data, start))
        return start

    monkeypatch.setattr("autodisco.surrogate.fitting.most_likely", record)
    fit(known, sources)
    data, start = seen[0]
    layout = _Layout(sources, start)
    at = layout.centre + 0.1 * np.random.default_rng(0).normal(size=layout.size)
    arguments = (data, sources, layout)

    def value(theta):
        return _objective(theta, *arguments)[0]

    def slope(theta):
        return _objective(theta, *arguments)[1]

    assert one_thread(check_grad)(value, slope, at) < 1e-3 * np.linalg.norm(slope(at))


def test_short_simulations_help_and_their_slope_is_found():
    few = fit([label for label in mixed() if label.source == "long"], (LONG, SHORT))
    both = fit(mixed(), (LONG, SHORT))
    errors = [np.sqrt(np.mean((p.predict(UNITS[20:100]).mean - truth(UNITS[20:100])) ** 2)) for p in (few, both)]
    assert errors[1] < 0.8 * errors[0]
    assert 0.3 < both.hyperparameters.slope[1] < 0.8
    assert 0.2 < both.noise("short") < 0.4


def test_the_offset_of_a_source_is_found():
    found = fit(mixed(), (LONG, SHORT))
    assert found.offset("short") == pytest.approx(0.5, abs=0.2)  # as `mixed` makes them
    # that of the joint Gaussian, by dense linear algebra
    known, by = found._labels, found.hyperparameters
    covariance = found._factor @ found._factor.T
    own = by.offset_variance[1] * (known.source == 1)
    assert found.offset("short") == pytest.approx(by.offset[1] + own @ np.linalg.solve(covariance, known.residuals))
    assert fit(mixed()[:20], (LONG, SHORT)).offset("short") == SHORT.priors.offset.mean


def test_more_builds_count_more():
    one, many = (fit([Label("*CCO*", "long", -2.0, builds=n)]).predict(["*CCO*"]).sd[0] for n in (1, 9))
    assert many < 0.5 * one
    exact = fit([Label("*CCO*", "long", -2.0, sem=0.02)]).predict(["*CCO*"])
    assert exact.sd[0] < many
    assert exact.mean[0] == pytest.approx(-2.0, abs=0.02)


def test_without_labels_the_prior_is_told():
    found = fit([]).predict(["*CCO*", "*CC*"])
    assert (found.sd > 0.5).all()
    assert list(found.contributions) == [PRIOR]


def test_leave_one_out_is_what_the_others_say():
    known = mixed()[:40]
    whole = fit(known, (LONG, SHORT))
    residuals, sds = whole.leave_one_out(np.array([3]))
    prior = whole.predict([UNITS[0]]).contributions[PRIOR][0]
    rest = fit(known, (LONG, SHORT)).condition([])
    assert len(whole.leave_one_out()[0]) == 40
    # by hand, with the same hyperparameters
    covariance = whole._factor @ whole._factor.T
    others = np.arange(40) != 3
    values = np.array([label.value for label in known])
    by = whole.hyperparameters
    short = np.array([label.source == "short" for label in known])
    residual = values - np.where(short, -3 + by.offset[1] + by.slope[1] * (prior + 3), prior)
    told = covariance[3, others] @ np.linalg.solve(covariance[np.ix_(others, others)], residual[others])
    left = covariance[3, 3] - covariance[3, others] @ np.linalg.solve(
        covariance[np.ix_(others, others)], covariance[others, 3]
    )
    assert residuals[0] == pytest.approx(residual[3] - told)
    assert sds[0] == pytest.approx(np.sqrt(left))
    assert rest.predict(UNITS[:5]).sd == pytest.approx(whole.predict(UNITS[:5]).sd)


def test_folds_are_predicted_from_the_other_folds():
    known = mixed()[:40]
    whole = fit(known, (LONG, SHORT))
    assert np.allclose(whole.leave_out(np.arange(40)), whole.leave_one_out())
    fold = np.arange(40) % 4
    residuals, sds = whole.leave_out(fold)
    covariance, prior_residuals = whole._factor @ whole._factor.T, whole._factor @ whole._factor.T @ whole._weights
    aside, rest = fold == 2, fold != 2
    gain = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[np.ix_(rest, aside)])
    assert residuals[aside] == pytest.approx(prior_residuals[aside] - gain.T @ prior_residuals[rest])
    left = covariance[np.ix_(aside, aside)] - covariance[np.ix_(aside, rest)] @ gain
    assert sds[aside] == pytest.approx(np.sqrt(np.diag(left)))


def test_the_truth_is_expected_where_a_data_set_is_and_is_less_sure_far_from_its_middle():
    table = Source("table", "data-set", False, Priors(Normal(0, 1e-6), Normal(1, 1e-6), 0.0, Scatter(0.1, 50)))
    known = fit(labels(UNITS[:100], "table", truth(UNITS[:100])), (LONG, table))
    said, (means, sds) = known.predict(UNITS), known.values(UNITS, "table")
    assert said.mean == pytest.approx(means, abs=1e-4)
    far = known.hyperparameters.quadratic * Kernels.of_each(Structures.of(UNITS)).quadratic
    assert np.square(said.sd) == pytest.approx(np.square(sds) + known.widened**2 * DEPARTURE * far, rel=1e-4)
    assert far.max() > 10 * far.min()


def test_a_data_set_never_makes_the_truth_less_sure():
    alone = fit([], (LONG,), prior_mean=PriorMean.shipped()).predict(UNITS)
    known = fit(labels(["*CCO*"], "table", [-3.0]), (LONG, TABLE), prior_mean=PriorMean.shipped())
    assert (known.predict(UNITS).sd <= alone.sd * known.widened * (1 + 1e-9)).all()


def test_a_bound_is_the_truncated_distribution():
    below = fit([Label("*CC*", "long", -3.0, censored=True)], spread=0.5)
    by, prior = below.hyperparameters, -3.0
    total = (
        by.similarity
        + by.patterns
        + by.linear * Structures.of(["*CC*"]).linear_with_itself[0]
        + by.quadratic * Kernels.of_each(Structures.of(["*CC*"])).quadratic[0]
        + by.constant
    )
    cut = truncnorm(-np.inf, 0, loc=prior, scale=np.sqrt(total + by.noise[0]))  # of the noisy value
    share = total / (total + by.noise[0])
    found = below.predict(["*CC*"])
    assert found.mean[0] == pytest.approx(prior + share * (cut.mean() - prior), abs=1e-3)
    assert found.sd[0] ** 2 == pytest.approx(share**2 * cut.var() + total * (1 - share), rel=1e-2)
    far = fit([Label("*CC*", "long", 5.0, censored=True), Label("*CCO*", "long", -3.0)])
    without = fit([Label("*CCO*", "long", -3.0)])
    assert far.predict(["*CCN*"]).sd == pytest.approx(without.predict(["*CCN*"]).sd, rel=0.3)


def test_pending_polymers_narrow_and_do_not_move():
    known = fit(mixed(), (LONG, SHORT))
    for source in ("long", "short"):
        pending = known.condition(UNITS[100:103], source)
        before, after = known.predict(UNITS), pending.predict(UNITS)
        assert after.mean == pytest.approx(before.mean)
        assert (after.sd <= before.sd + 1e-9).all()
        assert (after.sd[100:103] < 0.99 * before.sd[100:103]).all()
    wide, narrow = known.predict(UNITS[100:101]).sd[0], known.condition(UNITS[100:101]).predict(UNITS[100:101]).sd[0]
    assert known.shift(UNITS[100:101], "long")[0] == pytest.approx(np.sqrt(wide**2 - narrow**2))
    assert known.shift(UNITS[100:101], "short")[0] < known.shift(UNITS[100:101], "long")[0]


def test_chances_agree_with_random_functions():
    known = fit(mixed(), (LONG, SHORT))
    pool, rng = UNITS[100:140], np.random.default_rng(1)
    drawn = known.draws(pool, 20000, rng)
    assert drawn.mean(axis=0) == pytest.approx(known.predict(pool).mean, abs=0.02)
    assert known.against(pool, pool[0])[0][1:] == pytest.approx((drawn[:, 1:] > drawn[:, :1]).mean(axis=0), abs=0.02)
    assert known.against(pool, pool[0])[0][0] == pytest.approx(0.5)
    apart = (drawn - drawn[:, :1]).std(axis=0)
    assert known.against(pool, pool[0])[1] == pytest.approx(apart, rel=0.03, abs=1e-9)
    best = np.argsort(-drawn, axis=1)[:, :3]
    chances = known.p_best(pool, 3, np.random.default_rng(2), n=20000)
    assert chances == pytest.approx(np.bincount(best.ravel(), minlength=len(pool)) / 20000, abs=0.02)
    assert chances.sum() == pytest.approx(3)
    assert known.p_best(pool, 60, rng).tolist() == [1.0] * len(pool)


def test_the_same_input_gives_the_same_output():
    first, second = (fit(mixed(), (LONG, SHORT)).predict(UNITS[:30]) for _ in range(2))
    assert (first.mean == second.mean).all()
    assert (first.sd == second.sd).all()


def test_an_overconfident_posterior_widens_itself():
    rng = np.random.default_rng(0)
    assert widening(rng.normal(size=200)) < 1.1
    assert widening(2.0 * rng.normal(size=200)) == pytest.approx(2.0, rel=0.1)
    assert widening(np.empty(0)) == 1.0
    assert widening(np.array([1.8, -1.8])) < 1.25  # two labels say little


def test_a_prior_that_is_far_too_sure_is_widened():
    sure = PriorMean(-3.0, 5e-6, 5e-6, 1e-5, 0.0, 1e-5)  # polymers that differ by 0.005 decades, where it is 0.5
    few = labels(UNITS[:12], "long", truth(UNITS[:12]), sem=0.05)
    known, sound = fit(few, prior_mean=sure), fit(few)
    assert sound.widened < 1.2
    assert known.widened > 1.3
    found = known.predict(UNITS[100:])
    z = (truth(UNITS[100:]) - found.mean) / found.sd
    assert coverage(z) > coverage(known.widened * z)  # without it


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="reference"):
        Posterior.fit([], [SHORT], "short", prior_mean=None, seed=0)
    with pytest.raises(ValueError, match="elsewhere"):
        fit([Label("*CC*", "elsewhere", 0.0)])
