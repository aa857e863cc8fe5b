"""Long simulations of published candidates: which protocol agrees with the published conductivities, and at what cost.

    python bench/long_study.py --reference DIR [--protocol FILE]... [--replicas 2] [--simulations DIR] [--table FILE]

The polymers are PEO and the twelve candidates of `bench/small_ranking.py --set final`. One replica runs at a time, on
one core; after each, its row is written into the table. A replica that has a row is not run again, and one that was cut
off goes on from its checkpoint, so the study can be stopped at any moment and started again, on another machine too.
"""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from small_ranking import chosen

from autodisco.files import write_atomic
from autodisco.polymer import RepeatUnit, parse
from autodisco.simulation import protocols
from autodisco.simulation.batch import simulate_batch

HERE = Path(__file__).parent
PROTOCOLS = ("overnight", str(HERE / "peo-353.toml"))
MEASURED = (
    "conductivity_s_per_cm",
    "conductivity_s_per_cm_sem",
    "conductivity_ne_s_per_cm",
    "transference_number",
    "cation_diffusivity_cm2_per_s",
    "anion_diffusivity_cm2_per_s",
    "diffusive_exponent_cation",
    "diffusive_exponent_anion",
    "density_g_per_cm3",
    "li_polymer_coordination",
    "program_version",
)
COLUMNS = ("protocol", "monomer_smiles", "replica", "published_s_per_cm", "failure", "atoms", "cpu_s", *MEASURED)


def main() -> None:
    """Run what the table lacks, first builds before second ones, and write each row as it comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--protocol", type=Path, action="append", help="a TOML file; default: the two of the study")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--table", type=Path, default=HERE.parent / "docs" / "long-study.csv")
    given = parser.parse_args()
    peo = parse("*OCC*")
    # ends first, then the middle: the order of polymers far apart shows early
    candidates = chosen(given.reference, "final")
    order = [candidates[i] for i in (11, 3, 10, 1, 7, 4, 9, 2, 5, 8, 6, 0)]
    published = {peo.key: None} | {unit.key: value for unit, value in order}
    units = [peo, *(unit for unit, _ in order)]
    for replica in range(given.replicas):
        for file in given.protocol or map(Path, PROTOCOLS):
            for unit in units:
                run(unit, file, replica, published[unit.key], given.simulations, given.table)


def run(unit: RepeatUnit, file: Path, replica: int, published: float | None, simulations: Path, table: Path) -> None:
    """Run one replica unless its row is there, and add its row."""
    rows = read(table)
    name = protocols.load(str(file)).name
    mine = (name, unit.smiles, str(replica))
    if any((row["protocol"], row["monomer_smiles"], row["replica"]) == mine for row in rows):
        return
    print(f"{name} {unit.smiles} replica {replica}", flush=True)
    # one seed for each replica, so that a later one does not need the folders of those before
    outcomes = simulate_batch([unit], str(file), "pcff+", 1, simulations, seed=replica + 1, workers=1, timeout_s=0.0,
                              engine="lammps")  # fmt: skip
    outcome = outcomes[unit.key][0]
    found = outcome.properties or {}
    told = (*mine, published, outcome.failure_code or "", outcome.atoms, f"{outcome.cpu_s:.0f}")
    rows.append(dict(zip(COLUMNS, told, strict=False)) | {column: found.get(column) for column in MEASURED})
    write(table, COLUMNS, rows)


def write(table: Path, columns: Sequence[str], rows: list[dict]) -> None:
    """Write a table whole; a column that a row lacks is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    write_atomic(table, text.getvalue())


def read(table: Path) -> list[dict]:
    """Rows that are there."""
    if not table.exists():
        return []
    with open(table, newline="") as handle:
        return list(csv.DictReader(handle))


if __name__ == "__main__":
    main()
