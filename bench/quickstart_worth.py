"""What the quickstart's loop is worth where the truth is published: the 61 generated polymers with a value at 353 K.

    python bench/quickstart_worth.py --reference DIR [--quick docs]
    python bench/quickstart_worth.py --reference DIR --batches 11 --builds first --quadratic 0

As in the quickstart: prior mean, seeds with their values of `quick`, four batches of six, chosen by the campaign's own
functions from a pool of 60 and what waits. The pool holds the published polymers instead of generated ones; the builds
of `quick` are those of docs/quick-candidates.csv, and seeds that are among the 61 are left out. No published value is
known to the campaign. Afterwards the posterior is asked about all 61. Eleven batches simulate them all; --quadratic is
the weight of the quadratic kernel in the systematic error of `quick`.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import numpy as np
from judged_campaigns import ITERATIONS, POOL, SIGMA, next_batch, write_builds
from published import FLOOR, Published, candidates
from surrogate_study import row

from autodisco.campaign import Settings
from autodisco.campaign.judging import judge
from autodisco.campaign.tiers import tiers_of
from autodisco.decide.judge import judged
from autodisco.polymer import parse
from autodisco.store import Candidate, Store
from autodisco.surrogate import Posterior, covariance

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "campaigns" / "seeds" / "known_polymers.csv"
BUILDS = {"all": slice(None), "first": slice(0, 1), "second": slice(1, 2)}


def main() -> None:
    """Run the loop once for each number of builds and print what it is worth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--quick", type=Path, default=ROOT / "docs", help="folder of the table of quick")
    parser.add_argument("--batches", type=int, nargs="+", default=[0, 2, ITERATIONS])
    parser.add_argument("--builds", choices=list(BUILDS), default="all")
    parser.add_argument("--quadratic", type=float, default=covariance.CURVED)
    given = parser.parse_args()
    covariance.CURVED = given.quadratic
    true, builds = candidates(given.reference), read_builds(given.quick / "quick-candidates.csv")
    builds = {unit: values[BUILDS[given.builds]] or values for unit, values in builds.items()}
    print("| polymers | n | Spearman | RMSE | predicted minus published | 90 % interval holds |")
    print("|---|---|---|---|---|---|")
    for batches in given.batches:
        with tempfile.TemporaryDirectory() as folder:
            show(true, *loop(true, builds, batches, Path(folder) / "campaign"))


def read_builds(file: Path) -> dict[str, list[float]]:
    """Values of `quick` of each published polymer, S/cm."""
    with file.open() as handle:
        rows = list(csv.DictReader(handle))
    return {parse(row["monomer_smiles"]).smiles: list(map(float, row["replicas_s_per_cm"].split())) for row in rows}


def loop(true: Published, builds: dict[str, list[float]], batches: int, folder: Path) -> tuple[Posterior, np.ndarray]:
    """The posterior after some batches, and which polymers were simulated."""
    units = [parse(smiles) for smiles in true.units]
    with Store.create(folder) as store:
        store.set(
            protocol="quick", force_field="pcff+", reference_key=parse("*OCC*").key, seed=1, iteration=0,
            tiers=[tier.to_dict() for tier in tiers_of(Settings(name="quickstart"))], state="simulate",
            settings={"surrogate": {"kind": "posterior", "best": 10}},
        )  # fmt: skip
        with store.transaction():
            add_seeds(store, {unit.key for unit in units})
            judge(store)
        pool = [Candidate(1, place, unit.given, unit.key, "new") for place, unit in enumerate(units)]
        rng = np.random.default_rng(1)
        waiting = rng.permutation(len(pool)).tolist()
        for iteration in range(1, batches + 1):
            store.set(iteration=iteration)
            with store.transaction():
                for chosen in next_batch(store, [pool[place] for place in waiting[:POOL]], rng):
                    waiting.remove(chosen.draw)
                    write_builds(store, units[chosen.draw], builds[true.units[chosen.draw]], iteration)
                judge(store)
        found = judged(store)
        assert found is not None
        return found.posterior, np.array([place not in waiting for place in range(len(units))])


def add_seeds(store: Store, left_out: set[str]) -> None:
    """The labels of the seed file, without the polymers that are asked about."""
    with SEEDS.open() as handle:
        for seed in csv.DictReader(handle):
            unit = parse(seed["monomer_smiles"])
            if unit.key in left_out:
                continue
            store.add_polymer(unit.key, unit.smiles, unit.given, "seed")
            value, sem = (float(seed[name]) if seed[name] else None for name in (SIGMA, f"{SIGMA}_sem"))
            if value is not None:
                store.set_label(
                    unit.key, SIGMA, value, sem, int(seed["n_replicas"]),
                    protocol=seed["protocol"], force_field=seed["force_field"], origin=SEEDS.name,
                )  # fmt: skip


def show(true: Published, posterior: Posterior, simulated: np.ndarray) -> None:
    """Lines of the table, and what differences between two polymers are worth."""
    found = posterior.predict(true.units)
    mean, sd = found.mean, found.sd
    exact = true.values > np.log10(FLOOR) + 1e-9
    for name, some in (("all", exact), ("simulated", exact & simulated), ("not simulated", exact & ~simulated)):
        if some.sum() > 2:
            row(f"{simulated.sum()} simulated, {name}", mean[some], true.values[some], sd[some])
    _, covariances = posterior.joint(true.units)
    i, j = np.array([(i, j) for i in np.flatnonzero(exact) for j in np.flatnonzero(exact) if i < j]).T
    published = true.values[i] - true.values[j]
    errors = mean[i] - mean[j] - published
    expected = np.sqrt(covariances[i, i] + covariances[j, j] - 2 * covariances[i, j])
    print(
        f"  two differ by {rms(published):.2f} decades; error {rms(errors):.2f}, expected {rms(expected):.2f}, "
        f"error over expected {rms(errors / expected):.2f}"
    )


def rms(values: np.ndarray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


if __name__ == "__main__":
    main()
