"""Whether the best polymers are settled: the probability that no other polymer is better."""

from collections.abc import Sequence

import numpy as np

from autodisco.decide.outlook import Aim, Outlook, first_places

DRAWS = 4000
CONTENDERS = 1500
"""Others that are compared in joint draws: those most likely to surpass the worst of the best."""


def best_known(aim: Aim, measured: Sequence[str], k: int) -> list[str]:
    """The `k` polymers with a value of which the most is expected, best first; canonical repeat units."""
    means = Outlook(aim, measured).moments[0]
    return [measured[place] for place in first_places(means, k)]


def chance_settled(
    aim: Aim, best: Sequence[str], others: Sequence[str], rng: np.random.Generator, margin: float = 0.0
) -> float:
    """Probability that none of `others` is better than the worst of `best` by more than `margin`.

    It is counted in draws from the joint posterior, so that it allows for how many others there are, and for the errors
    that similar polymers share.

    Parameters
    ----------
    best, others
        Canonical repeat units; a polymer among both counts as one of the best.
    margin
        Difference that does not matter, on the scale of the objective (decades on a logarithmic one).

    Returns
    -------
    float
        1 without others, 0 without best ones.
    """
    if not best:
        return 0.0
    outside = [unit for unit in dict.fromkeys(others) if unit not in set(best)]
    if not outside:
        return 1.0
    mean, sd = Outlook(aim, best).moments
    worst = int(np.argmin(mean))
    theirs, spread = Outlook(aim, outside).moments
    distance = (theirs - mean[worst] - margin) / np.hypot(spread, sd[worst])
    contenders = [outside[place] for place in first_places(distance, CONTENDERS)]
    both = Outlook(aim, [*best, *contenders])
    draws = both.draws(np.arange(len(both.units)), DRAWS, rng)
    surpassed = draws[:, len(best) :].max(axis=1) > draws[:, : len(best)].min(axis=1) + margin
    return float(1.0 - surpassed.mean())
