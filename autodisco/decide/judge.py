"""The judge of a campaign: its posterior, fitted to all values that the campaign knows.

It is a function of the store alone, so that a campaign decides the same after a crash.
"""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.decide.measured import surrogate_of, wanted_of
from autodisco.decide.objective import Objective
from autodisco.decide.of_structure import OfStructure
from autodisco.decide.outlook import CLOSELY, Aim, canonical, first_places
from autodisco.decide.promotion import contribution
from autodisco.decide.sources import REFERENCE, collect
from autodisco.store import Candidate, Estimate, Forecast, Store
from autodisco.surrogate import (
    LEVEL,
    TARGET,
    Label,
    Posterior,
    PriorMean,
    PropertyModel,
    Source,
    Wish,
    widening,
)

REFERENCE_WORDS = f"posterior at {TARGET}"

LEAST_COMPARED = 20
"""Labels, and polymers without one, from which on a forest is asked as well."""

MOST_IN_FOREST = 2000
"""Labels that a forest sees, evenly chosen where there are more: its time grows with their number."""


@dataclass(frozen=True)
class Judge:
    """A posterior and what it was fitted to.

    Attributes
    ----------
    objective, posterior
    target : name of the source that the posterior speaks about
    labels, sources : what it was fitted to
    refit : fits the same model to other labels
    widened : factor by which its standard deviations are larger because values lay far from what had been said
    """

    objective: Objective
    posterior: Posterior
    target: str
    labels: tuple[Label, ...]
    sources: tuple[Source, ...]
    refit: Callable[[Sequence[Label]], Posterior]
    widened: float

    @property
    def words(self) -> str:
        """What it speaks about, for people."""
        return REFERENCE_WORDS if self.target == REFERENCE else f"posterior, protocol {self.target}"


def judged(store: Store) -> Judge | None:
    """The judge of a campaign as of now; None with `[surrogate] kind = "none"`, and while there is no value at all.

    The last fit is kept in memory.
    """
    return _judged(store, wanted_of(store).objective, widened_by(store.forecasts()))


def further_aims(store: Store) -> list[Aim]:
    """The further objectives of a campaign with what is believed of them; those that nothing is known of are left
    out."""
    return _aims(store, wanted_of(store).further)


def constraint_aims(store: Store) -> list[Aim]:
    """The same of the constraints of a campaign."""
    return _aims(store, wanted_of(store).constraints)


def _aims(store: Store, objectives: Sequence[Objective]) -> list[Aim]:
    found = []
    for one in objectives:
        if one.structure:
            found.append(Aim(one, OfStructure(one, store.scores(one.column))))
        elif judge := _judged(store, one, 1.0):
            found.append(Aim(one, judge.posterior))
    return found


def _judged(store: Store, objective: Objective, widened: float) -> Judge | None:
    if (settings := surrogate_of(store)) is None:
        return None
    found = collect(store, objective, prior_mean=settings.get("prior_mean", True))
    if not found.labels:
        return None
    labels, sources = tuple(found.labels), tuple(found.sources.values())
    level = LEVEL if found.target == REFERENCE else None
    model = sources, found.target, found.prior_mean, store.get("seed") or 0, objective.spread, level
    fitted = _fitted(objective.name, labels, *model)
    return Judge(
        objective, fitted.widen(widened), found.target, labels, sources, lambda told: _fit(told, *model), widened
    )


def widened_by(rows: Sequence[Forecast]) -> float:
    """Factor for standard deviations, 1 unless values lay further from what had been said than it allows."""
    return widening(np.array([row.z_before_widening for row in rows]))


def _fit(
    labels: Sequence[Label],
    sources: tuple[Source, ...],
    target: str,
    prior_mean: bool,
    seed: int,
    spread: float,
    level: float | None,
) -> Posterior:
    prior = PriorMean.shipped() if prior_mean else None
    return Posterior.fit(labels, sources, target, prior_mean=prior, seed=seed, spread=spread, level=level)


_latest: dict[str, tuple[Hashable, Posterior]] = {}


def _fitted(objective: str, labels: tuple[Label, ...], *model: Any) -> Posterior:
    """The fit to these labels, or the one that was made last for an objective if it is to the same.

    Only the last one is kept: its matrices grow with the square of the number of labels.
    """
    what: Hashable = (labels, model)
    if objective not in _latest or _latest[objective][0] != what:
        _latest.pop(objective, None)  # before another one takes as much memory
        _latest[objective] = what, _fit(labels, *model)
    return _latest[objective][1]


def contributions(judge: Judge, protocols: Sequence[str]) -> dict[str, float]:
    """What each tier below the highest contributes to what is said of the highest one's values; empty while it has too
    few (`autodisco.decide.promotion.contribution`)."""
    *below, top = protocols
    gains = {name: contribution(judge.labels, judge.refit, name, top) for name in below}
    return {name: gain for name, gain in gains.items() if gain is not None}


