"""When the generator has nothing new to say: the duplicate rate is high and has risen, each with a stated confidence.

Counted are polymers: each valid draw of an iteration is asked whether its polymer would be known if it came last, from
the other draws, earlier iterations or the training set. One minus this rate is the Good–Turing chance that the next
draw is a new polymer. A polymer that waits in the pool is new until a selection takes it, so that the rate does not
depend on how many more polymers than a batch are drawn. Draws of the reference, of the heaviest training rows and of a
polymer that makes up most of the draws are left aside: a generator that was fed thousands of copies writes them again
however much is left to find.

The count of Khajeh et al. 2025 (symmetry duplicates among the strings that are new as strings) is reported beside it,
and can be the rule by name. It depends on the number of ways in which a polymer can be written.
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import betainc, betaincc, betaincinv

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.pool import has_pool
from autodisco.campaign.settings import Saturation
from autodisco.store import Store

_QUANTILES = (np.arange(4000) + 0.5) / 4000
INTERVAL = 0.9
"""Posterior probability of the interval that is reported with the chance of a new polymer."""


@dataclass(frozen=True)
class Counts:
    """`known` of the `draws` of an iteration are known; `twice` polymers were discovered in it and drawn twice."""

    known: int
    draws: int
    twice: int = 0

    @property
    def posterior(self) -> tuple[float, float]:
        """Parameters of the Beta posterior of the rate, from a uniform prior.

        Both draws of a polymer that came twice are known because of each other. By this the estimate scatters more than
        that of independent draws: variance p(1 − p)/n + 2 f₂/n² (Esty, Ann. Statist. 1983, 11, 905). As many draws
        count as would scatter alike if they were independent.
        """
        new = self.draws - self.known
        p = (new + 1) / (self.draws + 2)
        weight = 1.0 / (1.0 + 2.0 * self.twice / (self.draws * p * (1.0 - p))) if self.draws else 1.0
        return 1.0 + weight * self.known, 1.0 + weight * new

    @property
    def chance_new_interval(self) -> tuple[float, float]:
        """The `INTERVAL` of one minus the rate; it reaches 0 where all draws are known, and 1 where none is."""
        tail, known, new = (1.0 - INTERVAL) / 2, *self.posterior
        low, high = betaincinv(new, known, [tail, 1.0 - tail]).tolist()
        return low if self.known < self.draws else 0.0, high if self.known else 1.0


@dataclass(frozen=True)
class Judgement:
    """What the rule saw in one iteration.

    ``count``: what is counted, ``polymers`` or ``strings``; where the draws were short, polymers in any case, since
    there are few strings then or none. ``rate``: ``known`` of ``draws``, None without draws.
    ``p_above``: posterior probability that the rate exceeds the threshold. ``p_risen``: that it exceeds the rate of the
    first iteration (None in the first). ``short``: as many draws as allowed gave too few candidates. ``high``: the rate
    is above the threshold with the confidence asked for, and has risen with it or the draws were short.

    Whatever is counted: ``chance_new``, Good–Turing estimate of the chance that the next valid draw is a polymer not
    known yet, with the interval ``chance_new_low`` to ``chance_new_high``; ``reachable``, Chao's lower bound of how
    many polymers the model can write at all, known ones included (None without draws); ``duplicates`` of
    ``new_strings``, the paper's count.
    """

    iteration: int
    count: str
    known: int
    draws: int
    rate: float | None
    p_above: float
    p_risen: float | None
    short: bool
    high: bool
    chance_new: float | None
    chance_new_low: float
    chance_new_high: float
    reachable: float | None
    duplicates: int
    new_strings: int

    def to_dict(self) -> dict[str, Any]:
        """As stored with the iteration."""
        return asdict(self)


@dataclass(frozen=True)
class Drawn:
    """What an iteration drew: `polymers` and `strings` counted, how many polymers can be written at least, `short`."""

    polymers: Counts
    strings: Counts
    reachable: float | None
    short: bool


def judge(iteration: int, first: Drawn, now: Drawn, settings: Saturation) -> Judgement:
    """Judge an iteration by what it and the first one drew."""
    count = "polymers" if now.short else settings.count
    counted, before = (now.polymers, first.polymers) if count == "polymers" else (now.strings, first.strings)
    above = probability_above(counted, settings.threshold)
    risen = probability_risen(before, counted) if iteration > 1 else None
    up = now.short or (risen is not None and risen > settings.confidence)
    polymers = now.polymers
    low, high = polymers.chance_new_interval
    return Judgement(
        iteration=iteration,
        count=count,
        known=counted.known,
        draws=counted.draws,
        rate=counted.known / counted.draws if counted.draws else None,
        p_above=above,
        p_risen=risen,
        short=now.short,
        high=up and above > settings.confidence,
        chance_new=1.0 - polymers.known / polymers.draws if polymers.draws else None,
        chance_new_low=low,
        chance_new_high=high,
        reachable=now.reachable,
        duplicates=now.strings.known,
        new_strings=now.strings.draws,
    )


def judge_last(campaign: Campaign, store: Store, wanted: int) -> list[Judgement]:
    """What the saturation rule sees in the last `wanted` iterations, or as many as there are, from the draws alone."""
    last = store.get("iteration")
    if not last:
        return []
    first = drawn_in(campaign, store, 1)
    return [
        judge(number, first, drawn_in(campaign, store, number), campaign.settings.saturation)
        for number in range(1, last + 1)[-wanted:]
    ]


def drawn_in(campaign: Campaign, store: Store, iteration: int) -> Drawn:
    """What an iteration drew, for `judge`.

    Drawing ends with a new string. This last draw is left out of the polymers: it is new by the choice of where to end.
    Polymers that the iteration left in the pool are not known yet.
    """
    rows = store.candidates(iteration)
    verdicts = Counter(row.verdict for row in rows)
    keys = [row.key for row in rows if row.key]
    discovering = store.discovering_verdicts()
    discovered = {row.key for row in rows if row.key and row.verdict in discovering}
    short = len(rows) >= campaign.settings.generate.max_draws
    aside = left_aside(keys, fed_most(store, iteration), short)
    waiting = {row.key for row in store.waiting(iteration) if row.key} if has_pool(campaign) else set()
    return Drawn(
        polymers=count_polymers(keys if short else keys[:-1], discovered, aside, waiting),
        strings=Counts(verdicts["duplicate-symmetry"], sum(verdicts[name] for name in store.new_string_verdicts())),
        reachable=chao1(keys),
        short=short,
    )


def fed_most(store: Store, iteration: int) -> set[str]:
    """What the model of an iteration was fed most: the reference, and the training rows of the largest weight, where
    weights differ."""
    rows = store.training(store.model_of(iteration))
    weights = [row.weight for row in rows]
    heaviest = {row.key for row in rows if row.weight == max(weights) > min(weights)}
    return heaviest | {store.get("reference_key")}


def left_aside(keys: Sequence[str], fed: Set[str], short: bool) -> set[str]:
    """Polymers whose draws do not count: those `fed` most, and one that is drawn more often than all others together.

    None where the draws were `short`: a generator that writes nothing else in as many draws as allowed has nothing new.
    """
    if short:
        return set()
    return {*fed, *(key for key, n in Counter(keys).most_common(1) if 2 * n > len(keys))}


def count_polymers(
    keys: Iterable[str], discovered: Set[str], aside: Set[str] = frozenset(), waiting: Set[str] = frozenset()
) -> Counts:
    """Draws whose polymer would be known if they came last: all but those of a polymer discovered and drawn once, and
    those of polymers that wait.

    Parameters
    ----------
    keys
        Polymer of every valid draw of an iteration, repeats included.
    discovered
        Those of them that were not known before that iteration.
    aside
        Polymers whose draws do not count.
    waiting
        Polymers that are not known however often they were drawn.
    """
    times = Counter(key for key in keys if key not in aside)
    found = Counter(times[key] for key in discovered - waiting if key in times)
    draws = sum(times.values())
    new = found[1] + sum(times[key] for key in waiting)
    return Counts(draws - new, draws, found[2])


def probability_above(counts: Counts, threshold: float) -> float:
    """P(rate > threshold)."""
    return float(betaincc(*counts.posterior, threshold))


def probability_risen(before: Counts, after: Counts) -> float:
    """P(rate after > rate before), each with its own posterior: the mean over quantiles of one of them."""
    later = betaincinv(*after.posterior, _QUANTILES)
    return round(float(betainc(*before.posterior, later).mean()), 6)


def chao1(keys: Iterable[str]) -> float | None:
    """Lower bound of the number of kinds there are, from how many were drawn once and twice; None without draws.

    The bias-corrected form, which needs none drawn twice: Chao, Scand. J. Statist. 1984, 11, 265; Biometrics 2005.
    """
    counts = Counter(Counter(keys).values())
    kinds = sum(counts.values())
    return kinds + counts[1] * (counts[1] - 1) / (2 * (counts[2] + 1)) if kinds else None


def is_saturated(highs: Sequence[bool], patience: int) -> bool:
    """Whether the last `patience` iterations were all judged high."""
    return len(highs) >= patience and all(highs[-patience:])
