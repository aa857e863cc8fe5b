"""A prospective test: what the judge says of new polymers before long simulations of them, and what these say.

    autodisco run bench/prospective.toml
    python bench/prospective.py choose --campaign DIR --reference DIR
    python bench/prospective.py run [--simulations DIR] [--workers 1]
    python bench/prospective.py show [--plot FIGURE]

The campaign draws a pool of new polymers and gives each two builds of `quick`. From those that are in no published
table, `choose` takes six by the posterior, six by `quick` alone and six at random, and writes what is said of each into
docs/prospective.csv; that file is committed before the first long run. `run` simulates them and PEO with `overnight`,
one replica at a time, resumably, and writes each value as it comes. `show` compares the groups, and the ranks with
those that were said.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from long_study import read, write
from published import candidates, htp_md, rank

from autodisco.decide import ranking
from autodisco.polymer import parse
from autodisco.simulation.batch import simulate_batch
from autodisco.store import Store

TABLE = Path(__file__).parents[1] / "docs" / "prospective.csv"
EACH, PEO, PROTOCOL = 6, "*OCC*", "overnight"
GROUPS = ("posterior", "quick", "random")
LEAST = 1e-4  # S/cm: a value of zero (no free ion in any frame) counts as this bound
COLUMNS = (
    "monomer_smiles", *GROUPS, "quick_s_per_cm", "expected_s_per_cm", "low_s_per_cm", "high_s_per_cm", "p_better",
    "overnight_s_per_cm", "overnight_s_per_cm_sem", "failure", "cpu_s",
)  # fmt: skip


def main() -> None:
    """Do one of the three steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["choose", "run", "show"])
    parser.add_argument("--campaign", type=Path)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    if given.step == "choose":
        choose(given.campaign, given.reference, given.table)
    elif given.step == "run":
        run(given.table, given.simulations, given.workers)
    else:
        show(read(given.table))
        if given.plot:
            plot(read(given.table), given.plot)


def choose(campaign: Path, reference: Path, table: Path) -> None:
    """Write the polymers of the three groups, and PEO, with what is said of them."""
    if table.exists():
        raise SystemExit(f"{table} exists; predictions are not changed afterwards")
    known = {*htp_md(reference).units, *candidates(reference).units}
    with Store.open_readonly(campaign) as store:
        rows = ranking(store)
    peo = next(row for row in rows if row.verdict == "reference")
    pool = [row for row in rows if row.source == "generated" and parse(row.monomer_smiles).smiles not in known]
    order = np.random.default_rng(7).permutation(len(pool))[:EACH]
    groups = {
        "posterior": sorted(pool, key=lambda row: -row.expected)[:EACH],
        "quick": sorted(pool, key=lambda row: -row.value)[:EACH],
        "random": [pool[place] for place in order],
    }
    told = {row.key: row for group in groups.values() for row in group}
    write(
        table,
        COLUMNS,
        [
            {
                "monomer_smiles": row.monomer_smiles,
                **{name: int(row in group) for name, group in groups.items()},
                "quick_s_per_cm": row.value,
                "expected_s_per_cm": row.expected,
                "low_s_per_cm": row.expected_low,
                "high_s_per_cm": row.expected_high,
                "p_better": row.p_better,
            }
            for row in [peo, *sorted(told.values(), key=lambda row: -row.expected)]
        ],
    )
    print(f"{len(told)} of {len(pool)} polymers chosen; commit {table} before the first run")


def run(table: Path, simulations: Path, workers: int) -> None:
    """Simulate what has no value yet, the groups in turn."""
    for row in sorted(read(table), key=lambda row: row["monomer_smiles"] != parse(PEO).given):
        if row["overnight_s_per_cm"] or row["failure"]:
            continue
        unit = parse(row["monomer_smiles"])
        print(unit.given, flush=True)
        outcome = simulate_batch([unit], PROTOCOL, "pcff+", 1, simulations, seed=1, workers=workers, timeout_s=0.0,
                                 engine="lammps")[unit.key][0]  # fmt: skip
        found = outcome.properties or {}
        rows = read(table)
        mine = next(one for one in rows if one["monomer_smiles"] == row["monomer_smiles"])
        mine |= {
            "overnight_s_per_cm": found.get("conductivity_s_per_cm"),
            "overnight_s_per_cm_sem": found.get("conductivity_s_per_cm_sem"),
            "failure": outcome.failure_code or "",
            "cpu_s": f"{outcome.cpu_s:.0f}",
        }
        write(table, COLUMNS, rows)


