"""How often "better than the reference" is wrong, and how much too high the winner is reported, in simulated campaigns.

    python bench/false_better.py

Builds are log-normal about the mean of their polymer. Beside the beliefs of the program stands what one standard error
of the measured means would say. Takes about a minute.
"""

import numpy as np

from autodisco.analysis import BETTER_PROBABILITY, Scatter, beliefs, compare
from autodisco.analysis.statistics import standard_error

BUILD = 0.39  # decades, the largest measured for `quick`
PAIRS, CAMPAIGNS = 3000, 300


def pairs(rng: np.random.Generator) -> None:
    """Two equal polymers with unequal numbers of builds: how often one is called better with a probability."""
    print("equal polymers, comparison of two alone: share of p below 0.05, below 0.1, above 0.9, above 0.95")
    for spread in (0.16, BUILD):
        for builds in ((2, 2), (2, 8), (2, 20), (4, 1)):
            p = np.empty(PAIRS)
            for k in range(PAIRS):
                a, b = (10 ** rng.normal(-2, spread, n) for n in builds)
                p[k] = compare({"a": a.tolist(), "b": b.tolist()}, Scatter(spread, 20)).p_higher("a", "b")
            shares = "  ".join(f"{np.mean(x):.3f}" for x in (p < 0.05, p < 0.1, p > 0.9, p > 0.95))
            print(f"  {spread:.2f} decades, {builds[0]} builds against {builds[1]:2d}: {shares}")


def looks(rng: np.random.Generator) -> None:
    """Many candidates against one reference."""
    print(f"\ncampaigns of candidates with 2 builds each; called better with a probability of {BETTER_PROBABILITY}:")
    print("  candidates  spread  reference      called    of these  by one standard error    factor of the best")
    print(
        "              decades above, builds  per look  wrong     called    wrong          measured  expected  in 90 %"
    )
    for n, between, above in ((200, 0.0, 0.0), (50, 0.3, 0.0), (50, 0.3, 0.3), (50, 0.3, 0.6)):
        for of_reference in (2, 8):
            print(
                f"  {n:10d}  {between:6.1f}  {above:5.1f}, {of_reference:6d}  "
                + _campaigns(rng, n, between, above, of_reference)
            )


def _campaigns(rng: np.random.Generator, n: int, between: float, above: float, of_reference: int) -> str:
    sure, false, old, old_false, raw_off, off, within = [], [], [], [], [], [], []
    for _ in range(CAMPAIGNS):
        true = rng.normal(0.0, between, n)
        groups = {str(k): (10 ** rng.normal(-2 + x, BUILD, 2)).tolist() for k, x in enumerate(true)}
        groups["reference"] = (10 ** rng.normal(-2 + above, BUILD, of_reference)).tolist()
        believed = beliefs(compare(groups, Scatter(BUILD, 20)), "reference")
        mine = [believed[str(k)] for k in range(n)]
        called = np.array([(one.p_better or 0.0) >= BETTER_PROBABILITY for one in mine])
        raw = np.array([np.mean(groups[str(k)]) for k in range(n)])
        errors = np.array([standard_error(groups[str(k)]) for k in range(n)])
        of_it = standard_error(groups["reference"]) or np.nan
        ordinary = raw - np.mean(groups["reference"]) > np.hypot(errors, of_it)
        not_better = true <= above
        sure.append(called.mean())
        false.append((called & not_better).sum())
        old.append(ordinary.mean())
        old_false.append((ordinary & not_better).sum())
        mean = 10 ** (-2 + true) * np.exp((BUILD * np.log(10)) ** 2 / 2)
        first, best = int(raw.argmax()), max(range(n), key=lambda k: mine[k].median)
        raw_off.append(raw[first] / mean[first])
        off.append(mine[best].median / mean[best])
        within.append(mine[best].low <= mean[best] <= mine[best].high)
    wrong, old_wrong = (sum(x) / max(1, round(sum(y) * n)) for x, y in ((false, sure), (old_false, old)))
    return (
        f"{np.mean(sure):8.4f}  {wrong:8.2f}  {np.mean(old):8.3f}  {old_wrong:5.2f}          "
        f"{np.median(raw_off):8.2f}  {np.median(off):8.2f}  {np.mean(within):6.2f}"
    )


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    for section in (pairs, looks):
        section(generator)
