"""Do the numbers stay as they were? Records what the program computes, and compares a later state with the record.

    python bench/unchanged.py record FILE [--run] [--openmm SMILES] [--reference DIR] [--campaign DIR]
    python bench/unchanged.py compare FILE [--only TEXT]

Always recorded, in about a minute: SHA-256 of `system.data` and `in.lammps` that `quick` writes for six polymers, and
the energy of each OpenMM force for two of their boxes. With `--run`: frames and properties of `smoke` (LAMMPS, OpenMM)
and of `quick` for `--polymer` (LAMMPS; once for each, three by default) and for `--openmm` (OpenMM, CPU). With
`--reference`: the analysis of the HTP-MD trajectory. With `--campaign`: ranking and journal of a campaign that has
ended, read from a copy of its folder. `compare` repeats what FILE holds (`--only`: entries whose name holds TEXT),
prints each difference, and ends with 1 if there is any.

Frames of LAMMPS have to be equal bit by bit. Energies of OpenMM may differ by 1e-6 relative: the order of sums is not
fixed there. New keys in properties and tables are listed but are no difference.
"""

import argparse
import contextlib
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

DECKS = ("*OCC*", "*CC(*)c1ccccc1", "*C(F)(F)*", "*OCCS(=O)(=O)CC*", "*CC(*)C#N", "*N=P(*)(OCC)OCC")
ENERGIES = ("*OCC*", "*N=P(*)(OCC)OCC")
POLYMERS = ("*OCC*", "*CC(*)C#N", "*OCCS(=O)(=O)CC*")

#: Change with the machine, the day or the version of the program.
VOLATILE = frozenset({"cpu_s", "wall_s", "folder", "program_version", "plot", "elapsed_s", "updated", "purpose"})
ENERGY_TOLERANCE = 1e-6


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["record", "compare"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--run", action="store_true", help="trajectories and properties too")
    parser.add_argument("--polymer", action="append", help="run `quick` with LAMMPS on it")
    parser.add_argument("--openmm", help="run `quick` with OpenMM on it")
    parser.add_argument("--reference", type=Path, help="folder that holds htp_md/")
    parser.add_argument("--campaign", type=Path, help="folder of a campaign that has ended")
    parser.add_argument("--only", default="", metavar="TEXT", help="compare what has TEXT in its name")
    given = parser.parse_args()
    if given.action == "record":
        wanted = {
            "run": given.run,
            "polymers": (given.polymer or list(POLYMERS)) if given.run else [],
            "openmm": given.openmm,
            "reference": str(given.reference.resolve()) if given.reference else None,
            "campaign": str(given.campaign.resolve()) if given.campaign else None,
        }
        given.file.write_text(json.dumps({"wanted": wanted, "found": found(wanted)}, indent=1, sort_keys=True) + "\n")
        print(f"recorded in {given.file}")
        return 0
    record = json.loads(given.file.read_text())
    kept = {name: value for name, value in record["found"].items() if given.only in name}
    differences, new = compared(kept, found(record["wanted"], given.only))
    for line in new:
        print(f"new       {line}")
    for line in differences:
        print(f"DIFFERENT {line}")
    print(f"{len(differences)} differences, {len(new)} new keys")
    return 1 if differences else 0


def found(wanted: dict[str, Any], only: str = "") -> dict[str, Any]:
    """Everything that is asked for and has `only` in its name, by name."""
    with tempfile.TemporaryDirectory(prefix="unchanged-") as temporary:
        folder = Path(temporary)
        work: dict[str, Callable[[], Any]] = {
            **{f"deck {smiles}": partial(deck, smiles, folder / "deck") for smiles in DECKS},
            **{f"energies {smiles}": partial(energies, smiles, folder / "energies") for smiles in ENERGIES},
        }
        runs = [(POLYMERS[0], "smoke", engine) for engine in ("lammps", "openmm") if wanted["run"]]
        runs += [(smiles, "quick", "lammps") for smiles in wanted["polymers"]]
        runs += [(wanted["openmm"], "quick", "openmm")] if wanted["openmm"] else []
        for smiles, protocol, engine in runs:
            work[f"{protocol} {engine} {smiles}"] = partial(simulated, smiles, protocol, engine, folder)
        if wanted["reference"]:
            published = Path(wanted["reference"]) / "htp_md" / "9-0-246295613-0"
            work["htp-md as published"] = partial(analysed, published, "--htp-md")
            work["htp-md as ours"] = partial(analysed, published)
        if wanted["campaign"]:
            work["campaign"] = partial(campaign, Path(wanted["campaign"]), folder)
        result: dict[str, Any] = {}
        for name, compute in work.items():
            if only in name:
                print(name, file=sys.stderr, flush=True)
                result[name] = compute()
        return result


def deck(smiles: str, folder: Path) -> dict[str, str]:
    """Hashes of what `quick` writes for LAMMPS."""
    shutil.rmtree(folder, ignore_errors=True)
    autodisco("simulate", smiles, "--engine", "lammps", "--replicas", "1", "--write-only", str(folder))
    return {name: digest(folder / "0" / name) for name in ("system.data", "in.lammps", "topology.pdb")}


def energies(smiles: str, folder: Path) -> dict[str, float]:
    """Potential energy (kJ/mol) of each force that OpenMM has for a box of `quick`, by name."""
    sys.path[:0] = [str(ROOT), str(ROOT / "kernels")]
    import numpy as np
    import openmm

    from autodisco.polymer import parse
    from autodisco.simulation.batch import replica_task
    from autodisco.simulation.replica import prepare

    shutil.rmtree(folder, ignore_errors=True)
    task = replica_task(parse(smiles), "quick", "pcff+", 0, 0, 1, folder, 0.0, "openmm")
    task.folder.mkdir(parents=True)
    prepare(task)
    system = openmm.XmlSerializer.deserialize((task.folder / "system.xml").read_text())
    start = np.load(task.folder / "start.npz")
    for number in range(system.getNumForces()):
        system.getForce(number).setForceGroup(number)
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, {"Threads": "1"})
    context.setPeriodicBoxVectors(*np.diag(start["box"] / 10).tolist())
    context.setPositions(start["positions"] / 10)
    states = [context.getState(energy=True, groups=1 << number) for number in range(system.getNumForces())]
    return {system.getForce(number).getName(): state.getPotentialEnergy()._value for number, state in enumerate(states)}


