"""The smallest edge of boxes of dense and of ordinary polymers, as expected and as simulated.

    python bench/box_edges.py [--reference DIR] [--simulations DIR] [--engine lammps] [--workers N] [SMILES]...

One build each runs `quick` up to the end of its 3,000 atm, then a picosecond of production. The smallest
edge is the third root of mass over the highest density in `report.txt`, which has a row each half picosecond.
With `--reference` the polymers are all published candidates and all seeds; DIR holds the published table.
"""

import argparse
import csv
from pathlib import Path

from quick_variant import TABLE, production, quick_variant

from autodisco.files import read_json
from autodisco.polymer import parse
from autodisco.simulation import Callbacks, LocalExecutor, Pool, boxes, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.space import edge_of

SEEDS = Path(__file__).parent.parent / "campaigns" / "seeds" / "known_polymers.csv"
POLYMERS = (
    "*C(F)(F)*", "*C(F)(F)C(F)(F)O*", "*CC(F)(F)*", "*CS*", "*C1OC(=O)OC1*", "*c1ccc(S*)cc1", "*C(O)OCCO*", "*CCNS*",
    "*C(=O)C*", "*OCC*",
)  # fmt: skip


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--engine", default="lammps")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("smiles", nargs="*", default=POLYMERS)
    given = parser.parse_args()
    smiles = candidates_and_seeds(given.reference) if given.reference else given.smiles
    file = quick_variant(given.simulations, "quick-compressed", 4, production(1))
    protocol, units = protocols.load(str(file)), [parse(text) for text in smiles]
    tasks = [replica_task(u, str(file), "pcff+", 0, 0, 1, given.simulations, 3600.0, given.engine) for u in units]
    failed = {}
    Pool(LocalExecutor(given.workers)).run(
        tasks, Callbacks(on_done=lambda task, outcome: failed.update({task.key: outcome.failure_code}))
    )
    least = 2 * protocol.nonbonded.cutoff
    print(f"edges in Å; {given.engine}, at least {least:g} needed, {boxes.MARGIN * least:.2f} wanted\n")
    print("| repeat unit | ion pairs | asked for | expected | smallest simulated | |\n|---|---|---|---|---|---|")
    for unit, task in zip(units, tasks, strict=True):
        settings = boxes.sized(unit, protocol)
        rows = read_report(task.folder)
        mass = sum(read_json(task.folder / "system.json")["masses"])
        smallest = edge_of(mass, max(row["density_g_per_cm3"] for row in rows))
        counts = f"{settings.ion_pairs} | {protocol.system.ion_pairs}"
        expected = boxes.expected_edge(unit, settings, protocol)
        print(
            f"| `{unit.smiles}` | {counts} | {expected:.2f} | {smallest:.2f} | {failed[task.key] or ''} |", flush=True
        )


def candidates_and_seeds(reference: Path) -> list[str]:
    """Repeat units of the published candidates and of the shipped seeds, each polymer once."""
    units: dict[str, str] = {}
    for file in (reference / TABLE, SEEDS):
        with open(file, newline="") as handle:
            for row in csv.DictReader(handle):
                unit = parse(row["monomer_smiles"])
                units.setdefault(unit.key, unit.smiles)
    return list(units.values())


if __name__ == "__main__":
    main()
