"""What the posterior of `autodisco.surrogate` is worth on published values; prints the rows of docs/surrogate.md.

    python bench/surrogate_study.py --reference DIR [--only table unseen candidates later] [--quick docs]

DIR holds the two published tables. Parts:

table       HTP-MD alone: five folds at random and by cluster, exact for all polymers, in closed form from one inverse;
            hyperparameters from 600 polymers of the whole table
unseen      published generated polymers without any label of theirs: the table as a source, with and without the prior
            mean, several random parts of the table
candidates  81 polymers with a published value at 353 K, each left out in turn; with `quick` (500 K) as further sources
later       fitted to what was known after iteration 1, compared with iteration 2

Intervals of Spearman's coefficient hold 90 % of a bootstrap over polymers. Values of `quick` are those of
docs/quick-protocol.csv (an older force field, several builds) and docs/quick-candidates.csv (one or two), as two
sources.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from published import Published, candidates, htp_md, rank, rmse
from scipy.stats import spearmanr
from sklearn.cluster import KMeans

from autodisco.analysis.quantity import CONDUCTIVITY_SCALE
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.surrogate import Label, Normal, Posterior, PriorMean, Priors, Scatter, Source, coverage
from autodisco.surrogate.similarity import Structures

SEED, LEVEL, FOLDS, CLUSTERS = 0, -3.0, 5, 40
PUBLISHED = Source("published", "protocol", True, Priors(Normal(0, 0), Normal(1, 0), 0, Scatter(0.1, 4)))
TABLE = Source.of_kind("HTP-MD", "data-set")
FILES = {"quick, older force field": "quick-protocol.csv", "quick": "quick-candidates.csv"}
QUICK = [
    Source(name, "protocol", False, Priors(Normal(1.2, 0.5), Normal(0.6, 0.25), 0.2, Scatter(0.36, 20)))
    for name in FILES
]
OF_TABLE = 0.12  # decades: standard error of a value of HTP-MD's table, by the likelihood of the table alone
NO_ION = 1e-4  # S/cm: a `quick` build with less has at most one free ion


def labels(values: Published, source: Source, sem: float | None = None) -> list[Label]:
    """Published values; the one that is zero is a bound."""
    least = values.values.min()
    return [
        Label(unit, source.name, float(value), sem=sem, censored=bool(value <= -5 + 1e-9 and value == least))
        for unit, value in zip(values.units, values.values, strict=True)
    ]


def quick_labels(folder: Path) -> tuple[list[Label], list[str]]:
    """Labels of both tables of `quick`, and the polymers of HTP-MD that were chosen for it."""
    found, chosen = [], []
    for source, name in FILES.items():
        with open(folder / name) as handle:
            for row in csv.DictReader(handle):
                builds = [float(text) for text in row["replicas_s_per_cm"].split()]
                unit, mean = parse(row["monomer_smiles"], ORGANIC_ELEMENTS).smiles, float(np.mean(builds))
                place = CONDUCTIVITY_SCALE.place(max(mean, NO_ION))
                found.append(Label(unit, source, place, len(builds), censored=mean < NO_ION))
                if row.get("set") == "training set":
                    chosen.append(unit)
    return found, chosen


def fit(
    known: list[Label], sources: list[Source], prior_mean: PriorMean | None, target: Source = PUBLISHED
) -> Posterior:
    """The posterior, and the time it took."""
    begin = time.process_time()
    found = Posterior.fit(
        known, sources, target.name, prior_mean=prior_mean, seed=SEED, level=LEVEL, most_exact=len(known)
    )
    print(f"  {len(known)} labels fitted in {time.process_time() - begin:.1f} s of CPU", flush=True)
    return found


def row(name: str, said: np.ndarray, true: np.ndarray, sd: np.ndarray | None = None) -> None:
    """One line of a table."""
    held = "" if sd is None else f" | {coverage((true - said) / sd):.2f}"
    print(
        f"| {name} | {len(true)} | {rank(said, true)} | {rmse(said, true):.2f} | {np.mean(said - true):+.2f}{held} |",
        flush=True,
    )


def table_alone(table: Published) -> None:
    """HTP-MD by itself."""
    source = Source.of_kind(TABLE.name, "data-set", reference=True)
    known = fit(labels(table, source), [source], None, source)
    structures = Structures.of(table.units)
    counts = np.sqrt(structures.counts_of(np.unique(structures.environments.bits)))
    clusters = KMeans(CLUSTERS, n_init=3, random_state=SEED).fit_predict(counts)
    of_fold = np.random.default_rng(SEED).permutation(CLUSTERS) % FOLDS
    folds = {"random": np.arange(len(table.units)) % FOLDS, "by cluster": of_fold[clusters]}
    print("| folds | R² | Spearman | RMSE | 90 % interval holds |")
    for name, fold in folds.items():
        residuals, sds = known.leave_out(fold)
        said = table.values - residuals
        r2 = 1 - np.mean(residuals**2) / np.var(table.values)
        print(
            f"| {name} | {r2:.3f} | {rank(said, table.values)} | {np.sqrt(np.mean(residuals**2)):.3f} | "
            f"{coverage(residuals / sds):.3f} |",
            flush=True,
        )


def unseen(table: Published, generated: Published, aside: list[str]) -> None:
    """Generated polymers from the table."""
    kept = np.flatnonzero([unit not in set(aside) for unit in table.units])
    there = table.among(np.flatnonzero([unit in set(aside) for unit in table.units]))
    print("| fitted to | polymers | Spearman | RMSE | said minus published | 90 % interval holds |")
    shipped = PriorMean.shipped()
    for n, prior_mean in ((2000, None), (2000, shipped), (len(kept), None), (len(kept), shipped)):
        parts = 3 if n < len(kept) else 1
        ranks = []
        for part in range(parts):
            some = table.among(np.random.default_rng(part).permutation(kept)[:n])
            known = fit(labels(some, TABLE), [PUBLISHED, TABLE], prior_mean)
            found = known.predict(generated.units)
            ranks.append(spearmanr(found.mean, generated.values).statistic)
            name = f"{n} of HTP-MD, part {part}" + (", prior mean" if prior_mean else "")
            row(name, found.mean, generated.values, found.sd)
            found = known.predict(there.units)
            row(f"{name}: 20 of HTP-MD", found.mean, there.values, np.hypot(found.sd, known.noise(TABLE.name)))
        print(f"  mean of {parts}: {np.mean(ranks):.3f}")


def left_out(name: str, known: Posterior, true: Published, generated: np.ndarray) -> None:
    """The first labels are those of `true`."""
    exact = np.flatnonzero(true.values > -5 + 1e-9)
    residuals, sds = known.leave_one_out(exact)
    sds, said, values, here = sds * known.widened, true.values[exact] - residuals, true.values[exact], generated[exact]
    row(name, said, values, sds)
    row(f"{name}: generated", said[here], values[here], sds[here])
    row(f"{name}: HTP-MD", said[~here], values[~here], sds[~here])


def of_candidates(table: Published, generated: Published, quick: list[Label], aside: list[str], n: int) -> None:
    """Each published value left out in turn."""
    there = table.among(np.flatnonzero([unit in set(aside) for unit in table.units]))
    others = table.among(np.flatnonzero([unit not in set(aside) for unit in table.units])[:n])
    true = Published(generated.units + there.units, np.concatenate([generated.values, there.values]), np.empty(0))
    is_generated = np.arange(len(true.units)) < len(generated.units)
    target, shipped = labels(generated, PUBLISHED) + labels(there, PUBLISHED, OF_TABLE), PriorMean.shipped()
    print("| labels | polymers | Spearman | RMSE | said minus published | 90 % interval holds |")
    for name, known, sources, prior_mean in (
        ("published", target, [PUBLISHED], None),
        ("published, prior mean", target, [PUBLISHED], shipped),
        ("published, quick", target + quick, [PUBLISHED, *QUICK], None),
        ("published, quick, prior mean", target + quick, [PUBLISHED, *QUICK], shipped),
        (f"published, {n} of HTP-MD", target + labels(others, TABLE), [PUBLISHED, TABLE], None),
        (f"published, quick, {n} of HTP-MD", target + quick + labels(others, TABLE), [PUBLISHED, *QUICK, TABLE], None),
    ):
        found = fit(known, sources, prior_mean)
        by = found.hyperparameters
        print(f"  slopes {by.slope.round(2)}, noise {np.sqrt(by.noise).round(2)}, widened {found.widened:.2f}")
        left_out(name, found, true, is_generated)


def later(table: Published, generated: Published, quick: list[Label], aside: list[str]) -> None:
    """Iteration 2 from what was known before it. Values of `quick` of its polymers may be known: they cost a minute."""
    there = table.among(np.flatnonzero([unit in set(aside) for unit in table.units]))
    first, second = (generated.among(np.flatnonzero(generated.iterations == number)) for number in (1, 2))
    known = labels(first, PUBLISHED) + labels(there, PUBLISHED, OF_TABLE)
    shipped = PriorMean.shipped()
    print("| fitted to | polymers | Spearman | RMSE | said minus published | 90 % interval holds |")
    for name, extra, prior_mean in (
        ("iteration 1, 20 of HTP-MD", [], None),
        ("... prior mean", [], shipped),
        ("... quick", quick, None),
        ("... quick, prior mean", quick, shipped),
    ):
        found = fit(known + extra, [PUBLISHED, *QUICK] if extra else [PUBLISHED], prior_mean)
        said = found.predict(second.units)
        row(name, said.mean, second.values, np.hypot(said.sd, found.noise(PUBLISHED.name)))
    said = Posterior.fit([], [PUBLISHED], PUBLISHED.name, prior_mean=shipped, seed=SEED).predict(second.units)
    row("prior mean alone", said.mean, second.values, said.sd)


def main() -> None:
    """All parts, or some."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=["table", "unseen", "candidates", "later"])
    parser.add_argument("--quick", type=Path, default=Path("docs"), help="folder of the two tables of quick")
    given = parser.parse_args()
    table, generated = htp_md(given.reference), candidates(given.reference)
    quick, aside = quick_labels(given.quick)
    if "later" in given.only:
        later(table, generated, quick, aside)
    if "candidates" in given.only:
        of_candidates(table, generated, quick, aside, 1000)
    if "unseen" in given.only:
        unseen(table, generated, aside)
    if "table" in given.only:
        table_alone(table)


if __name__ == "__main__":
    main()
