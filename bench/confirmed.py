"""Polymers confirmed above the reference per CPU-hour: the judge against builds alone and against the paper's rule.

    python bench/confirmed.py --table HTP-MD.csv [--worlds 5] [--hours 5] [--out confirmed.csv] [--plot FILE.png]

Campaigns on paper, as in `judged_campaigns.py`: truths are the values of a table, the reference is the polymer at its
90th percentile, 60 new polymers are drawn in each iteration, the same for all loops. Builds of `quick` take 44
CPU-seconds, those of `overnight` 1,480.

- `judge`: the batch of six from the pool by `batch-ucb`, two builds of `quick`; "better" by the posterior, which knows
  300 other values of the table (`judge, no table`: none).
- `builds alone`: the loop without a posterior: the first six that were drawn, two builds of `quick`; "better" by their
  builds and the builds of all.
- `paper`: every polymer in the order of drawing, one build of `overnight`; "better" where the value is larger than that
  of the reference (mean of five builds), as in Khajeh et al. (2025).
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from judged_campaigns import BATCH, BUILDS, OF_REFERENCE, POOL, SEEDS, SIGMA, World, of_table, read_table, short_means
from matplotlib.figure import Figure

from autodisco.campaign import Settings
from autodisco.campaign.judging import judge, write_estimates
from autodisco.campaign.tiers import tiers_of
from autodisco.decide import Choice, objective_of, ranking, selected
from autodisco.decide.judge import judged
from autodisco.simulation import protocols
from autodisco.store import DATASET, Candidate, Store

QUICK_S, OVERNIGHT_S, OF_OVERNIGHT = 44.0, 1480.0, 5
LONG_NOISE, LONG_SYSTEMATIC = 0.13, 0.10
PERCENTILE = 90
LOOPS = {"judge": "#0072b2", "judge, no table": "#56b4e9", "builds alone": "#d55e00", "paper": "#777777"}

Confirmed = Iterator[tuple[float, int, int]]
"""CPU-hours so far, polymers called better that are, and those that are not."""


def paper(world: World, reference: int, hours: float, rng: np.random.Generator) -> Confirmed:
    """The paper's rule with long builds."""
    systematic = LONG_SYSTEMATIC * rng.standard_normal(len(world.truth))
    builds = world.truth[reference] + LONG_NOISE * rng.standard_normal(OF_OVERNIGHT)
    bar = np.log10(np.mean(10**builds)) + systematic[reference]
    spent, right, wrong = OF_OVERNIGHT * OVERNIGHT_S, 0, 0
    for place in range(SEEDS, len(world.truth)):
        if (spent := spent + OVERNIGHT_S) > hours * 3600:
            return
        if place != reference and world.truth[place] + systematic[place] + LONG_NOISE * rng.standard_normal() > bar:
            right += int(world.truth[place] > world.truth[reference])
            wrong += int(world.truth[place] <= world.truth[reference])
        yield spent / 3600, right, wrong


class Loop:
    """A campaign whose simulations are replaced: `quick` in a world."""

    def __init__(self, world: World, reference: int, by_posterior: bool, rng: np.random.Generator, store: Store):
        self.world, self.reference, self.rng, self.store = world, reference, rng, store
        self.by_posterior, self.means = by_posterior, short_means(world, rng)
        self.places = {unit.key: place for place, unit in enumerate(world.units)}
        self.waiting: list[int] = []
        self.protocol = protocols.load("quick")
        kind = {"kind": "posterior" if by_posterior else "none", "prior_mean": False, "best": 10}
        store.set(
            protocol="quick", force_field="pcff+", reference_key=world.units[reference].key, seed=1, iteration=0,
            tiers=[tier.to_dict() for tier in tiers_of(Settings(name="confirmed"))], state="simulate",
            settings={"surrogate": kind},
        )  # fmt: skip
        with store.transaction():
            for unit, value in world.table.items():
                store.add_polymer(unit.key, unit.smiles, unit.given, "dataset")
                store.set_label(unit.key, SIGMA, value, protocol=DATASET, force_field="", origin="table")
            for place in {*range(SEEDS), reference}:
                self._simulate(place, OF_REFERENCE if place == reference else BUILDS, 0)
            judge(store)

    def _simulate(self, place: int, builds: int, iteration: int) -> None:
        unit, spread = self.world.units[place], self.protocol.scatter.decades
        self.store.add_polymer(unit.key, unit.smiles, unit.given, "generated" if iteration else "seed", iteration)
        for replica in range(builds):
            value = 10 ** (self.means[place] - spread**2 * np.log(10) / 2 + spread * self.rng.normal())
            self.store.plan_replica(unit.key, "quick", replica, iteration)
            self.store.update_replica(
                unit.key, "quick", replica, status="done", properties={SIGMA: value}, ended=float(iteration)
            )

    def step(self, iteration: int) -> None:
        """One iteration: a pool, a batch, its builds, the judge."""
        self.store.set(iteration=iteration)
        begin = SEEDS + (iteration - 1) * POOL
        new = [place for place in range(begin, begin + POOL) if place != self.reference]
        batch = self._batch([*new, *self.waiting], iteration) if self.by_posterior else new[:BATCH]
        self.waiting = [place for place in [*new, *self.waiting] if place not in batch]
        with self.store.transaction():
            for place in batch:
                self._simulate(place, BUILDS, iteration)
            judge(self.store)

    def _batch(self, places: list[int], iteration: int) -> list[int]:
        units = [self.world.units[place] for place in places]
        pool = [Candidate(iteration, n, unit.given, unit.key, "new") for n, unit in enumerate(units)]
        found = judged(self.store)
        assert found is not None
        with self.store.transaction():
            write_estimates(self.store, found, pool)
        choice = Choice(pool, BATCH, objective_of(self.store), ranking(self.store), self.rng, found.posterior)
        return [self.places[row.key or ""] for row in selected("batch-ucb", choice)]

    def confirmed(self) -> tuple[int, int]:
        """Polymers of the campaign that are called better: how many are, and how many are not."""
        rows = [row for row in ranking(self.store) if row.verdict == "better" and row.source == "generated"]
        above = [self.world.truth[self.places[row.key]] > self.world.truth[self.reference] for row in rows]
        return sum(above), len(above) - sum(above)


