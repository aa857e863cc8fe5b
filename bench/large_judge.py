"""The judge of very many labels: what is lost where labels are condensed to points, and what a fit costs.

    python bench/large_judge.py accuracy --reference DIR [--labels 4000] [--points 500 1000 2000 3000]
    python bench/large_judge.py load [--labels 4000 10000 20000]

`accuracy` takes conductivities of HTP-MD as truth. Either all labels are values of the table, or 300 are values at the
target and the others are simulated values of a short protocol (half a slope, a systematic error that depends on the
structure, two builds). The exact posterior is compared with condensed ones, and with one of as many labels as there are
points, at 1,500 polymers without a label and at those with one. `load` fits simulated values of repeat units of the
program's grammar, each number in a process of its own, and asks about all of them.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from published import htp_md, rmse
from scipy.stats import spearmanr

from autodisco.arrays import Floats
from autodisco.polymer import parse, units_from_grammar
from autodisco.surrogate import LEVEL, Label, Posterior, PriorMean, Source, coverage, inducing, similarity

SEED, HELD, AT_TARGET, BUILDS, BEST = 0, 1500, 300, 2, 100
LONG, SHORT = Source.of_kind("long", "protocol", reference=True), Source.of_kind("short", "protocol")


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("accuracy", "load", "one"))
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--labels", type=int, nargs="*")
    parser.add_argument("--points", type=int, nargs="*", default=[500, 1000, 2000, 3000])
    given = parser.parse_args()
    if given.part == "accuracy":
        accuracy(given.reference, (given.labels or [4000])[0], given.points)
    elif given.part == "one":
        load(given.labels[0])
    else:
        for number in given.labels or [4000, 10_000, 20_000]:
            subprocess.run([sys.executable, __file__, "one", "--labels", str(number)], check=True)


def short_values(units: Sequence[str], truth: Floats, rng: np.random.Generator) -> list[Label]:
    """Simulated labels of the short protocol."""
    fixed = units[:: len(units) // 100]
    error = similarity(units, fixed) @ rng.normal(size=len(fixed))
    error = 0.15 * (error - error.mean()) / error.std()
    means = LEVEL + 0.8 + 0.6 * (truth - LEVEL) + error + 0.3 / np.sqrt(BUILDS) * rng.normal(size=len(units))
    return [Label(unit, SHORT.name, float(mean), BUILDS) for unit, mean in zip(units, means, strict=True)]


def long_values(units: Sequence[str], truth: Floats) -> list[Label]:
    """Labels of the target."""
    return [Label(unit, LONG.name, float(value)) for unit, value in zip(units, truth, strict=True)]


def fit(labels: Sequence[Label], points: int | None = None) -> Posterior:
    """The exact posterior, or one with so many points."""
    most_exact, of_program = (0 if points else len(labels)), inducing.POINTS
    inducing.POINTS = points or of_program
    try:
        return Posterior.fit(
            labels, [LONG, SHORT], LONG.name, prior_mean=None, seed=SEED, level=LEVEL, most_exact=most_exact
        )
    finally:
        inducing.POINTS = of_program


def accuracy(reference: Path, number: int, points: Sequence[int]) -> None:
    """Rows of the table in docs/surrogate.md."""
    table, rng = htp_md(reference), np.random.default_rng(SEED)
    order = rng.permutation(len(table.units))
    units, truth = [table.units[row] for row in order], np.asarray(table.values)[order]
    known, held = slice(number), slice(number, number + HELD)
    first = slice(AT_TARGET)
    short = short_values(units[known], truth[known], rng)[AT_TARGET:]
    for name, labels in (
        ("table", long_values(units[known], truth[known])),
        ("300 long, others short", long_values(units[first], truth[first]) + short),
    ):
        print(f"{name}: {len(labels)} labels")
        exact = None
        for words, chosen, at in (
            ("all labels, exact", labels, None),
            *((f"{m} points", labels, m) for m in points),
            *((f"{m} labels alone", _some(labels, m), None) for m in points[1:2]),
        ):
            begin = time.process_time()
            model = fit(chosen, at)
            took = time.process_time() - begin
            unseen, own = model.predict(units[held]), model.predict(units[known])
            exact = exact or (unseen, own)
            noise = 0.12  # decades: standard error of a value of the table
            held_z = (truth[held] - unseen.mean) / np.hypot(unseen.sd, noise)
            same = set(np.argsort(-own.mean)[:BEST]) & set(np.argsort(-exact[1].mean)[:BEST])
            print(
                f"| {words} | {spearmanr(unseen.mean, truth[held]).statistic:.3f} | "
                f"{rmse(unseen.mean, truth[held]):.4f} | {coverage(held_z):.3f} | "
                f"{spearmanr(unseen.mean, exact[0].mean).statistic:.3f} | "
                f"{spearmanr(own.mean, exact[1].mean).statistic:.3f} | {len(same)} of {BEST} | "
                f"{np.mean(own.sd / exact[1].sd):.2f} | {took:.1f} s |",
                flush=True,
            )


def _some(labels: list[Label], most: int) -> list[Label]:
    """So many of the labels, those of the target first."""
    rest = np.random.default_rng(SEED).permutation(np.arange(AT_TARGET, len(labels)))[: most - AT_TARGET]
    return [*labels[:AT_TARGET], *(labels[row] for row in np.sort(rest).tolist())]


def load(number: int) -> None:
    """Time and memory of a fit, and of what a campaign asks of it in an iteration."""
    rng = np.random.default_rng(SEED)
    units: dict[str, str] = {}
    while len(units) < number:
        units |= {unit.key: unit.smiles for unit in map(parse, units_from_grammar(number // 2, rng))}
    chosen = list(units.values())[:number]
    fixed = chosen[:: number // 100]
    truth = similarity(chosen, fixed) @ rng.normal(size=len(fixed))
    truth = LEVEL + 0.5 * (truth - truth.mean()) / truth.std()
    labels = [*long_values(chosen[:AT_TARGET], truth[:AT_TARGET]), *short_values(chosen, truth, rng)[AT_TARGET:]]
    before, moments = peak_gb(), [time.process_time()]
    model = Posterior.fit(labels, [LONG, SHORT], LONG.name, prior_mean=PriorMean.shipped(), seed=SEED, level=LEVEL)
    moments.append(time.process_time())
    after_fit = peak_gb()
    found = model.predict(chosen)
    moments.append(time.process_time())
    model.values(chosen, SHORT.name)
    moments.append(time.process_time())
    model.against(chosen, chosen[0])
    moments.append(time.process_time())
    model.p_best(chosen, 10, rng)
    moments.append(time.process_time())
    took = np.diff(moments)
    print(
        f"{number} labels: fit {took[0]:.0f} s, {after_fit:.2f} GB; of all of them predict {took[1]:.0f} s, values in "
        f"a source {took[2]:.0f} s, p_better {took[3]:.0f} s, p_best {took[4]:.0f} s; {peak_gb():.2f} GB at most, "
        f"{before:.2f} before; Spearman {spearmanr(found.mean, truth).statistic:.3f}",
        flush=True,
    )


def peak_gb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main()
