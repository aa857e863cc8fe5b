"""Density and heat of vaporisation of small model liquids at 1 atm against experiment.

    python bench/liquids.py [--simulations DIR] [--out CSV] [NAME]...

Force field, engine (LAMMPS) and the treatment of long-range forces are those of the protocols; there is no salt.
A box of 17 Å holds 15 to 55 molecules, about 450 atoms: 20 ps of compression and rest, then 45 ps at the temperature of
the experiment, over which density and energy are averaged, with errors from five blocks of time. The gas is 27
molecules 100 Å apart under Langevin friction, 20 ps after 13 of rest. Heat of vaporisation: energy of a molecule of the
gas, less that of one in the liquid, plus RT; no correction for polarisation, for quantum effects, or for the gas not
being ideal.
Results are kept in the folder of each liquid; what is there is not run again. A box whose run fails is built anew.
"""

import argparse
import csv
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
from class2 import head
from rdkit import Chem

from autodisco.analysis.statistics import standard_error
from autodisco.errors import SimulationFailure
from autodisco.files import read_json, write_json
from autodisco.simulation import forcefield, protocols
from autodisco.simulation.engines import lammps
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.liquid import fill
from autodisco.simulation.molecule import System
from autodisco.simulation.space import edge_of
from autodisco.simulation.units import GAS_CONSTANT, KJ_PER_KCAL

TABLE = Path(__file__).with_suffix(".csv")
CUTOFF, EDGE = 8.0, 17.0
GAS_SIDE, SPACING = 3, 100.0
SAMPLED_STEP, BLOCKS = 4, 5
BUILDS = 3  # of a box whose run fails
GAS = (
    head("lj/class2/coul/cut 40.0")
    + """\
neighbor 2.0 bin
read_data system.data
minimize 0 0.01 200 2000
velocity all create {kelvin} 4711 mom yes rot no dist gaussian
fix relax all nve/limit 0.05
fix bath all langevin {kelvin} {kelvin} 100 4712
timestep 1.0
run 1000
unfix relax
fix move all nve
run_style respa 2 2 bond 1 angle 1 dihedral 2 improper 2 pair 2
timestep 4.0
run 3000
variable energy equal pe
fix said all print 25 "${{energy}}" file energy.txt screen no title ""
run 5000
"""
)


