"""Short and long simulations on paper: which policy finds the best polymers for a budget of CPU time.

Used by `surrogate_replay.py --fidelities`. The truth is the table. A short run costs 1 and is a straight line of the
truth with a systematic error (half of it shared by similar structures) and noise; a long one costs 80 and is the truth
with small errors. What the errors are is not told: slope, offset, errors and noise are estimated from the values, from
the same priors that any protocol has.
"""

import csv
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from replay_table import Polymers
from scipy.stats import norm

from autodisco.decide import Aim
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Outlook
from autodisco.decide.promotion import Build, Tier, contribution, next_builds
from autodisco.surrogate import Label, Posterior, Source, similarity

SHORT, LONG = "short", "long"
TIERS = (Tier(SHORT, 1.0), Tier(LONG, 80.0))
BUDGET, ROUND = 4000.0, 44
FIRST_SHORT, FIRST_LONG = 50, 5
RECOMMENDED, TOP, ANCHORS = 10, 0.01, 300
SOURCES = (Source.of_kind(SHORT, "protocol"), Source.of_kind(LONG, "protocol", reference=True))


@dataclass(frozen=True)
class Errors:
    """Slope of short values, their systematic error and noise, and those of long values; in units of the scale."""

    slope: float
    systematic: float
    noise: float
    long_systematic: float
    long_noise: float


WORLDS = {
    "as observed": Errors(0.65, 0.20, 0.27, 0.05, 0.12),
    "pessimistic": Errors(0.30, 0.20, 0.34, 0.08, 0.12),
}


class World:
    """Values of builds, and what they have cost."""

    def __init__(self, polymers: Polymers, errors: Errors, seed: int) -> None:
        self.rng, self.errors = np.random.default_rng(seed), errors
        self.units, self.truth = list(polymers.units), polymers.values[:, 0]
        n, draw = len(self.units), self.rng.standard_normal
        anchors = [self.units[place] for place in self.rng.choice(n, min(ANCHORS, n), replace=False)]
        shared = similarity(self.units, anchors) @ draw(len(anchors))
        shared = (shared - shared.mean()) / shared.std()
        self.systematic = errors.systematic * np.sqrt(0.5) * (shared + draw(n))
        self.long_systematic = errors.long_systematic * draw(n)
        self.place = {unit: place for place, unit in enumerate(self.units)}
        self.cost = 0.0
        self.values: dict[Build, list[float]] = defaultdict(list)

    def run(self, build: Build) -> None:
        """One more build, if the budget allows."""
        cost = next(tier.cost_s for tier in TIERS if tier.source == build.source)
        if self.cost + cost > BUDGET:
            return
        self.cost += cost
        place, error = self.place[build.unit], self.rng.standard_normal()
        true, mean = self.truth[place], self.truth.mean()
        if build.source == SHORT:
            value = mean + 0.5 + self.errors.slope * (true - mean) + self.systematic[place] + self.errors.noise * error
        else:
            value = true + self.long_systematic[place] + self.errors.long_noise * error
        self.values[build].append(value)

    def labels(self) -> list[Label]:
        """What a posterior is fitted to."""
        return [Label(build.unit, build.source, float(np.mean(v)), len(v)) for build, v in self.values.items()]

    def builds(self) -> Counter[Build]:
        """How many builds there are."""
        return Counter({build: len(values) for build, values in self.values.items()})


def fitted(labels: Sequence[Label]) -> Posterior:
    """The posterior of some labels, all of it estimated."""
    return Posterior.fit(labels, SOURCES, LONG, prior_mean=None, seed=0)


def interleaved(world: World, outlook: Outlook) -> list[Build]:
    """The rule of the program."""
    gain = contribution(world.labels(), fitted, SHORT, LONG)
    starved = {SHORT} if gain is not None and gain <= 0 else set()
    return next_builds(outlook, TIERS, world.builds(), 5 if starved else ROUND, starved=starved)


def never_starved(world: World, outlook: Outlook) -> list[Build]:
    """The rule of the program, whatever short runs contribute."""
    return next_builds(outlook, TIERS, world.builds(), ROUND)


def long_only(world: World, outlook: Outlook) -> list[Build]:
    """Long runs by the upper confidence bound, five at a time."""
    return next_builds(outlook, TIERS[1:], world.builds(), 5)


