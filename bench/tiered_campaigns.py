"""Simulated campaigns with known truth: what tiers, one tier alone and loops without a posterior find per CPU-hour.

    python bench/tiered_campaigns.py --seeds 6 --out FILE
    python bench/tiered_campaigns.py --seeds 6 --out FILE --long agrees
    python bench/tiered_campaigns.py --seeds 6 --out FILE --percentile 80 --plot docs/images/confirmed.png

The campaign's own functions judge, select, promote and weigh the tiers; only simulations and generator are replaced.
Truths at the reference protocol are drawn from what the program believes before any label. `quick` has offset, slope,
systematic error and scatter of its protocol file and takes 66 CPU-seconds; a long build takes 1,480. It is that of
`overnight` (agreement of its file), or one that `agrees` with the reference protocol (systematic error 0.05 decades).
A long build scatters by 0.15 decades. Every policy has the same budget, the builds of the reference included. The loop
without a posterior is `builds alone`: the first six drawn, two builds of `quick`, "better" by the builds of all.
`paper` is the rule of Khajeh et al. (2025) with long builds: every polymer in the order of drawing, one build, "better"
where its value is larger than the mean of five builds of the reference.

After each batch: how many of the ten leaders of the ranking are in the true top 2 %, how far their mean truth lies
below that of the ten best (decades), and of the polymers called better than the reference, which lies at `--percentile`
of the truths, how many are (`right`) and are not (`wrong`).
"""

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from judged_campaigns import World, build, drawn, protocol_means
from matplotlib.figure import Figure

from autodisco.arrays import Floats
from autodisco.campaign import Campaign, Settings
from autodisco.campaign.judging import judge, write_estimates
from autodisco.campaign.promoting import Promotions, weigh_tiers
from autodisco.campaign.tiers import tiers_of
from autodisco.decide import Choice, objective_of, ranking, selected
from autodisco.decide.judge import judged
from autodisco.simulation import protocols
from autodisco.store import Candidate, Store

UNITS, HOURS, BATCH, POOL, RECOMMENDED, TOP = 1000, 8.0, 6, 60, 10, 0.02
SHOWN_AT, SHOWN = (2.0, 4.0, 8.0), ("found", "below", "best", "right", "wrong")
SIGMA = "conductivity_s_per_cm"
QUICK, LONG = "quick", "overnight"
COST_S, LONG_SCATTER = {QUICK: 66.0, LONG: 1480.0}, 0.15
PAPER, ALONE = "paper", {"surrogate": {"kind": "none"}, "filter": {"selection": "paper"}}
SHORT = {"protocol": QUICK, "replicas": 2}
POLICIES: dict[str, dict[str, Any]] = {
    "tiers": {"tier": [SHORT, {"protocol": LONG, "replicas": 2}]},
    "tiers, 1 in 40": {"tier": [SHORT, {"protocol": LONG, "replicas": 2, "builds_below": 40}]},
    "short only": {"tier": [SHORT]},
    "long only": {"tier": [{"protocol": LONG, "replicas": 1, "reference_replicas": 2}]},
    "builds alone": {"tier": [SHORT], **ALONE},
    PAPER: {"tier": [{"protocol": LONG, "replicas": 1, "reference_replicas": 5}], **ALONE},
}
COLOURS = dict(zip(POLICIES, ("#56b4e9", "#0072b2", "#009e73", "#cc79a7", "#d55e00", "#777777"), strict=True))


@dataclass(frozen=True)
class Errors:
    """How values of a protocol depend on the truth, in decades."""

    offset: float
    slope: float
    systematic: float
    scatter: float


def errors(long: str) -> dict[str, Errors]:
    """The errors of both protocols in a world."""
    found = {}
    for name in (QUICK, LONG):
        protocol = protocols.load(name)
        known = protocol.agreement
        assert known is not None
        scatter = protocol.scatter.decades if name == QUICK else LONG_SCATTER
        found[name] = Errors(known.offset, known.slope, known.systematic, scatter)
    if long == "agrees":
        found[LONG] = Errors(0.0, 1.0, 0.05, LONG_SCATTER)
    return found


