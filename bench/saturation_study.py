"""Where campaigns of simulated generators end by the saturation rule, and how often it ends one that is far from its end.

A generator knows `n` polymers, each written in `ways` ways, and draws them with given chances. A campaign draws until 50
strings are new, iteration after iteration, and is judged as a real one is; no chemistry, no database.

    python bench/saturation_study.py                 # where they end
    python bench/saturation_study.py --alarms        # coverage of the posterior, false alarms
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autodisco.campaign.config import Saturation
from autodisco.campaign.saturation import Counts, Drawn, Judgement, chao1, count_polymers, is_saturated, judge, left_aside

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
) -> Iterator[tuple[Judgement, float, float]]:
    """Judgement of each iteration until the rule ends the campaign, with the true chance that the next draw is new and
    the share of the polymers that are known, both without those left aside."""
    known: set[int] = set(aside)
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
        while new_strings < batch and len(drawn) < max_draws:
            for polymer in np.searchsorted(counts, rng.random(100) * counts[-1]).tolist():
                drawn.append(polymer)
                text = (polymer, int(rng.integers(generator.ways)))
                if text not in strings:
                    strings.add(text)
                    new_strings += 1
                    duplicates += polymer in known
                    if polymer not in known:
                        discovered.add(polymer)
                        known.add(polymer)
                if new_strings == batch or len(drawn) == max_draws:
                    break
        keys = list(map(str, drawn))
        short = len(drawn) >= max_draws
        ignored = left_aside(keys, set(map(str, aside)), short)
        polymers = count_polymers(keys, set(map(str, discovered)), ignored)
        now = Drawn(polymers, Counts(duplicates, new_strings), chao1(keys), short)
        first = first or now
        judgement = judge(iteration, first, now, rule)
        unknown = rest.copy()
        unknown[list(known)] = False
        chance = float(generator.chances[unknown].sum() / generator.chances[rest].sum())
        yield judgement, chance, 1.0 - float(unknown.sum() / rest.sum())
        highs.append(judgement.high)
        if is_saturated(highs, rule.patience):
            return


def ends(runs: int = 20) -> None:
    """Print where each kind of generator ends."""
    print("generator | ways | aside | rule | ended | iterations | chance of new | known")
    cases = [
        ("400 equally likely", Simulated.equal, 400, False),
        ("400 and one in 90 %", Simulated.skewed, 400, True),
        ("400 and one in 90 %", Simulated.skewed, 400, False),
        ("400 as 1/rank", Simulated.heavy_tailed, 400, False),
        ("20 equally likely", Simulated.equal, 20, False),
    ]
    for name, make, n, leave in cases:
        for ways in (1, 6):
            for rule in (Saturation(), Saturation(count="strings")):
                last = []
                for seed in range(runs):
                    rng = np.random.default_rng(seed)
                    for last_one in campaign(make(n, ways), rule, rng, frozenset({REFERENCE} if leave else ()), longest=60):
                        pass
                    last.append(last_one)
                ended = np.mean([judgement.high for judgement, *_ in last])
                means = [np.mean([x[k] if k else x[0].iteration for x in last]) for k in range(3)]
                print(f"{name} | {ways} | {leave} | {rule.count} | {ended:.2f} | " + " | ".join(f"{m:.2f}" for m in means), flush=True)


def alarms(runs: int = 200) -> None:
    """Print how often the true chance of a new polymer lies above what the posterior says, and how often a campaign ends
    whose chance of a new polymer is above the one at the threshold."""
    rule = Saturation(patience=1)
    print("generator | ways | judged | P(known > threshold) > 0.9 | of these wrong | campaigns that end too early")
    for name, make, n in (("equal", Simulated.equal, 400), ("1/rank", Simulated.heavy_tailed, 2000), ("skewed", Simulated.skewed, 400)):
        for ways in (1, 6):
            said = wrong = looks = early = inside = 0
            aside = frozenset({REFERENCE}) if name == "skewed" else frozenset()
            for seed in range(runs):
                for judgement, chance, _ in campaign(make(n, ways), rule, np.random.default_rng(seed), aside, longest=60):
                    looks += 1
                    inside += judgement.chance_new_low <= chance <= judgement.chance_new_high
                    if judgement.p_above > rule.confidence:
                        said += 1
                        wrong += chance > 1.0 - rule.threshold
                early += judgement.high and chance > 1.0 - rule.threshold
            print(f"{name} {n} | {ways} | {looks} | {said} | {wrong} | {early / runs:.3f} | interval holds {inside / looks:.3f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alarms", action="store_true")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    (alarms if options.alarms else ends)(options.runs)
