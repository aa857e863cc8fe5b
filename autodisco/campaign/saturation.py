"""When the generator has nothing new to say: the duplicate rate is high, with a stated confidence, and has risen.

Counted are, among the valid strings of an iteration that are new as strings, those that are a known polymer all the
same (Khajeh et al. 2025 stop when 20 of 50 are). With a uniform prior the rate has a Beta posterior after k of n.
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import betaln

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.config import Saturation
from autodisco.store import FRESH, Store


@dataclass(frozen=True)
class Judgement:
    """What the rule saw in one iteration.

    ``p_above``: posterior probability that the duplicate rate exceeds the threshold. ``p_risen``: that it exceeds that
    of the iteration before (None for the first). ``chance_new``: Good–Turing estimate of the chance that the next valid
    draw is a polymer not known yet. ``reachable``: Chao's lower bound of how many polymers the model can write at all,
    known ones included, from how often each was drawn (both None without draws). ``high``: the rate is above the
    threshold with the confidence asked for, and it has more likely risen than not, or was above the threshold in the
    iteration before, too (a plateau does not rise for ever).
    """

    iteration: int
    new_strings: int
    duplicates: int
    rate: float | None
    p_above: float
    p_risen: float | None
    chance_new: float | None
    reachable: float | None
    high: bool

    def to_dict(self) -> dict[str, Any]:
        """As stored with the iteration."""
        return asdict(self)


def judge(
    counts: Sequence[tuple[int, int]], keys: Iterable[str], discovered: Set[str], settings: Saturation
) -> Judgement:
    """Judge the last iteration.

    Parameters
    ----------
    counts
        (duplicates, new strings) of each iteration, first to last.
    keys
        Polymer key of every valid draw of the last iteration, repeats included.
    discovered
        Those of them that were not known before that iteration.
    """
    duplicates, fresh = counts[-1]
    p_above = probability_above(duplicates, fresh, settings.threshold)
    p_risen, up, drawn = None, False, list(keys)
    if len(counts) > 1:
        p_risen = probability_risen(counts[-2], counts[-1])
        up = p_risen > 0.5 or probability_above(*counts[-2], settings.threshold) > settings.confidence
    return Judgement(
        iteration=len(counts),
        new_strings=fresh,
        duplicates=duplicates,
        rate=duplicates / fresh if fresh else None,
        p_above=p_above,
        p_risen=p_risen,
        chance_new=good_turing(drawn, discovered),
        reachable=chao1(drawn),
        high=up and p_above > settings.confidence,
    )


def judge_last(campaign: Campaign, store: Store, wanted: int) -> list[Judgement]:
    """What the saturation rule sees in the last `wanted` iterations, or as many as there are, from the draws alone."""
    verdicts = store.verdicts()
    seen = [verdicts.get(number, {}) for number in range(1, store.get("iteration") + 1)]
    counts = [(one.get("duplicate-symmetry", 0), sum(one.get(name, 0) for name in FRESH)) for one in seen]
    judgements = []
    for number in range(1, len(counts) + 1)[-wanted:]:
        valid = [row for row in store.candidates(number) if row["key"]]
        discovered = {row["key"] for row in valid if row["verdict"] in ("new", "rejected")}
        keys = [row["key"] for row in valid]
        judgements.append(judge(counts[:number], keys, discovered, campaign.settings.saturation))
    return judgements


def probability_above(duplicates: int, fresh: int, threshold: float) -> float:
    """P(rate > threshold | k of n) with a uniform prior: the upper tail of Beta(1 + k, 1 + n − k)."""
    return float(stats.beta.sf(threshold, 1 + duplicates, 1 + fresh - duplicates))


def probability_risen(before: tuple[int, int], after: tuple[int, int]) -> float:
    """P(rate after > rate before), each with its own Beta posterior: a finite sum, as the parameters are whole numbers.

    Miller, "Formulas for Bayesian A/B testing", 2015.
    """
    a, b = 1 + before[0], 1 + before[1] - before[0]
    i, d = np.arange(1 + after[0]), 1 + after[1] - after[0]
    terms = betaln(a + i, b + d) - np.log(d + i) - betaln(1 + i, d) - betaln(a, b)
    return round(min(1.0, float(np.exp(terms).sum())), 9)


def good_turing(keys: Iterable[str], discovered: Set[str]) -> float | None:
    """Chance that the next draw is of a kind not known yet: kinds `discovered` and drawn once, over draws.

    Each draw is asked whether it would be new if it came last; one of a kind known before the draws never is.
    Good, Biometrika 1953, 40, 237.
    """
    counts = Counter(keys)
    total = sum(counts.values())
    return sum(counts[kind] == 1 for kind in discovered) / total if total else None


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
