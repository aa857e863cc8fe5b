"""Energies and forces of LAMMPS for a data file, term by term."""

import subprocess
from pathlib import Path

import numpy as np

from autodisco.simulation.engines import lammps
from bench.class2 import head

TERMS = ("ebond", "eangle", "edihed", "eimp", "evdwl", "ecoul", "elong")
SCRIPT = """\
{head}pair_modify tail {tail}
{kspace}
read_data {data}
thermo_style custom {terms}
thermo_modify format float %.12g
dump forces all custom 1 forces.txt fx fy fz
dump_modify forces sort id format float %.12g
run 0
"""


def single_point(
    folder: Path, data: Path, cutoff: float = 9.5, kspace: str | None = "pppm 1e-5", tail: str = "no"
) -> tuple[np.ndarray, np.ndarray]:
    """Energies in the order of TERMS (kcal/mol) and forces (n, 3) in kcal/mol/Å; None for `kspace`: no charges."""
    program, environment = lammps.command()
    pair = f"lj/class2/coul/long {cutoff}" if kspace else f"lj/class2 {cutoff}"
    sums = f"kspace_style {kspace}\npair_modify table 0" if kspace else ""
    script = SCRIPT.format(head=head(pair), data=data, kspace=sums, tail=tail, terms=" ".join(TERMS))
    (folder / "in.energy").write_text(script)
    subprocess.run([*program, "-in", "in.energy", "-screen", "none"], cwd=folder, env=environment, check=True)
    lines = (folder / "log.lammps").read_text().splitlines()
    row = next(i for i, line in enumerate(lines) if line.split()[:2] == ["E_bond", "E_angle"])
    return np.array([float(word) for word in lines[row + 1].split()]), np.loadtxt(folder / "forces.txt", skiprows=9)