def main() -> None:
    """Run what is missing, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=Path, default=Path("simulations/liquids"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    with open(TABLE) as handle:
        rows = [row for row in csv.DictReader(handle) if not given.names or row["name"] in given.names]
    print("| group | liquid | density, g/cm³ | measured | | heat of vaporisation, kJ/mol | measured | |")
    print("|---|---|---|---|---|---|---|---|")
    found = []
    for row in rows:
        result = simulated(row, given.simulations / row["name"].replace(",", "-").replace(" ", "-"))
        found.append(row | result)
        cells = []
        for name, digits in (("density_g_per_cm3", 3), ("vaporisation_kj_per_mol", 1)):
            value, error, measured = result[f"{name}_here"], result[f"{name}_here_sem"], float(row[name])
            difference = 100 * (value / measured - 1)
            cells += [f"{value:.{digits}f} ± {error:.{digits}f}", f"{measured:.{digits}f}", f"{difference:+.1f} %"]
        print(f"| {row['group']} | {row['name']} | " + " | ".join(cells) + " |", flush=True)
    if given.out:
        with open(given.out, "w", newline="") as handle:
            writer = csv.DictWriter(handle, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)


def simulated(row: dict[str, str], folder: Path) -> dict[str, float]:
    """Density and heat of vaporisation of a liquid with their errors, from `folder` where they are there already."""
    if (folder / "result.json").exists():
        return read_json(folder / "result.json")
    kelvin, wanted = float(row["temperature_k"]), float(row["density_g_per_cm3"])
    force_field = forcefield.load("pcff+")
    mol = Chem.AddHs(Chem.MolFromSmiles(row["smiles"]))
    mass = sum(atom.GetMass() for atom in mol.GetAtoms())
    copies = math.ceil((EDGE / edge_of(mass, wanted)) ** 3)
    (folder / "liquid").mkdir(parents=True, exist_ok=True)
    (folder / "gas").mkdir(exist_ok=True)
    protocol = at_rest(kelvin, copies * mass)
    for build in range(1, BUILDS + 1):
        if (folder / "liquid" / "final.data").exists():
            break
        lammps.write(folder / "liquid", fill(row["smiles"], copies, 0.4 * wanted, build, force_field), protocol, build)
        try:
            lammps.run(folder / "liquid", protocol)
        except SimulationFailure as failure:
            print(f"{row['name']}, build {build}: {failure}", file=sys.stderr)
            if build == BUILDS:
                raise
    sampled = [r for r in read_report(folder / "liquid") if r["number"] == SAMPLED_STEP]
    densities = np.array([r["density_g_per_cm3"] for r in sampled])
    liquid = np.array([r["energy_kcal_per_mol"] for r in sampled]) / copies
    gas = energies_of_gas(folder / "gas", row["smiles"], kelvin, force_field)
    heat = KJ_PER_KCAL * (gas.mean() - liquid.mean()) + GAS_CONSTANT * kelvin
    errors = [error_of(values) for values in (densities, liquid, gas)]
    result = {
        "molecules": copies,
        "atoms": copies * mol.GetNumAtoms(),
        "density_g_per_cm3_here": float(densities.mean()),
        "density_g_per_cm3_here_sem": errors[0],
        "vaporisation_kj_per_mol_here": float(heat),
        "vaporisation_kj_per_mol_here_sem": KJ_PER_KCAL * math.hypot(errors[1], errors[2]),
        "smallest_edge_a": edge_of(copies * mass, max(r["density_g_per_cm3"] for r in read_report(folder / "liquid"))),
    }
    write_json(folder / "result.json", result)
    return result


def error_of(values: np.ndarray) -> float:
    """Standard error of the mean from blocks of time."""
    return standard_error([block.mean() for block in np.array_split(values, BLOCKS)]) or 0.0


def at_rest(kelvin: float, mass: float) -> protocols.Protocol:
    """Compression, rest, and 45 ps at 1 atm; a protocol has to end with production, which is not looked at here."""
    npt = {"kind": "npt", "temperature_k": (kelvin, kelvin), "pressure_damping_fs": 500}
    return protocols.Protocol.model_validate(
        {
            "name": "liquid",
            "purpose": "a liquid at rest",
            "temperature_k": kelvin,
            "timestep_fs": 2.0,
            "temperature_damping_fs": 100,
            "system": {
                "backbone_atoms": 1,
                "ion_pairs": 0,
                "polymer_mass_g_per_mol": mass,
                "build_density_g_per_cm3": 0.4,
                "hydrogen_mass": 3.0,
            },
            "nonbonded": {"cutoff": CUTOFF, "kspace_accuracy": 1e-4, "every": 2, "skin": 2.0},
            "steps": (
                {"kind": "minimise", "max_iterations": 300},
                {"kind": "relax", "duration_ps": 1.5, "timestep_fs": 1.0, "temperature_k": kelvin,
                 "max_displacement": 0.05},
                npt | {"duration_ps": 8, "pressure_atm": (1, 1000)},
                npt | {"duration_ps": 12, "pressure_atm": (1, 1)},
                npt | {"duration_ps": 45, "pressure_atm": (1, 1)},
                {"kind": "production", "duration_ps": 0.4, "frame_interval_ps": 0.1},
            ),
        }
    )  # fmt: skip


def energies_of_gas(folder: Path, smiles: str, kelvin: float, force_field: forcefield.ForceField) -> np.ndarray:
    """Potential energy per molecule (kcal/mol) of molecules that do not see one another, in the order of time."""
    n = GAS_SIDE**3
    dilute = fill(smiles, n, 0.01, 2, force_field)
    cells = np.stack(np.meshgrid(*[np.arange(GAS_SIDE)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = dilute.positions.reshape(n, -1, 3)
    apart = apart - apart.mean(axis=1, keepdims=True) + SPACING * (cells[:, None] + 0.5)
    gas = System(dilute.molecules, apart.reshape(-1, 3), np.full(3, GAS_SIDE * SPACING), pair_rule=dilute.pair_rule)
    (folder / "system.data").write_text(data_file(gas, 3.0))
    (folder / "in.lammps").write_text(GAS.format(kelvin=kelvin))
    program, environment = lammps.command()
    command = [*program, *lammps.arguments("in.lammps", "log.lammps")]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return np.loadtxt(folder / "energy.txt") / n


if __name__ == "__main__":
    main()