def worth_of_build(outlook: Outlook, tier: Tier, k: int) -> np.ndarray:
    """By how much a build at a tier is expected to raise the mean of the best `k` candidates, per CPU-second; (n,).

    The knowledge gradient (Frazier, Powell, Dayanik, INFORMS J. Comput. 2009, 21, 599) for each candidate by itself: a
    build moves its mean by a normal amount of standard deviation s, which matters if it takes the candidate into or out
    of the best k. With d the distance of its mean to theirs, this is ``s (φ(d/s) − d/s Φ(−d/s))``.
    """
    mean, _ = outlook.moments
    order = np.argsort(-mean, kind="stable")
    border = np.full(len(mean), mean[order[min(k, len(mean)) - 1]])
    if k < len(mean):
        border[order[:k]] = mean[order[k]]
    posterior = outlook.aim.posterior
    assert isinstance(posterior, Posterior)
    shift = np.maximum(posterior.shift(outlook.units, tier.source), 1e-12)
    z = np.abs(mean - border) / shift
    return shift * (norm.pdf(z) - z * norm.sf(z)) / tier.cost_s


def knowledge_gradient(world: World, outlook: Outlook) -> list[Build]:
    """The builds that are worth most per CPU-second, each polymer once at a tier and round."""
    worth = np.stack([worth_of_build(outlook, tier, RECOMMENDED) for tier in TIERS])
    there = world.builds()
    for number, tier in enumerate(TIERS):
        worth[number, [world.place[build.unit] for build in there if build.source == tier.source]] = 0.0
    chosen: list[Build] = []
    cost = 0.0
    for flat in np.argsort(-worth, axis=None):
        tier = TIERS[flat // worth.shape[1]]
        cost += tier.cost_s
        if chosen and cost > 400.0:
            break
        chosen.append(Build(world.units[flat % worth.shape[1]], tier.source))
    return chosen


POLICIES = {
    "interleaved": interleaved,
    "never starved": never_starved,
    "long only": long_only,
    "knowledge gradient": knowledge_gradient,
}


def replay(polymers: Polymers, errors: Errors, policy: str, seed: int) -> dict[str, float]:
    """Spend the budget; how many of the recommended polymers are in the true top share, and how far they lie below."""
    world = World(polymers, errors, seed)
    n, long_first = len(world.units), policy == "long only"
    first = world.rng.choice(n, FIRST_SHORT, replace=False)
    for place in first if not long_first else ():
        world.run(Build(world.units[place], SHORT))
    for place in first[: 30 if long_first else FIRST_LONG]:
        world.run(Build(world.units[place], LONG))
    while world.cost + (TIERS[1].cost_s if long_first else TIERS[0].cost_s) <= BUDGET:
        posterior = fitted(world.labels())
        outlook = Outlook(Aim(CONDUCTIVITY, posterior), world.units)
        before = world.cost
        for build in POLICIES[policy](world, outlook):
            world.run(build)
        if world.cost == before:
            break
    simulated = [build.unit for build in world.values if build.source == LONG]
    mean = fitted(world.labels()).predict(simulated).mean
    chosen = [world.place[simulated[k]] for k in np.argsort(-mean)[:RECOMMENDED]]
    order = np.argsort(-world.truth, kind="stable")
    top = set(order[: max(1, round(TOP * n))].tolist())
    counts = Counter(build.source for build in world.values)
    return {
        "found": len(top & set(chosen)),
        "gap": float(world.truth[order[:RECOMMENDED]].mean() - world.truth[chosen].mean()),
        SHORT: counts[SHORT], LONG: counts[LONG],
    }  # fmt: skip


def run_fidelities(polymers: Polymers, file: Path, seeds: int, policies: list[str] | None) -> None:
    """Replay what is missing in a file."""
    done = set()
    if file.exists():
        with file.open() as rows:
            done = {(row["world"], row["policy"], int(row["seed"])) for row in csv.DictReader(rows)}
    for seed in range(seeds):
        for world, errors in WORLDS.items():
            for policy in policies or POLICIES:
                if (world, policy, seed) in done:
                    continue
                begin = time.perf_counter()
                result = replay(polymers, errors, policy, seed)
                new = not file.exists()
                with file.open("a", newline="") as rows:
                    writer = csv.DictWriter(rows, ["world", "policy", "seed", *result], lineterminator="\n")
                    if new:
                        writer.writeheader()
                    writer.writerow({"world": world, "policy": policy, "seed": seed, **result})
                print(f"{world}, {policy}, seed {seed}: {result} ({time.perf_counter() - begin:.0f} s)", flush=True)
