"""How fast LAMMPS and OpenMM run the same boxes on this machine, in ns/day and steps per second.

    python -m bench.engine_speed --reference DIR [--seconds 20] [--at-a-time 1 2 4]

The boxes: the published PEO melt (5,475 atoms; DIR holds it) and PEO with 10 LiTFSI built and compressed here, both
dense. One thread per run on a CPU, the whole device on a GPU, where `--at-a-time` also runs several processes at once.
The settings are those of `htp-md` (cutoff 9.5 Å, PPPM or PME 1e-4), with velocity Verlet at 1 fs and r-RESPA 0.5/2 fs.
"""

import argparse
import multiprocessing
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from autodisco.polymer import parse
from autodisco.simulation import builder, engines, forcefield, protocols
from autodisco.simulation.engines import lammps, openmm_platform
from autodisco.simulation.engines.openmm_measure import NS_PER_DAY
from autodisco.simulation.molecule import System
from autodisco.simulation.speed import speed
from tests.simulation.reference_data import published_chains

HTP_MD = protocols.load("htp-md")
STEPPING = {"Verlet, 1 fs": (1.0, 1), "r-RESPA, 0.5 and 2 fs": (0.5, 4)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--at-a-time", type=int, nargs="*", default=[1])
    given = parser.parse_args()
    boxes = {
        "PEO, published": published_chains(given.reference / "pcff_plus/peo_system.lmp"),
        "PEO + 10 LiTFSI": compressed_peo(),
    }
    print(f"OpenMM runs on {openmm_platform.platform_name()}")
    print(
        "| box | atoms | integrator | engine | at a time | ns/day, together | steps/s |\n|---|---|---|---|---|---|---|"
    )
    for name, box in boxes.items():
        for stepping, (timestep, every) in STEPPING.items():
            nonbonded = HTP_MD.nonbonded.model_copy(update={"every": every})
            protocol = HTP_MD.model_copy(update={"timestep_fs": timestep, "nonbonded": nonbonded})
            for engine in engines.ENGINES:
                for n in given.at_a_time:
                    tasks = [(engine, box, protocol, given.seconds)] * n
                    with multiprocessing.get_context("spawn").Pool(n) as pool:
                        rates = pool.map(measured, tasks)
                    steps = sum(rates) / NS_PER_DAY / (timestep * every / 1000)
                    cells = (name, len(box.elements), stepping, engine, n, f"{sum(rates):.2f}", f"{steps:.1f}")
                    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def measured(task: tuple) -> float:
    """ns/day of one run."""
    engine, box, protocol, seconds = task
    with tempfile.TemporaryDirectory() as folder:
        return speed(engine, box, protocol, Path(folder), seconds)


def compressed_peo(pairs: int = 10) -> System:
    """PEO with so many LiTFSI after the compression of `quick`, in LAMMPS."""
    quick = protocols.load("quick")
    ending = quick.production.model_copy(update={"duration_ps": 1.0})
    system = quick.system.model_copy(update={"ion_pairs": pairs, "hydrogen_mass": None})
    nonbonded = quick.nonbonded.model_copy(update={"every": 1})
    protocol = quick.model_copy(
        update={"steps": (*quick.steps[:5], ending), "system": system, "timestep_fs": 1.0, "nonbonded": nonbonded}
    )
    box = builder.build(parse("*OCC*"), system, 1, forcefield.load("pcff+"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lammps.Lammps().write(folder, box, protocol, 1)
        edges = lammps.Lammps().run(folder, protocol)
        from MDAnalysis.lib.formats.libdcd import DCDFile

        with DCDFile(str(folder / "trajectory.dcd")) as trajectory:
            last = trajectory.readframes().xyz[-1].astype(float)
    return replace(box, positions=last, box=np.array(edges))


if __name__ == "__main__":
    main()
