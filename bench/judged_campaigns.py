"""Simulated campaigns with known truth: how often "better" is wrong, how far off the winner is, what intervals hold.

    python bench/judged_campaigns.py --campaigns 20
    python bench/judged_campaigns.py --campaigns 20 --table HTP-MD.csv
    python bench/judged_campaigns.py --campaigns 20 --table HTP-MD.csv --table-errs

The campaign's own machinery judges and chooses; only the simulations are replaced. Truths at the reference protocol are
drawn from what the program believes before any label, or taken from a table of conductivities; the judge then sees 300
of its values as a data set, of other polymers than the campaign meets. With `--table-errs` the truths differ from the
values of the table by the offset and the departure that the judge expects. `quick` has the offset, slope, systematic
error and scatter of its protocol file.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from autodisco.analysis.belief import EXPECTED_SPREAD
from autodisco.arrays import Floats
from autodisco.campaign import Settings
from autodisco.campaign.judging import judge, write_estimates
from autodisco.campaign.tiers import tiers_of
from autodisco.decide import Choice, Ranked, objective_of, ranking, selected
from autodisco.decide.judge import judged
from autodisco.polymer import ORGANIC_ELEMENTS, RepeatUnit, parse, units_from_grammar
from autodisco.simulation import protocols
from autodisco.store import DATASET, Candidate, Store
from autodisco.surrogate import Posterior, PriorMean, Source, similarity
from autodisco.surrogate.covariance import DEPARTURE, Kernels
from autodisco.surrogate.similarity import Structures

SEEDS, BATCH, POOL, ITERATIONS, BUILDS, OF_REFERENCE, OF_TABLE = 40, 6, 60, 4, 2, 8, 300
SIGMA, ORIGIN = "conductivity_s_per_cm", "table"


@dataclass(frozen=True)
class World:
    """Repeat units with their true places (log10 S/cm at 353 K), and values of a data set."""

    units: list[RepeatUnit]
    truth: Floats
    table: dict[RepeatUnit, float]


def drawn(rng: np.random.Generator, n: int = SEEDS + POOL * ITERATIONS + 1) -> World:
    """Truths of `n` repeat units from the prior of the program."""
    texts = units_from_grammar(n, rng)
    units = list({unit.key: unit for unit in map(parse, texts)}.values())
    prior = Posterior.fit(
        [], [Source.of_kind("truth", "protocol", reference=True)], "truth", prior_mean=PriorMean.shipped(), seed=1
    )
    return World(units, prior.draws([unit.smiles for unit in units], 1, rng)[0], {})


def of_table(rows: list[tuple[RepeatUnit, float]], rng: np.random.Generator, errs: bool) -> World:
    """Truths of a table; with `errs`, the table lies off the truths by an offset and a departure."""
    order = rng.permutation(len(rows))[: OF_TABLE + SEEDS + POOL * ITERATIONS + 1].tolist()
    known, met = order[:OF_TABLE], order[OF_TABLE:]
    truth = np.log10([rows[place][1] for place in met])
    if errs:
        truth -= departure([rows[place][0].smiles for place in met], rng)
    return World([rows[place][0] for place in met], truth, dict(rows[place] for place in known))


def departure(smiles: Sequence[str], rng: np.random.Generator) -> Floats:
    """How far a data set lies above the truths of some polymers (decades): offset and departure as expected."""
    structures, priors = Structures.of(smiles), Source.of_kind(ORIGIN, "data-set").priors
    variance = DEPARTURE * PriorMean.constant_at(0.0, EXPECTED_SPREAD).quadratic
    covariance = variance * Kernels.between(structures, structures).quadratic
    far: Floats = rng.multivariate_normal(np.zeros(len(smiles)), covariance, method="eigh")
    return rng.normal(priors.offset.mean, priors.offset.sd) + far


def short_means(world: World, rng: np.random.Generator) -> Floats:
    """Place of each polymer at `quick`, as the mean of builds without number."""
    by = protocols.load("quick").agreement
    assert by is not None
    return protocol_means(world, by.offset, by.slope, by.systematic, rng)


def protocol_means(world: World, offset: float, slope: float, systematic: float, rng: np.random.Generator) -> Floats:
    """Place of each polymer at a protocol, as the mean of builds without number."""
    fixed = [unit.smiles for unit in world.units[::6]]
    error = similarity([unit.smiles for unit in world.units], fixed) @ rng.normal(size=len(fixed))
    error = systematic * (error - error.mean()) / error.std()
    found: Floats = -3.0 + offset + slope * (world.truth + 3.0) + error
    return found


def build(mean: float, scatter: float, rng: np.random.Generator) -> float:
    """Value of one build (S/cm); the mean of builds is the mean of a log-normal distribution."""
    return float(10 ** (mean - scatter**2 * np.log(10) / 2 + scatter * rng.normal()))


def campaign(world: World, rng: np.random.Generator, folder: Path) -> dict[str, float]:
    """A campaign in this world, and what came of it."""
    protocol = protocols.load("quick")
    means = short_means(world, rng)
    places = {unit.key: place for place, unit in enumerate(world.units)}
    reference = int(np.argsort(world.truth)[len(world.truth) // 2])  # not an extreme: a noisy table overrates those
    with Store.create(folder) as store:
        store.set(
            protocol="quick", force_field="pcff+", reference_key=world.units[reference].key, seed=1, iteration=0,
            tiers=[tier.to_dict() for tier in tiers_of(Settings(name="judged"))], state="simulate",
            settings={"surrogate": {"kind": "posterior", "prior_mean": not world.table, "best": 10}},
        )  # fmt: skip

        def simulate(place: int, builds: int, iteration: int) -> None:
            values = [build(means[place], protocol.scatter.decades, rng) for _ in range(builds)]
            write_builds(store, world.units[place], values, iteration)

        with store.transaction():
            for unit, value in world.table.items():
                store.add_polymer(unit.key, unit.smiles, unit.given, "dataset")
                store.set_label(unit.key, SIGMA, value, protocol=DATASET, force_field="", origin=ORIGIN)
            simulate(reference, OF_REFERENCE, 0)
            for place in [place for place in range(SEEDS) if place != reference]:
                simulate(place, BUILDS, 0)
            judge(store)
        for iteration in range(1, ITERATIONS + 1):
            store.set(iteration=iteration)
            new = range(SEEDS + (iteration - 1) * POOL, min(SEEDS + iteration * POOL, len(world.units)))
            pool = [Candidate(iteration, n, world.units[n].given, world.units[n].key, "new") for n in new]
            with store.transaction():
                for row in next_batch(store, pool, rng):
                    simulate(places[row.key or ""], BUILDS, iteration)
                judge(store)
        return _outcome(store, world, places, reference)


def write_builds(store: Store, unit: RepeatUnit, values: Sequence[float], iteration: int) -> None:
    """Write a polymer and its builds of `quick` (S/cm) as a campaign would; a seed in iteration 0."""
    store.add_polymer(unit.key, unit.smiles, unit.given, "generated" if iteration else "seed", iteration)
    for replica, value in enumerate(values):
        store.plan_replica(unit.key, "quick", replica, iteration)
        store.update_replica(
            unit.key, "quick", replica, status="done", properties={SIGMA: value}, ended=float(iteration)
        )


def next_batch(store: Store, pool: Sequence[Candidate], rng: np.random.Generator) -> list[Candidate]:
    """The candidates that a campaign takes from a pool, by what it knows; its estimates are written."""
    found = judged(store)
    assert found is not None
    write_estimates(store, found, pool)
    choice = Choice(pool, BATCH, objective_of(store), ranking(store), rng, found.posterior)
    return selected("batch-ucb", choice)


def _outcome(store: Store, world: World, places: dict[str, int], reference: int) -> dict[str, float]:
    rows = [row for row in ranking(store) if row.verdict != "reference"]
    true = {row.key: float(world.truth[places[row.key]]) for row in rows}
    called = [row for row in rows if row.verdict == "better"]
    winner = rows[0]
    inside = [row.expected_low <= 10 ** true[row.key] <= row.expected_high for row in rows]
    return {
        "called": len(called),
        "wrong": sum(true[row.key] <= world.truth[reference] for row in called),
        "chance wrong": sum(1.0 - (row.p_better or 0.0) for row in called),
        "chance wrong with noise": float(
            _noisy_chances(store, world, called, [places[row.key] for row in called], reference).sum()
        ),
        "winner": float(np.log10(winner.expected) - true[winner.key]),
        "winner inside": winner.expected_low <= 10 ** true[winner.key] <= winner.expected_high,
        "inside": float(np.mean(inside)),
        "rank": float(np.corrcoef(np.argsort(np.argsort([true[row.key] for row in rows])), range(len(rows)))[0, 1]),
        "forecasts inside": float(np.mean([row.within for row in store.forecasts()])),
    }


def _noisy_chances(store: Store, world: World, called: list[Ranked], places: list[int], reference: int) -> Floats:
    """Chance of each polymer not to be better than the reference where the truths are values of a table with its noise.

    The judge speaks about the polymers themselves. A value of the table is one simulation of one.
    """
    if not called or not world.table or not (found := judged(store)):
        return np.array([1.0 - (row.p_better or 0.0) for row in called])
    means = found.posterior.predict([world.units[place].smiles for place in [*places, reference]]).mean
    chances = np.clip([row.p_better or 0.0 for row in called], 1e-12, 1 - 1e-12)
    apart = means[:-1] - means[-1]
    variance = (apart / norm.ppf(chances)) ** 2 + 2 * found.posterior.noise(ORIGIN) ** 2
    return norm.cdf(-apart / np.sqrt(variance))


def summary(found: list[dict[str, float]]) -> str:
    """The figures of several campaigns in a few lines."""
    called, wrong = sum(one["called"] for one in found), sum(one["wrong"] for one in found)
    off = np.array([one["winner"] for one in found])
    mean = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    return (
        f"{len(found)} campaigns: {called:.0f} called better, {wrong:.0f} of them are not "
        f"({sum(one['chance wrong'] for one in found):.1f} expected, "
        f"{sum(one['chance wrong with noise'] for one in found):.1f} with the noise of the truths); "
        f"most in one campaign {max(one['wrong'] for one in found):.0f}\n"
        f"winner, expected over true: median {10 ** np.median(off):.2f}, within a factor of 1.3: "
        f"{np.mean(np.abs(off) < np.log10(1.3)):.2f}, of 2: {np.mean(np.abs(off) < np.log10(2)):.2f}; "
        f"its interval holds it: {mean['winner inside']:.2f}\n"
        f"intervals of 90 % hold {mean['inside']:.3f} of all polymers; forecasts {mean['forecasts inside']:.3f}; "
        f"rank correlation with the truth {-mean['rank']:.2f}"
    )


def read_table(path: Path) -> list[tuple[RepeatUnit, float]]:
    """Repeat units and conductivities above zero."""
    from autodisco.generator import read_dataset

    return [(parse(row.smiles, ORGANIC_ELEMENTS), row.value) for row in read_dataset(path) if row.value]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--table", type=Path, help="truths from a table of conductivities (S/cm)")
    parser.add_argument("--table-errs", action="store_true", help="truths differ from the table as the judge expects")
    given = parser.parse_args()
    if given.table_errs and not given.table:
        parser.error("--table-errs needs --table")
    rows = read_table(given.table) if given.table else []
    found = []
    for seed in range(given.campaigns):
        rng = np.random.default_rng(seed)
        world = of_table(rows, rng, given.table_errs) if rows else drawn(rng)
        with tempfile.TemporaryDirectory() as folder:
            found.append(campaign(world, rng, Path(folder) / "c"))
        print(seed, {name: round(float(value), 2) for name, value in found[-1].items()}, flush=True)
    print(summary(found))


if __name__ == "__main__":
    main()