def show(rows: list[dict]) -> None:
    """Means of the groups, and how well the values said beforehand rank those that came."""
    done = [row for row in rows if row["overnight_s_per_cm"]]
    value = {row["monomer_smiles"]: np.log10(max(float(row["overnight_s_per_cm"]), LEAST)) for row in done}
    members: dict[str, list[float]] = defaultdict(list)
    for row in done:
        for name in GROUPS:
            if row[name] == "1":
                members[name].append(value[row["monomer_smiles"]])
    for name, values in members.items():
        error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        mean = 1e3 * 10 ** np.mean(values)
        bounds = sum(value <= np.log10(LEAST) for value in values)
        told = f", {bounds} of them counted as {1e3 * LEAST:g}" if bounds else ""
        print(f"{name}: {len(values)} polymers, geometric mean {mean:.2g} mS/cm ± {error:.2f} decades{told}")
    new = [row for row in done if row["monomer_smiles"] != parse(PEO).given]
    came = np.array([value[row["monomer_smiles"]] for row in new])
    for column in ("expected_s_per_cm", "quick_s_per_cm"):
        print(f"Spearman of {column} with {PROTOCOL}: {rank(np.array([float(row[column]) for row in new]), came)}")


def plot(rows: list[dict], figure: Path) -> None:
    """What the posterior and `quick` said of each polymer, against what came."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    done = [row for row in rows if row["overnight_s_per_cm"]]
    came = 1e3 * np.array([float(row["overnight_s_per_cm"]) for row in done])
    is_bound, came = came < 1e3 * LEAST, np.maximum(came, 1e3 * LEAST)
    chosen = {name: np.array([row[name] == "1" for row in done]) for name in GROUPS}
    chosen["PEO"] = np.array([row["monomer_smiles"] == parse(PEO).given for row in done])
    styles = {
        "posterior": ("o", "#0072b2", 7), "quick": ("s", "#e69f00", 12), "random": ("^", "#666666", 8),
        "PEO": ("D", "#d55e00", 8),
    }  # fmt: skip
    fig, axes = plt.subplots(1, 2, figsize=(8.0, 3.8), sharey=True, layout="constrained")
    for ax, column, label in zip(
        axes, ("expected_s_per_cm", "quick_s_per_cm"), ("posterior, 353 K", "two builds of quick, 500 K"), strict=True
    ):
        said = 1e3 * np.array([float(row[column]) for row in done])
        if column == "expected_s_per_cm":
            ends = 1e3 * np.array([[float(row["low_s_per_cm"]), float(row["high_s_per_cm"])] for row in done])
            ax.hlines(came, ends[:, 0], ends[:, 1], color="#bbbbbb", lw=1, zorder=0)
        for name, (marker, colour, size) in styles.items():
            rows_of = chosen[name] & (said > 0)
            hollow = {"mfc": "none", "mew": 1.5} if name == "quick" else {}
            ax.plot(said[rows_of], came[rows_of], marker, color=colour, ms=size, label=name, **hollow)
        zeros = is_bound & (said > 0)
        if zeros.any():  # an arrow through the marker
            ax.plot(said[zeros], 0.88 * came[zeros], marker=11, ls="", color="#666666", ms=9, label="at or below")
        ax.set(xscale="log", yscale="log", xlabel=f"said beforehand, mS/cm\n({label})")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
    axes[0].set_yticks([0.1, 0.2, 0.5, 1, 2, 5])
    axes[0].set_ylabel(f"{PROTOCOL}, 400 K, mS/cm")
    axes[0].legend(frameon=False, title="chosen by")
    fig.savefig(figure, dpi=130)


if __name__ == "__main__":
    main()