def simulated(smiles: str, protocol: str, engine: str, folder: Path) -> dict[str, Any]:
    """Frames and properties of one build."""
    output = autodisco(
        "simulate", smiles, "--protocol", protocol, "--engine", engine, "--replicas", "1", "--json",
        "--out", str(folder / "runs"),
    )  # fmt: skip
    result = json.loads(output)
    here = Path(result["folder"]) / "0"
    return {
        "frames": frames(here / "trajectory.dcd"),
        "report": digest(here / "report.txt"),
        "result": result,
        "system": json.loads((here / "system.json").read_text()),
    }


def frames(path: Path) -> dict[str, Any]:
    """Number and hash of the frames of a DCD file; its header holds the date."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    total, number = hashlib.sha256(), 0
    with DCDFile(str(path)) as trajectory:
        for positions, cell in trajectory:
            total.update(positions.tobytes() + cell.tobytes())
            number += 1
    return {"number": number, "sha256": total.hexdigest()}


def analysed(folder: Path, *options: str) -> Any:
    """Properties of the published trajectory."""
    return json.loads(autodisco("analyze", str(folder), *options, "--json"))


def campaign(folder: Path, temporary: Path) -> dict[str, Any]:
    """Status, with the ranking, and journal of a campaign; a copy is read, since a newer program may migrate it."""
    runs = temporary / "campaigns"
    shutil.copytree(folder, runs / folder.name, ignore=shutil.ignore_patterns("simulations"))
    with_runs = {"AUTODISCO_RUNS": str(runs)}
    journal = autodisco("log", folder.name, "--json", "--number", "0", environment=with_runs)
    return {
        "status": json.loads(autodisco("status", folder.name, "--json", environment=with_runs)),
        "journal": [json.loads(line) for line in journal.splitlines()],
    }


def autodisco(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """What a command prints."""
    settings = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'kernels'}", "OMP_NUM_THREADS": "1"} | (environment or {})
    done = subprocess.run(
        [sys.executable, "-m", "autodisco", *arguments], cwd=ROOT, env=settings, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"autodisco {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def compared(before: Any, after: Any, name: str = "") -> tuple[list[str], list[str]]:
    """Lines that name what differs, and what is new."""
    differences: list[str] = []
    new: list[str] = []
    if isinstance(before, dict) and isinstance(after, dict):
        new = [f"{name}/{key}" for key in sorted(after.keys() - before.keys())]
        for key in sorted(before.keys() - VOLATILE):
            if key not in after:
                differences.append(f"{name}/{key}: is gone")
                continue
            inner, more = compared(before[key], after[key], f"{name}/{key}")
            differences, new = differences + inner, new + more
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (first, second) in enumerate(zip(before, after, strict=True)):
            inner, more = compared(first, second, f"{name}[{number}]")
            differences, new = differences + inner, new + more
    elif not equal(before, after, ENERGY_TOLERANCE if name.startswith("/energies") else 0.0):
        differences = [f"{name}: {shortened(before)} is now {shortened(after)}"]
    return differences, new


def equal(first: Any, second: Any, tolerance: float) -> bool:
    """Whether two values are the same, numbers within a relative tolerance."""
    with contextlib.suppress(TypeError):
        if math.isnan(first) and math.isnan(second):
            return True
        if tolerance and not isinstance(first, str):
            return math.isclose(first, second, rel_tol=tolerance, abs_tol=1e-6)
    return first == second


def shortened(value: Any) -> str:
    """A value in at most 80 characters."""
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
