"""Whole campaigns without molecular dynamics: a property model in its place, so that the loop can be repeated.

    python bench/generator_replay.py DATA --out DIR [--seeds 1 2 3 4 5] [--methods NAME ...] [--steps 2000 500]
        [--plot docs/replay.png]

DATA is the HTP-MD set. A random forest fitted on a fifth of it stands for the simulation. Each iteration draws until
there are fifty polymers that are new to the campaign and asks the forest; those above the border of the best 5 % join
the high class, all of them together with the weight of the paper's 4,000 copies, the others the low class; then the
generator learns on. `--steps` are the training iterations of the first model and of each warm start. Campaigns are kept
in DIR, a file each, and not repeated. With --plot the figure is drawn from all that are there.
"""

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.statistics import standard_errors
from autodisco.generator import TrainingRow, fit, generator_settings, label_rows, put_aside, read_dataset
from autodisco.polymer import ORGANIC_ELEMENTS, parse
from autodisco.surrogate import PropertyModel

ITERATIONS, NEW, LONGEST, MAX_DRAWS = 5, 50, 59, 5000
TOP_FRACTION = 0.05
COPIES = 211.0  # 4,000 where another row of the high class has 5,704 / 302
MILD = {"temperature": 1.3, "guidance": 0.5}
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
LATENT, GAN = f"{EXAMPLES / 'latent.py'}:Latent", f"{EXAMPLES / 'gan.py'}:Gan"

#: Settings of training, of drawing, and whether a model goes on from the one before.
METHODS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "random": ({"kind": "random"}, {}, False),
    "genetic": ({"kind": "genetic"}, {}, False),
    "plain": ({}, {"grammar": False}, True),
    "plain, from scratch": ({}, {"grammar": False}, False),
    "autodisco": ({"augment": "symmetry"}, MILD, True),
    "autodisco, from scratch": ({"augment": "symmetry"}, MILD, False),
    "vae": ({"kind": LATENT, "augment": "symmetry"}, MILD, True),
    "swarm": ({"kind": LATENT, "augment": "symmetry", "search": "swarm"}, MILD, True),
    "evolution": ({"kind": LATENT, "augment": "symmetry", "search": "evolution"}, MILD, True),
    "gan": ({"kind": GAN, "augment": "symmetry"}, MILD, True),
}
COLOURS = {
    "random": "#777777", "genetic": "#009e73", "plain": "#d55e00", "plain, from scratch": "#d55e00",
    "autodisco": "#0072b2", "autodisco, from scratch": "#0072b2", "vae": "#cc79a7", "swarm": "#e69f00",
    "evolution": "#56b4e9", "gan": "#000000",
}  # fmt: skip


