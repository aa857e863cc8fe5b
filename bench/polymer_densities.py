"""Densities of polymers without salt at 1 atm against measured melts.

    python bench/polymer_densities.py [--simulations DIR] [--out CSV] [--workers N] [NAME]...

One build each with `bench/neat.toml` at the temperature of the measurement: chains of 150 backbone atoms, about 4.4
kg/mol, compressed at 600 K, then 40 ps at 1 atm, the last 30 of which count; errors are from blocks of these. Measured
specific volumes (cm³/g, t in °C) are equations for 1 atm: of R. P. Danner and M. S. High, Handbook of Polymer Solution
Thermodynamics (1993), and of R. A. Orwoll in J. E. Mark (ed.), Physical Properties of Polymers Handbook.
"""

import argparse
import csv
from pathlib import Path

from autodisco.polymer import parse
from autodisco.simulation import LocalExecutor, Pool
from autodisco.simulation.batch import replica_task
from autodisco.simulation.cache import lasting_outcome

HERE = Path(__file__).parent
PROTOCOL, TABLE = HERE / "neat.toml", HERE / "polymer_densities.csv"


def main() -> None:
    """Run what is missing, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    with open(TABLE) as handle:
        rows = [row for row in csv.DictReader(handle) if not given.names or row["name"] in given.names]
    tasks = [
        replica_task(parse(row["smiles"]), f"{PROTOCOL}@{row['temperature_k']}", "pcff+", 0, 0, 1, given.simulations,
                     3600.0, "lammps")
        for row in rows
    ]  # fmt: skip
    Pool(LocalExecutor(given.workers)).run(tasks)
    print("| polymer | K | atoms | density, g/cm³ | measured | | solubility parameter, MPa½ |")
    print("|---|---|---|---|---|---|---|")
    found = []
    for row, task in zip(rows, tasks, strict=True):
        outcome = lasting_outcome(task)
        if outcome is None or outcome.properties is None:
            print(f"| {row['name']} | {row['temperature_k']} | | {outcome and outcome.failure_code} | | | |")
            continue
        here, measured = outcome.properties, float(row["density_g_per_cm3"])
        value, error = here["density_g_per_cm3"], here["density_g_per_cm3_sem"]
        root, root_error = here["solubility_parameter_mpa_sqrt"], here["solubility_parameter_mpa_sqrt_sem"]
        cells = [row["name"], row["temperature_k"], str(outcome.atoms), told(value, error, 3), f"{measured:.3f}",
                 f"{100 * (value / measured - 1):+.1f} %", told(root, root_error, 1)]  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)
        found.append(
            row | {"density_g_per_cm3_here": value, "density_g_per_cm3_here_sem": error, "atoms": outcome.atoms}
        )
    if given.out and found:
        with open(given.out, "w", newline="") as handle:
            writer = csv.DictWriter(handle, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)


def told(value: float, error: float | None, digits: int) -> str:
    """A value, and its error where the run is long enough to tell one."""
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else "")


if __name__ == "__main__":
    main()
