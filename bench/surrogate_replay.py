"""Selections replayed on a table of polymers with values: which rule finds the best ones with the fewest labels.

    python bench/surrogate_replay.py --table FILE --objective COLUMN --out DIR [--pool branched] [--noise 0.27]
        [--further COLUMN ...] [--rules NAME ...] [--seeds 10] [--start 50] [--batch 10] [--labels 300]
    python bench/surrogate_replay.py --table FILE --objective COLUMN --out DIR --fidelities
    python bench/surrogate_replay.py --out DIR --plot FIGURE

Nothing is simulated: a label is the value in the table, with normal noise of `--noise` on request (one draw for each
polymer and seed). Each replay begins with random labels and takes batches; counted are the polymers of the true top 1 %
that were labelled, and with several objectives the dominated volume as a share of that of the whole table. Values are
log10 where all are above zero and span a factor of ten; a minus before a column means that lower values are better.
`--further=-sa_score` computes the synthetic accessibility, which selections know of every polymer as they do in a
campaign, and `made-up` is a random function of the structure that has nothing to do with the first objective. A
finished replay is a row of a CSV file in DIR and is not repeated.
`--plot` draws all files of DIR and prints their tables.
"""

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from replay_plot import draw, tables
from replay_table import Polymers, branched, read_polymers

from autodisco.decide import SELECTIONS, Aim, Choice, Objective
from autodisco.decide.of_structure import OfStructure
from autodisco.decide.pareto import hypervolume
from autodisco.errors import InputError
from autodisco.store import Candidate
from autodisco.surrogate import Label, Posterior, Source

RULES = ("batch-ucb", "greedy", "expected-improvement", "thompson", "diverse", "paper", "random")
RULES_OF_TWO = ("chebyshev-ucb", "ehvi", "batch-ucb", "random")
TOP = 0.01
LEAST_NOISE = 0.02
SOURCE = "table"


@dataclass(frozen=True)
class Known:
    """A polymer with a value, as far as selections ask about it."""

    monomer_smiles: str


@dataclass(frozen=True)
class Setup:
    """A replay, apart from its rule and seed."""

    polymers: Polymers
    columns: Sequence[str]
    noise: float
    start: int
    batch: int
    labels: int