class Loop:
    """A campaign whose simulations are replaced by a world."""

    def __init__(self, world: World, by: dict[str, Errors], policy: str, seed: int, percentile: float, store: Store):
        self.world, self.by, self.store, self.policy = world, by, store, policy
        self.rng = np.random.default_rng([seed, 7])
        settings, folder = Settings.model_validate({"name": "c", **POLICIES[policy]}), store.folder
        self.campaign, tiers = Campaign(settings, folder), tiers_of(settings)
        self.first = tiers[0]
        self.places = {unit.key: place for place, unit in enumerate(world.units)}
        self.means = {name: self._means(of, place) for place, (name, of) in enumerate(by.items())}
        self.promotions = Promotions(self.campaign, store)
        self.reference = reference = int(np.argsort(world.truth)[int(len(world.truth) * percentile / 100)])
        store.set(
            protocol=self.first.protocol, tiers=[tier.to_dict() for tier in tiers], force_field="pcff+", seed=1,
            reference_key=world.units[reference].key, iteration=0, state="simulate", settings=settings.model_dump(),
        )  # fmt: skip
        self.ended, self.waiting = 0, [place for place in range(len(world.units)) if place != reference]
        with store.transaction():
            self._add(reference, "seed")
            for number in range(self.first.reference_replicas):
                store.plan_replica(world.units[reference].key, self.first.protocol, number, 0)
            self._run_open()
            judge(store)

    def _means(self, of: Errors, place: int) -> Floats:
        """Place of each polymer at a protocol, as the mean of builds without number."""
        rng = np.random.default_rng([int(self.rng.integers(1 << 30)), place])
        return protocol_means(self.world, of.offset, of.slope, of.systematic, rng)

    def _add(self, place: int, source: str) -> None:
        unit = self.world.units[place]
        self.store.add_polymer(unit.key, unit.smiles, unit.given, source, self.store.get("iteration"))

    def _build(self, key: str, protocol: str, replica: int) -> None:
        """Run a build that waits."""
        value = build(self.means[protocol][self.places[key]], self.by[protocol].scatter, self.rng)
        self.ended += 1
        self.store.update_replica(
            key, protocol, replica, status="done", properties={SIGMA: value}, cpu_s=COST_S[protocol],
            ended=float(self.ended),
        )  # fmt: skip

    def _run_open(self) -> None:
        """Run what waits, one build after another, and what is promoted in between."""
        for row in self.store.batch_replicas():
            if row.status == "waiting":
                self._build(row.key, row.protocol, row.replica)
                while further := self.promotions.next():
                    self._build(further.key, further.protocol, further.replica)

    def iterate(self) -> None:
        """One iteration: a batch from the pool, its builds and promotions, and the judgement."""
        store, number = self.store, self.store.get("iteration") + 1
        store.set(iteration=number)
        offered = self.waiting[: POOL * number]
        pool = [Candidate(number, n, self.world.units[n].given, self.world.units[n].key, "new") for n in offered]
        with store.transaction():
            posterior = None
            if found := judged(store):
                write_estimates(store, found, pool)
                posterior = found.posterior
            choice = Choice(pool, BATCH, objective_of(store), ranking(store), self.rng, posterior)
            replicas = 1 if self.first.protocol in store.starved() else self.first.replicas
            for row in selected(self.campaign.settings.filter.selection, choice):
                self._add(place := self.places[row.key or ""], "generated")
                self.waiting.remove(place)
                for replica in range(replicas):
                    store.plan_replica(row.key or "", self.first.protocol, replica, number)
            self._run_open()
            weigh_tiers(store)
            judge(store)

    @property
    def hours(self) -> float:
        """CPU-hours so far."""
        return sum(row.cpu_s or 0.0 for row in self.store.replicas()) / 3600.0

    def outcome(self) -> dict[str, float]:
        """What the ranking is worth now."""
        truth, ranked = self.world.truth, ranking(self.store)
        bar = next(row.value for row in ranked if row.verdict == "reference")
        rows = [row for row in ranked if row.source == "generated"]
        called = [row for row in rows if (row.value > bar if self.policy == PAPER else row.verdict == "better")]
        right = sum(truth[self.places[row.key]] > truth[self.reference] for row in called)
        chosen = [self.places[row.key] for row in rows[:RECOMMENDED]]
        order = np.argsort(-truth)
        top = set(order[: round(TOP * len(truth))].tolist())
        counts = {name: sum(row.protocol == name for row in self.store.replicas()) for name in (QUICK, LONG)}
        return {
            "hours": self.hours,
            "found": len(top & set(chosen)),
            "below": float(truth[order[:RECOMMENDED]].mean() - truth[chosen].mean()),
            "best": float(truth[order[0]] - truth[chosen[0]]),
            "right": int(right),
            "wrong": len(called) - int(right),
            **counts,
        }