def estimates(judge: Judge, store: Store, pool: Sequence[Candidate], best: int) -> list[Estimate]:
    """What the judge says of every polymer with a value, of the reference and of the candidates in the pool.

    `best` is how many are the best.
    """
    reference = store.polymer(store.get("reference_key") or "")
    known = {label.smiles for label in judge.labels if label.source in {source.name for source in _awaited(judge)}}
    units = {key: smiles for key, smiles in store.units().items() if smiles in known}
    if reference:
        units[reference.key] = reference.smiles
    open_ = [row for row in pool if row.key and row.key not in units]
    waiting = {row.key or "": unit for row, unit in zip(open_, canonical(row.smiles for row in open_), strict=True)}
    units |= waiting
    keys, smiles = list(units), list(units.values())
    found = judge.posterior.predict(smiles)
    worth, error = Aim(judge.objective, judge.posterior).worths(found.mean, found.sd)
    better = difference = None
    if reference:
        better, difference = judge.posterior.against(smiles, reference.smiles, wish_of(judge.objective))
    seed = [store.get("seed") or 0, store.get("iteration") or 0, len(judge.labels)]
    p_best = _chances_best(judge, smiles, worth + 2 * error, len(units) - len(waiting), best, seed)
    said = _said(judge, smiles)
    return [
        Estimate(
            key=key,
            iteration=store.get("iteration") or 0,
            mean=float(found.mean[n]),
            sd=float(found.sd[n]),
            p_better=None if better is None or (reference and key == reference.key) else float(better[n]),
            p_best=float(p_best[n]),
            moved={name: float(moved[n]) for name, moved in found.contributions.items()},
            said=said[n],
            difference_sd=None if difference is None else float(difference[n]),
        )
        for n, key in enumerate(keys)
    ]


def forecasts(judge: Judge, store: Store) -> list[Forecast]:
    """Values that came since the last estimates, beside what these said; a polymer and a source once.

    Bounds are left out: they say only that a value lies where less than the least is resolved.
    """
    smiles = {unit: key for key, unit in store.units().items()}
    said, widened = store.estimates(), (store.get("judgement") or {}).get("widened_by_forecasts", 1.0)
    done = {(row.key, row.source) for row in store.forecasts()}
    rows = []
    for label in judge.labels:
        key = smiles.get(label.smiles, "")
        before = said[key].said.get(label.source) if key in said else None
        if before is None or label.censored or (key, label.source) in done:
            continue
        mean, sd, noise, builds = before
        if not builds:
            error = label.sem if label.sem is not None else noise / math.sqrt(label.builds)
            now = store.get("iteration")
            rows.append(Forecast(key, label.source, now, mean, sd, error, widened, label.value, label.builds))
    return rows


def forest_agreement(judge: Judge, source: str, units: Sequence[str]) -> float | None:
    """Spearman's correlation between what the judge and a random forest expect of polymers in a source.

    The forest sees the labels of this source only, and the same counts and descriptors. None with fewer than
    `LEAST_COMPARED` labels or polymers, and where one of the two expects the same of all.
    """
    labels = [label for label in judge.labels if label.source == source and not label.censored]
    if min(len(labels), len(units)) < LEAST_COMPARED:
        return None
    from scipy.stats import spearmanr  # here, because scipy.stats takes a second

    some = labels[:: -(-len(labels) // MOST_IN_FOREST)]
    forest = PropertyModel.fit([label.smiles for label in some], [label.value for label in some], seed=1)
    said, theirs = judge.posterior.values(units, source)[0], forest.predict(units)
    return float(spearmanr(said, theirs).statistic) if min(np.ptp(said), np.ptp(theirs)) > 0 else None


def _awaited(judge: Judge) -> list[Source]:
    """Sources from which values may come while the campaign is at work."""
    return [source for source in judge.sources if source.kind != "data-set"]


def wish_of(objective: Objective) -> Wish:
    """Which values of an objective are wanted."""
    return Wish(objective.lower_is_better, objective.target_place)


def _chances_best(
    judge: Judge, smiles: Sequence[str], upper: np.ndarray, n_valued: int, best: int, seed: Sequence[int]
) -> np.ndarray:
    """Chance of each polymer to be among the best, those with a value first; hopeless ones of the pool have 0."""
    open_ = n_valued + np.sort(first_places(upper[n_valued:], CLOSELY))
    rows = np.concatenate([np.arange(n_valued), open_])
    chances, rng = np.zeros(len(smiles)), np.random.default_rng(seed)
    among = [smiles[row] for row in rows.tolist()]
    chances[rows] = judge.posterior.p_best(among, best, rng, wish=wish_of(judge.objective))
    return chances


def _said(judge: Judge, smiles: Sequence[str]) -> list[dict[str, tuple[float, float, float, int]]]:
    """For each polymer the values that are expected in the sources from which some may come."""
    known: Mapping[tuple[str, str], int] = {(label.smiles, label.source): label.builds for label in judge.labels}
    told: list[dict[str, tuple[float, float, float, int]]] = [{} for _ in smiles]
    for source in _awaited(judge):
        mean, sd = judge.posterior.values(smiles, source.name)
        noise = judge.posterior.noise(source.name)
        for n, unit in enumerate(smiles):
            told[n][source.name] = (float(mean[n]), float(sd[n]), noise, known.get((unit, source.name), 0))
    return told