def main() -> int:
    """Run what is missing, or draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--objective", help="column; a minus before it: lower is better")
    parser.add_argument("--further", action="append", default=[], help="another objective, once for each")
    parser.add_argument("--smiles-column")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pool", choices=("all", "branched"), default="all")
    parser.add_argument(
        "--noise", type=float, default=0.0, help="standard deviation, in decades on a logarithmic scale"
    )
    parser.add_argument("--fidelities", action="store_true", help="short and long simulations of the table's values")
    parser.add_argument("--rules", nargs="*")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--start", type=int, default=50)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    try:
        if given.plot:
            print(tables(given.out))
            draw(given.out, given.plot)
            return 0
        if not (given.table and given.objective):
            raise InputError("--table and --objective are needed, or --plot")
        run(given)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(given: argparse.Namespace) -> None:
    """The replays of one setup. Raises InputError for a table, column or rule that cannot be used."""
    columns = [given.objective, *given.further]
    polymers = read_polymers(given.table, columns, given.smiles_column)
    if given.pool == "branched":
        polymers = polymers[branched(polymers.units)]
    if given.start + given.batch > len(polymers.units):
        raise InputError(f"{given.table}: {len(polymers.units)} polymers in the pool are too few for these labels")
    given.out.mkdir(parents=True, exist_ok=True)
    if given.fidelities:
        from fidelity_replay import run_fidelities

        run_fidelities(polymers, given.out / "two-fidelities.csv", given.seeds, given.rules)
        return
    of_several = RULES_OF_TWO if len(columns) == 2 else [rule for rule in RULES_OF_TWO if rule != "ehvi"]
    rules = given.rules or (RULES if len(columns) == 1 else of_several)
    for rule in rules:
        SELECTIONS.get(rule)
    noise = f"-noise-{given.noise:g}" if given.noise else ""
    others = "".join(f"-and-{column.lstrip('-')}" for column in given.further)
    file = given.out / f"{given.table.stem}-{given.pool}{others}{noise}.csv"
    setup = Setup(polymers, columns, given.noise, given.start, given.batch, min(given.labels, len(polymers.units)))
    done = finished(file)
    for seed in range(given.seeds):
        for rule in rules:
            if (rule, seed) not in done:
                begin = time.perf_counter()
                steps = replay(setup, rule, seed)
                append(file, rule, seed, steps)
                last = ", ".join(f"{name} {value:.4g}" for name, value in steps[-1].items())
                print(f"{file.stem}: {rule}, seed {seed}: {last} ({time.perf_counter() - begin:.0f} s)", flush=True)


def replay(setup: Setup, rule: str, seed: int) -> list[dict[str, float]]:
    """One replay: what is found after each batch."""
    polymers, rng = setup.polymers, np.random.default_rng(seed)
    truth, n = polymers.values, len(polymers.units)
    told = truth + rng.normal(0.0, setup.noise, truth.shape) if setup.noise else truth
    objectives = [_objective(column, polymers.units, truth[:, k]) for k, column in enumerate(setup.columns)]
    candidates = [Candidate(0, place, unit, unit, "new") for place, unit in enumerate(polymers.units)]
    labelled = rng.choice(n, setup.start, replace=False).tolist()
    steps = [_found(setup, labelled)]
    selection = SELECTIONS.get(rule)()
    while len(labelled) < setup.labels:
        known = set(labelled)
        left = [candidates[place] for place in rng.permutation(n).tolist() if place not in known]
        aims = [
            Aim(one, OfStructure(one) if one.structure else _posterior(polymers.units, told[:, k], labelled, seed))
            for k, one in enumerate(objectives)
        ]
        choice = Choice(
            candidates=left,
            most=min(setup.batch, setup.labels - len(labelled)),
            objective=objectives[0],
            ranked=[Known(polymers.units[place]) for place in labelled],  # type: ignore[misc]
            rng=rng,
            posterior=aims[0].posterior if selection.by_posterior else None,  # type: ignore[arg-type]
            further=aims[1:],
        )
        labelled += [row.draw for row in selection.select(choice)]
        steps.append(_found(setup, labelled))
    return steps


def _posterior(units: Sequence[str], values: np.ndarray, labelled: list[int], seed: int) -> Posterior:
    labels = [Label(units[place], SOURCE, float(values[place])) for place in labelled]
    source = Source.of_kind(SOURCE, "data-set", reference=True)
    return Posterior.fit(labels, [source], SOURCE, prior_mean=None, seed=seed, spread=float(np.std(values[labelled])))


def _objective(column: str, units: Sequence[str], values: np.ndarray) -> Objective:
    """An objective of which larger is better, as in the table; what needs no label is a value of the structure."""
    name = column.lstrip("-")
    known = dict(zip(units, values.tolist(), strict=True)).get if name == "sa_score" else None
    return Objective(name=name, column=name, label=name, symbol=name, quantities=(name,), structure=known)


def _found(setup: Setup, labelled: list[int]) -> dict[str, float]:
    """Labels, how many of the true top share are among them, and with several objectives the share of the volume."""
    values = setup.polymers.values
    best = set(np.argsort(-values[:, 0], kind="stable")[: max(1, round(TOP * len(values)))].tolist())
    step: dict[str, float] = {"labels": len(labelled), "found": len(best & set(labelled)), "of": len(best)}
    if values.shape[1] > 1:
        origin = values.mean(axis=0) - values.std(axis=0)
        step["hypervolume"] = hypervolume(values[labelled], origin) / hypervolume(values, origin)
    return step


def finished(file: Path) -> set[tuple[str, int]]:
    """Rules and seeds of the replays in a file."""
    if not file.exists():
        return set()
    with file.open() as rows:
        return {(row["rule"], int(row["seed"])) for row in csv.DictReader(rows)}


def append(file: Path, rule: str, seed: int, steps: list[dict[str, float]]) -> None:
    """Add the rows of a replay to a file, all at once."""
    new = not file.exists()
    with file.open("a", newline="") as rows:
        writer = csv.DictWriter(rows, ["rule", "seed", *steps[0]], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows({"rule": rule, "seed": seed, **step} for step in steps)


if __name__ == "__main__":
    sys.exit(main())