def looped(world: World, reference: int, by_posterior: bool, hours: float, rng: np.random.Generator) -> Confirmed:
    """A loop with builds of `quick`."""
    spent = (OF_REFERENCE + (SEEDS - 1) * BUILDS) * QUICK_S
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "c") as store:
        loop = Loop(world, reference, by_posterior, rng, store)
        last = (len(world.units) - SEEDS) // POOL
        for iteration in range(1, last + 1):
            if (spent := spent + BATCH * BUILDS * QUICK_S) > hours * 3600:
                return
            loop.step(iteration)
            yield spent / 3600, *loop.confirmed()


def main() -> None:
    """Run the loops in some worlds, write a row for each iteration, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--worlds", type=int, default=5)
    parser.add_argument("--hours", type=float, default=5.0)
    parser.add_argument("--out", type=Path, default=Path("confirmed.csv"))
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    if given.table:
        run(read_table(given.table), given.worlds, given.hours, given.out)
    with open(given.out) as handle:
        rows = list(csv.DictReader(handle))
    show(rows, given.hours)
    if given.plot:
        plot(rows, given.hours, given.plot)


def run(table: list, worlds: int, hours: float, out: Path) -> None:
    """Write the rows of all loops in all worlds."""
    with open(out, "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["loop", "world", "cpu_h", "right", "wrong"])
        for seed in range(worlds):
            world = of_table(table, np.random.default_rng(seed), int(hours * 3600 / (BATCH * BUILDS * QUICK_S)) + 1)
            reference = int(np.argsort(world.truth)[len(world.truth) * PERCENTILE // 100])
            for name in LOOPS:
                rng = np.random.default_rng(seed)
                mine = World(world.units, world.truth, {} if name == "judge, no table" else world.table)
                steps = (
                    paper(mine, reference, hours, rng)
                    if name == "paper"
                    else looped(mine, reference, name != "builds alone", hours, rng)
                )
                for step in steps:
                    writer.writerow([name, seed, f"{step[0]:.3f}", *step[1:]])
                handle.flush()
                print(seed, name, step, flush=True)


def curve(rows: list[dict[str, str]], name: str, column: str, at: np.ndarray) -> np.ndarray:
    """What each world had by so many CPU-hours, shape (worlds, hours)."""
    mine = [row for row in rows if row["loop"] == name]
    found = []
    for world in sorted({row["world"] for row in mine}):
        steps = [(0.0, 0.0)] + [(float(row["cpu_h"]), float(row[column])) for row in mine if row["world"] == world]
        x, y = np.array(steps).T
        found.append(y[np.searchsorted(x, at, side="right") - 1])
    return np.array(found)


def show(rows: list[dict[str, str]], hours: float) -> None:
    """Print means and standard deviations over the worlds."""
    at = np.array([hours / 4, hours / 2, hours])
    print(
        "| loop | "
        + " | ".join(f"{hour:g} CPU-hours" for hour in at)
        + " | wrong of those called |\n|---|---|---|---|---|"
    )
    for name in LOOPS:
        right, wrong = curve(rows, name, "right", at), curve(rows, name, "wrong", at)[:, -1]
        told = " | ".join(f"{mean:.1f} ± {sd:.1f}" for mean, sd in zip(right.mean(0), right.std(0), strict=True))
        print(f"| `{name}` | {told} | {wrong.sum():.0f} of {wrong.sum() + right[:, -1].sum():.0f} |")


def plot(rows: list[dict[str, str]], hours: float, path: Path) -> None:
    """Confirmed polymers against CPU-hours, mean and range of the worlds."""
    at = np.linspace(0, hours, 200)
    figure = Figure(figsize=(5.2, 3.4), layout="constrained", dpi=150)
    axes = figure.subplots()
    for name, colour in LOOPS.items():
        found = curve(rows, name, "right", at)
        axes.plot(at, found.mean(0), color=colour, label=name)
        axes.fill_between(at, found.min(0), found.max(0), color=colour, alpha=0.15, lw=0)
    axes.set(xlabel="CPU-hours of simulations", ylabel="rightly called better than the reference", xlim=(0, hours))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
