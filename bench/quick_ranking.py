"""How well protocol `quick` ranks polymers, against published simulations: not a benchmark of speed but of worth.

    python bench/quick_ranking.py --reference DIR [--replicas 2] [--out docs]

DIR holds the two published tables (see `CSV_FILES`). Polymers are chosen by a fixed rule, before any of them was run:
every distinct polymer of the generated list that has a value, and of the training set, sorted by conductivity and cut
into equal bins, the one with the smallest key in each bin; without the polymers on which the recipe was made.
The other polymers of the generated list are run too, one build each, to count failures. Runs are kept and continued;
first builds come before second ones.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import RepeatUnit, parse, scores
from autodisco.simulation.batch import simulate_batch

CSV_FILES = {
    "generated": "polygen/generated_polymers_in_two_iterations.csv",
    "training set": "polygen/PolyGen-train-set-from-HTP-MD.csv",
}
TRAINING_SET_BINS = 20
HEAVIEST_UNIT = 400.0  # g/mol; a repeat unit above it leaves fewer than seven of them in the box
FLOOR = 1e-6  # S/cm, added before logarithms
MADE_ON = (
    "*ONCCOC* *OCCOC* *OCCOCCN* *COCC* *OCCSCCOC* *OCC* *NCCOCCN* *OCC(C)N* *NCCNCCN* *CNC* *SCC* *SCCC* *CC(=O)* "
    "*C(C)N* *CC* O=C([*])NCCOCCOCCOCCO[*] O=C([*])OCCOCCO[*] CC(C)C(COC(=O)[*])NCCOCCO[*] "
    "O=C([*])NCCCC(=O)NCCCO[*] CC(C)(CNC(=O)CO[*])OCCOC(=O)[*] CC(COC(=O)[*])SCCC(O[*])C(C)C "
    "CCC(CO[*])N(C)CC(C)(C)OC(=O)[*] CCCC(C)(CO[*])COC(=O)[*]"
).split()


def chosen(reference: Path) -> tuple[list[dict[str, Any]], list[RepeatUnit]]:
    """Polymers with a published value (unit, set, sigma in S/cm), and those of the generated list that only count as
    run or failed: without a published value, or in the study that made the recipe."""
    made_on = {parse(smiles).key for smiles in MADE_ON}
    seen = set(made_on)
    with_value: list[dict[str, Any]] = []
    others: dict[str, RepeatUnit] = {}
    with open(reference / CSV_FILES["generated"]) as handle:
        for row in csv.DictReader(handle):
            unit = parse(row["monomer_smiles"])
            if row["conductivity_s_per_cm"] and unit.key not in seen:
                seen.add(unit.key)
                others.pop(unit.key, None)
                with_value.append({"unit": unit, "set": "generated", "sigma": float(row["conductivity_s_per_cm"])})
            elif unit.key in made_on or unit.key not in seen:
                others.setdefault(unit.key, unit)
    pool: list[dict[str, Any]] = []
    with open(reference / CSV_FILES["training set"]) as handle:
        for row in csv.DictReader(handle):
            try:
                unit = parse(row["mol_smiles"])
            except InvalidRepeatUnit:
                continue
            if unit.key not in seen and (scores(unit)["molar_mass_g_per_mol"] or 0.0) <= HEAVIEST_UNIT:
                pool.append({"unit": unit, "set": "training set", "sigma": float(row["conductivity"])})
    pool.sort(key=lambda polymer: polymer["sigma"])
    bins = np.array_split(np.arange(len(pool)), TRAINING_SET_BINS)
    with_value += [min((pool[i] for i in part), key=lambda polymer: polymer["unit"].key) for part in bins]
    return with_value, list(others.values())


def correlation(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> str:
    """Spearman's coefficient with the 90 % interval of a bootstrap over polymers."""
    draws = [spearmanr(x[i], y[i]).statistic for i in rng.integers(len(x), size=(2000, len(x)))]
    low, high = np.nanpercentile(draws, [5, 95])
    return f"{spearmanr(x, y).statistic:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Run what is missing, then write the table, the figure and the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--list", action="store_true", help="only show which polymers the rule chooses")
    arguments = parser.parse_args()
    with_value, others = chosen(arguments.reference)
    if arguments.list:
        for polymer in with_value:
            print(f"{polymer['set']:14s} {polymer['sigma']:.3e} {polymer['unit'].smiles}")
        print(*(f"failures only  {'':9s} {unit.smiles}" for unit in others), sep="\n")
        return
    wanted = {polymer["unit"].key: arguments.replicas for polymer in with_value} | {unit.key: 1 for unit in others}
    total = sum(wanted.values())
    count = iter(range(1, 10**6))

    def report(task: Any, outcome: Any) -> None:
        state = f"{outcome.properties['conductivity_s_per_cm']:.2e} S/cm" if outcome.ok else outcome.failure_code
        print(f"{next(count)}/{total} {task.monomer_smiles} {task.replica}: {state}, {outcome.cpu_s:.0f} s", flush=True)

    units = [polymer["unit"] for polymer in with_value] + others
    runs = simulate_batch(units, "quick", "pcff+", wanted, arguments.simulations, on_done=report)
    write(with_value, others, runs, arguments.out)