def run(seed: int, long: str, policy: str, hours: float, percentile: float) -> list[dict[str, float]]:
    """Outcomes after each iteration, until the budget is spent."""
    world, rows = drawn(np.random.default_rng(seed), UNITS), []
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "c") as store:
        loop = Loop(world, errors(long), policy, seed, percentile, store)
        while loop.hours < hours and len(loop.waiting) > BATCH:
            loop.iterate()
            rows.append(loop.outcome())
    return rows


def main() -> None:
    """Run what is missing in the file, and print the means at the given numbers of CPU-hours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--hours", type=float, default=HOURS, help="budget in CPU-hours")
    parser.add_argument("--long", choices=["overnight", "agrees"], default="overnight")
    parser.add_argument("--policy", action="append", choices=list(POLICIES), help="all by default")
    parser.add_argument("--percentile", type=float, default=50.0, help="of the truths, at which the reference lies")
    parser.add_argument("--out", type=Path, required=True, help="CSV with one row for each iteration")
    parser.add_argument("--plot", type=Path, help="figure of the polymers that are rightly called better")
    given = parser.parse_args()
    before = list(csv.DictReader(given.out.open())) if given.out.exists() else []
    done = {(row["long"], row["policy"], int(row["seed"])) for row in before}
    for seed in range(given.seeds):
        for policy in given.policy or POLICIES:
            if (given.long, policy, seed) in done:
                continue
            begin = time.perf_counter()
            rows = run(seed, given.long, policy, given.hours, given.percentile)
            new = not given.out.exists()
            with given.out.open("a", newline="") as handle:
                writer = csv.DictWriter(handle, ["long", "policy", "seed", *rows[0]], lineterminator="\n")
                if new:
                    writer.writeheader()
                writer.writerows({"long": given.long, "policy": policy, "seed": seed, **row} for row in rows)
            print(policy, seed, rows[-1], f"{time.perf_counter() - begin:.0f} s", flush=True)
    for line in summary(given.out, given.long):
        print(line)
    if given.plot:
        plot(given.out, given.hours, given.plot)


def summary(file: Path, long: str) -> list[str]:
    """Means over seeds by policy, at some numbers of CPU-hours."""
    rows, lines = [row for row in csv.DictReader(file.open()) if row["long"] == long], []
    for policy in POLICIES:
        for hours in SHOWN_AT:
            last = {row["seed"]: row for row in rows if row["policy"] == policy and float(row["hours"]) <= hours * 1.05}
            told = {name: np.array([float(row[name]) for row in last.values()]) for name in SHOWN}
            lines.append(
                f"{policy:<14} {hours:4.0f} h, {len(last)} seeds: "
                + ", ".join(f"{name} {at.mean():.2f} ± {at.std():.2f}" for name, at in told.items() if len(at))
            )
    return lines


def plot(file: Path, hours: float, path: Path) -> None:
    """Polymers rightly called better than the reference against CPU-hours, means over the seeds."""
    rows, at = list(csv.DictReader(file.open())), np.linspace(0.0, hours, 200)
    figure = Figure(figsize=(5.6, 3.6), layout="constrained", dpi=150)
    axes = figure.subplots()
    for policy, colour in COLOURS.items():
        mine = [row for row in rows if row["policy"] == policy]
        curves = []
        for seed in sorted({row["seed"] for row in mine}):
            steps = [(0.0, 0.0), *((float(row["hours"]), float(row["right"])) for row in mine if row["seed"] == seed)]
            x, y = np.array(steps).T
            curves.append(y[np.searchsorted(x, at, side="right") - 1])
        if curves:
            axes.plot(at, np.mean(curves, axis=0), color=colour, label=policy)
    axes.set(xlabel="CPU-hours of simulations", ylabel="rightly called better than the reference", xlim=(0, hours))
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