def main() -> None:
    """Run what is missing and draw the figure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    arguments.add_argument("--methods", nargs="*", default=["random", "genetic", "plain", "autodisco"])
    arguments.add_argument("--steps", type=int, nargs=2, default=[2000, 500])
    arguments.add_argument("--plot", type=Path)
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    rows, aside = put_aside(read_dataset(given.data), 0.2, seed=0)
    judge = PropertyModel.fit([r.smiles for r in aside], [math.log10(row.value) for row in aside if row.value], seed=0)
    judge.set_border([r.smiles for r in rows], TOP_FRACTION)
    for seed in given.seeds:
        for method in given.methods:
            file = given.out / f"{method.replace(',', '').replace(' ', '-')}-{seed}.json"
            if not file.exists():
                told = replay(method, seed, rows, judge, *given.steps)
                file.write_text(json.dumps({"method": method, "seed": seed, "iterations": told}))
    if given.plot:
        runs = [json.loads(file.read_text()) for file in sorted(given.out.glob("*.json"))]
        draw(runs, given.plot)
        print("\n".join(table(runs)))


def replay(method: str, seed: int, rows: list, judge: PropertyModel, first: int, further: int) -> list[dict[str, Any]]:
    """One campaign: for each iteration the mean conductivity (mS/cm) of the new polymers, and what it took."""
    fitting, drawing, warm = METHODS[method]
    training = {row.smiles: row for row in label_rows(rows, TOP_FRACTION)}
    known = {parse(smiles, ORGANIC_ELEMENTS).key for smiles in training}
    better: list[str] = []
    model, told = None, []
    for iteration in range(ITERATIONS):
        steps = further if warm and model else first
        model = fit(
            list(training.values()),
            generator_settings(**{"device": "cpu", "augment": "none", "iterations": steps, **fitting}),
            seed=100 * seed + iteration,
            start_from=model if warm else None,
        )
        found = model.sample_new(
            NEW, "high", known=known, max_draws=MAX_DRAWS, seed=100 * seed + iteration, max_tokens=LONGEST, **drawing
        )
        units = [parse(text, ORGANIC_ELEMENTS) for text in found.strings]
        estimates = judge.predict([unit.smiles for unit in units])
        for unit, estimate in zip(units, estimates, strict=True):
            known.add(unit.key)
            if estimate >= judge.border:
                better.append(unit.given)
            else:
                training[unit.given] = TrainingRow(unit.given, "low")
        training |= {smiles: TrainingRow(smiles, "high", COPIES / len(better)) for smiles in better}
        values = 1e3 * 10**estimates
        told.append(
            {
                "mean": float(values.mean()), "best": float(values.max()), "new": len(units), "draws": found.draws,
                "above": int((estimates >= judge.border).sum()),
            }
        )  # fmt: skip
        print(f"{method}, seed {seed}, iteration {iteration + 1}: {told[-1]}", flush=True)
    return told


def gathered(runs: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Per method mean, share above the border and new polymers per draw, shape (seeds, iterations, 3)."""
    by_method = defaultdict(list)
    for run in runs:
        steps = [(s["mean"], s["above"] / s["new"], s["new"] / s["draws"]) for s in run["iterations"]]
        by_method[run["method"]].append(steps)
    return {method: np.array(by_method[method]) for method in METHODS if method in by_method}


def table(runs: list[dict[str, Any]]) -> list[str]:
    """First and last iteration of each method as Markdown, mean and standard error over the seeds."""
    lines = [
        "| method | seeds | mean conductivity, mS/cm, iteration 1 | iteration 5 | above the border, iteration 1 "
        "| iteration 5 | new polymers per draw, iteration 1 | iteration 5 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for method, values in gathered(runs).items():
        error = standard_errors(values)
        cells = [
            f"{values[:, i, q].mean():.{d}f}" + ("" if error is None else f" ± {error[i, q]:.{d}f}")
            for q, d in ((0, 3), (1, 2), (2, 2))
            for i in (0, -1)
        ]
        lines.append(f"| {method} | {len(values)} | " + " | ".join(cells) + " |")
    return lines


def draw(runs: list[dict[str, Any]], file: Path) -> None:
    """Mean conductivity and new polymers per draw against the iteration."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for method, values in gathered(runs).items():
        x = np.arange(1, values.shape[1] + 1)
        style = {"color": COLOURS[method], "ls": "--" if "scratch" in method else "-", "marker": "o", "ms": 4}
        for axes, quantity in zip(panels, (0, 2), strict=True):
            mean = values[:, :, quantity].mean(axis=0)
            axes.plot(x, mean, label=f"{method} ({len(values)} seeds)", **style)
            if (error := standard_errors(values[:, :, quantity])) is not None:
                axes.fill_between(x, mean - error, mean + error, color=COLOURS[method], alpha=0.2, lw=0)
    panels[0].set_ylabel("mean estimated conductivity, mS/cm")
    panels[1].set_ylabel("new polymers per draw")
    for axes in panels:
        axes.set_xlabel("iteration")
        axes.set_xticks(range(1, ITERATIONS + 1))
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    main()
