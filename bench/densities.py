"""Densities at 353 K and 1 atm against the published ones.

    python bench/densities.py --reference DIR [--simulations DIR] [--workers N] [--also SMILES]...

DIR holds the published table. PEO, whose box of the published campaign has 1.25 g/cm³, and nine candidates by a fixed
rule: all different ones with a density, sorted by it, nine equally spaced ranks. One build each with chains and cutoff
of the published boxes (150 backbone atoms, 9.5 Å) and six of their fifty ion pairs, compressed as in `quick`, then
20 ps at 500 K and 15 ps of cooling; from there on as published but faster: up to 4,000 atm within 15 ps, 10 ps there,
15 ps back, then 60 ps at 1 atm, the mean over whose last 40 ps counts, with its error from blocks. Further candidates
by `--also`.
"""

import csv
from pathlib import Path

import numpy as np
from quick_variant import TABLE, arguments, npt, production, quick_variant

from autodisco.analysis.statistics import standard_error
from autodisco.polymer import parse
from autodisco.simulation import Callbacks, LocalExecutor, Pool, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.engines.report import read_report

PEO = ("*OCC*", 1.25)
CANDIDATES, BLOCKS, LAST_PS = 9, 5, 40
BOX = {"temperature_k": 353, "backbone_atoms": 150, "ion_pairs": 6, "cutoff": 9.5}
ENDING = (
    npt(20, (500, 500))
    + npt(15, (500, 353))
    + npt(15, (353, 353), (1, 4000))
    + npt(10, (353, 353), (4000, 4000))
    + npt(15, (353, 353), (4000, 1))
    + npt(60, (353, 353), averaged_ps=LAST_PS)
    + production(4)
)


def main() -> None:
    """Run what is missing and print the table."""
    given = arguments(__doc__, also=True)
    others = published(given.reference)
    ordered = sorted(others.items(), key=lambda item: (item[1][1], item[0]))
    places = np.linspace(0, len(ordered) - 1, CANDIDATES).round().astype(int)
    chosen = {parse(PEO[0]).key: (parse(PEO[0]), PEO[1])} | dict(ordered[i] for i in places)
    chosen |= {parse(text).key: others[parse(text).key] for text in given.also}
    file = quick_variant(given.simulations, "density", 5, ENDING, **BOX)
    tasks = [replica_task(u, str(file), "pcff+", 0, 0, 1, given.simulations, 7200.0) for u, _ in chosen.values()]
    folders = {task.key: task.folder for task in tasks}
    Pool(LocalExecutor(given.workers)).run(
        tasks, Callbacks(on_done=lambda task, outcome: print(task.monomer_smiles, outcome.ok))
    )
    number = len(protocols.load(str(file)).steps) - 2
    print("| repeat unit | atoms | density, g/cm³ | published | difference |\n|---|---|---|---|---|")
    for key, (unit, reference) in chosen.items():
        rows = [row for row in read_report(folders[key]) if row["number"] == number]
        last = [row["density_g_per_cm3"] for row in rows[-round(len(rows) * LAST_PS / 60) :]]
        means = [block.mean() for block in np.array_split(last, BLOCKS)]
        value, error = np.mean(means), standard_error(means)
        n_atoms = (folders[key] / "topology.pdb").read_text().count("HETATM")
        difference = 100 * (value / reference - 1)
        print(f"| `{unit.smiles}` | {n_atoms} | {value:.3f} ± {error:.3f} | {reference:.3f} | {difference:+.1f} % |")


def published(reference: Path) -> dict:
    """Candidates other than PEO with their published densities, by key."""
    found = {}
    with open(reference / TABLE) as handle:
        for row in csv.DictReader(handle):
            unit = parse(row["monomer_smiles"])
            if row["density_g_per_cm3"] and unit.key not in found and unit.key != parse(PEO[0]).key:
                found[unit.key] = (unit, float(row["density_g_per_cm3"]))
    return found


if __name__ == "__main__":
    main()
