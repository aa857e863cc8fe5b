"""Where campaigns of simulated generators end by the saturation rule, and how often it ends one too early.

A generator knows `n` polymers, each written in `ways` ways, and draws them with given chances. A campaign draws until
50 strings are new, iteration after iteration, and is judged as a real one is; no chemistry, no database. With a pool it
draws until so many strings are new, and simulates 50 polymers of those that were not simulated yet, by chance.

    python bench/saturation_study.py                 # where they end
    python bench/saturation_study.py --alarms        # coverage of the interval, false alarms
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autodisco.campaign.saturation import (
    Counts,
    Drawn,
    Judgement,
    chao1,
    count_polymers,
    is_saturated,
    judge,
    left_aside,
)
from autodisco.campaign.settings import Saturation

REFERENCE = 0
"""The polymer whose draws are left aside, where the study says so."""


@dataclass(frozen=True)
class Simulated:
    """A generator: chances of its polymers, number of ways in which each is written."""

    chances: np.ndarray
    ways: int = 1

    @staticmethod
    def equal(n: int, ways: int = 1) -> "Simulated":
        """`n` polymers, equally likely."""
        return Simulated(np.full(n, 1.0 / n), ways)

    @staticmethod
    def skewed(n: int, ways: int = 1, share: float = 0.9) -> "Simulated":
        """Polymer 0 in a `share` of the draws, `n` others equally likely."""
        return Simulated(np.concatenate([[share], np.full(n, (1.0 - share) / n)]), ways)

    @staticmethod
    def heavy_tailed(n: int, ways: int = 1) -> "Simulated":
        """Chances that fall as one over the rank."""
        chances = 1.0 / np.arange(1, n + 1)
        return Simulated(chances / chances.sum(), ways)


def campaign(
    generator: Simulated,
    rule: Saturation,
    rng: np.random.Generator,
    aside: frozenset[int] = frozenset(),
    batch: int = 50,
    max_draws: int = 20_000,
    longest: int = 200,
    pool: int = 0,
) -> Iterator[tuple[Judgement, float, float]]:
    """Judgement of each iteration until the rule ends the campaign, with the true chance that the next draw is new and
    the share of the polymers that are known, both without those left aside. Those that wait in the pool are new."""
    known: set[int] = set(aside)
    waiting: list[int] = []
    strings: set[tuple[int, int]] = set()
    counts = np.cumsum(generator.chances)
    rest = np.ones(len(counts), dtype=bool)
    rest[list(aside)] = False
    highs: list[bool] = []
    first: Drawn | None = None
    for iteration in range(1, longest + 1):
        drawn: list[int] = []
        new_strings = duplicates = 0
        discovered: set[int] = set()
        wanted = max(batch, pool)
        while new_strings < wanted and len(drawn) < max_draws:
            polymers = np.searchsorted(counts, rng.random(100) * counts[-1]).tolist()
            for polymer, way in zip(polymers, rng.integers(generator.ways, size=100).tolist(), strict=True):
                drawn.append(polymer)
                text = (polymer, way)
                if text not in strings:
                    strings.add(text)
                    new_strings += 1
                    duplicates += polymer in known
                    if polymer not in known:
                        discovered.add(polymer)
                        known.add(polymer)
                if new_strings == wanted or len(drawn) == max_draws:
                    break
        if pool:
            waiting = rng.permutation([*waiting, *discovered])[batch:].tolist()
        keys = list(map(str, drawn))
        short = len(drawn) >= max_draws
        ignored = left_aside(keys, set(map(str, aside)), short)
        counted = count_polymers(
            keys if short else keys[:-1], set(map(str, discovered)), ignored, set(map(str, waiting))
        )
        now = Drawn(counted, Counts(duplicates, new_strings), chao1(keys), short)
        first = first or now
        judgement = judge(iteration, first, now, rule)
        unknown = rest.copy()
        unknown[list(known.difference(waiting))] = False
        chance = float(generator.chances[unknown].sum() / generator.chances[rest].sum())
        yield judgement, chance, 1.0 - float(unknown.sum() / rest.sum())
        highs.append(judgement.high)
        if is_saturated(highs, rule.patience):
            return


def ends(runs: int) -> None:
    """Print where each kind of generator ends: means over `runs` campaigns of at most 60 iterations."""
    print(
        "generator | ways | left aside | pool | count | ended | iterations | chance of a new polymer | known",
        flush=True,
    )
    nothing: frozenset[int] = frozenset()
    by_polymers, both = (Saturation(),), (Saturation(), Saturation(count="strings"))
    cases = [
        ("400 equally likely", Simulated.equal, 400, nothing, 0, both),
        ("400 and one in 90 %", Simulated.skewed, 400, frozenset({REFERENCE}), 0, both),
        ("400 and one in 90 %", Simulated.skewed, 400, nothing, 0, both),
        ("400 as 1/rank", Simulated.heavy_tailed, 400, nothing, 0, both),
        ("20 equally likely", Simulated.equal, 20, nothing, 0, both),
        ("400 equally likely", Simulated.equal, 400, nothing, 300, by_polymers),
        ("400 as 1/rank", Simulated.heavy_tailed, 400, nothing, 300, by_polymers),
    ]
    for name, make, n, aside, pool, rules in cases:
        for ways in (1, 6):
            for rule in rules:
                last = [
                    list(campaign(make(n, ways), rule, np.random.default_rng(seed), aside, longest=60, pool=pool))[-1]
                    for seed in range(runs)
                ]
                means = [
                    np.mean([judgement.high for judgement, *_ in last]),
                    np.mean([judgement.iteration for judgement, *_ in last]),
                    np.mean([chance for _, chance, _ in last]),
                    np.mean([known for *_, known in last]),
                ]
                row = [name, ways, sorted(aside), pool, rule.count, *(f"{mean:.2f}" for mean in means)]
                print(*row, sep=" | ", flush=True)


def alarms(runs: int) -> None:
    """Print, over all looks of `runs` campaigns, how often the interval holds the true chance of a new polymer, how
    often the rate is called above the threshold though it is not, and the share of campaigns that so end too early."""
    rule = Saturation()
    print("generator | ways | looks | interval holds | called above | of these wrong | end too early", flush=True)
    for name, make, n, longest in (
        ("equally likely", Simulated.equal, 400, 60),
        ("equally likely", Simulated.equal, 20_000, 20),
        ("as 1/rank", Simulated.heavy_tailed, 2000, 60),
        ("one in 90 %", Simulated.skewed, 400, 60),
    ):
        aside = frozenset({REFERENCE} if name == "one in 90 %" else ())
        for ways in (1, 6):
            seen = [
                list(campaign(make(n, ways), rule, np.random.default_rng(seed), aside, longest=longest))
                for seed in range(runs)
            ]
            looks = [look for one in seen for look in one if look[0].draws]
            holds = [judged.chance_new_low <= chance <= judged.chance_new_high for judged, chance, _ in looks]
            above = [chance for judged, chance, _ in looks if judged.p_above > rule.confidence]
            border = 1.0 - rule.threshold
            early = [one[-1][0].high and one[-1][1] > border for one in seen]
            wrong = sum(chance > border for chance in above)
            row = [f"{n} {name}", ways, len(looks), f"{np.mean(holds):.2f}", len(above), wrong, f"{np.mean(early):.2f}"]
            print(*row, sep=" | ", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alarms", action="store_true")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    (alarms if options.alarms else ends)(options.runs)