def write(with_value: list[dict[str, Any]], others: list[RepeatUnit], runs: dict[str, Any], out: Path) -> None:
    """Table (CSV), figure (PNG), and the summary on stdout."""
    smiles = {unit.key: unit.smiles for unit in [polymer["unit"] for polymer in with_value] + others}
    published = {p["unit"].key for p in with_value if p["set"] == "generated"} | {unit.key for unit in others}
    failures = {
        f"{smiles[key]} build {number}: {outcome.failure_code}": key
        for key, outcomes in runs.items()
        for number, outcome in outcomes.items()
        if not outcome.ok
    }
    rows = []
    for polymer in with_value:
        outcomes = [o for _, o in sorted(runs[polymer["unit"].key].items()) if o.ok]
        if not outcomes:
            continue
        values = [o.properties["conductivity_s_per_cm"] for o in outcomes]
        rows.append(
            {
                "monomer_smiles": polymer["unit"].smiles,
                "set": polymer["set"],
                "reference_s_per_cm": polymer["sigma"],
                "quick_s_per_cm": float(np.mean(values)),
                "replicas_s_per_cm": " ".join(f"{v:.3g}" for v in values),
                "carbon_fraction": scores(polymer["unit"])["carbon_fraction"],
                "dissolves": any(a.GetSymbol() in "ON" for a in polymer["unit"].mol.GetAtoms()),
                "density_g_per_cm3": float(np.mean([o.properties["density_g_per_cm3"] for o in outcomes])),
                "cpu_s": float(np.mean([o.cpu_s for o in outcomes])),
            }
        )
    with open(out / "quick-protocol.csv", "w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    rng = np.random.default_rng(0)
    print("| polymers | n | quick | minus carbon fraction |\n|---|---|---|---|")
    for name, part in {
        "all": rows,
        "all that hold O or N": [r for r in rows if r["dissolves"]],
        **{kind: [r for r in rows if r["set"] == kind] for kind in CSV_FILES},
    }.items():
        sigma = np.array([r["reference_s_per_cm"] for r in part])
        quick = np.array([r["quick_s_per_cm"] for r in part])
        carbon = -np.array([r["carbon_fraction"] for r in part])
        print(f"| {name} | {len(part)} | {correlation(quick, sigma, rng)} | {correlation(carbon, sigma, rng)} |")
    pairs = np.array(
        [list(map(float, r["replicas_s_per_cm"].split()))[:2] for r in rows if " " in r["replicas_s_per_cm"]]
    ).reshape(-1, 2)
    both = pairs[(pairs > FLOOR).all(axis=1)]
    if len(both) > 1:
        spread = np.sqrt(np.mean(np.log10(both[:, 0] / both[:, 1]) ** 2) / 2)
        agreement = spearmanr(pairs[:, 0], pairs[:, 1]).statistic
        print(
            f"one build: s.d. {spread:.2f} decades ({len(both)} pairs), rank correlation of two builds {agreement:.2f}"
        )
    print(f"CPU per build: {np.median([r['cpu_s'] for r in rows]):.0f} s (median)")
    lost = {key for key in runs if not any(outcome.ok for outcome in runs[key].values())}
    print(f"{len(lost & published)} of {len(published)} polymers of the published list without a value")
    print(f"{len(runs)} polymers run; builds without a value: {', '.join(failures) or 'none'}")
    figure(rows, out / "images" / "quick-protocol.png")


def figure(rows: list[dict[str, Any]], path: Path) -> None:
    """Scatter of quick against reference, both with the floor added."""
    from matplotlib.figure import Figure

    chart = Figure(figsize=(6, 5), layout="constrained")
    axes = chart.subplots()
    for kind, marker in (("generated", "o"), ("training set", "s")):
        part = [r for r in rows if r["set"] == kind]
        x = np.array([r["reference_s_per_cm"] for r in part]) + FLOOR
        replicas = [np.array(list(map(float, r["replicas_s_per_cm"].split()))) + FLOOR for r in part]
        y = np.array([r["quick_s_per_cm"] for r in part]) + FLOOR
        axes.vlines(x, [v.min() for v in replicas], [v.max() for v in replicas], color="0.75", lw=1, zorder=1)
        axes.scatter(x, y, s=24, marker=marker, label=kind, zorder=2)
    axes.set(xscale="log", yscale="log", xlabel="published, 353 K (S/cm)", ylabel="quick, 500 K (S/cm)")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
