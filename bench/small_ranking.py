"""How well protocol `small` ranks 12 published candidates, beside `quick` and the carbon fraction of the same polymers.

    python bench/small_ranking.py --reference DIR [--set final] [--replicas 4] [--temperature K]
        [--simulations DIR] [--out docs]

Polymers by a fixed rule: all different candidates with a published value, sorted by it, twelve equally spaced ranks
(`final`), and twelve of what is left by the same rule (`tune`, on which `small` was chosen). A run of `small` begins as
one of `quick` with the same seed does, so `quick` is its first 30 ps. At another temperature than the protocol's no
table of polymers is written. Runs are kept and continued.
"""

import argparse
import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
from MDAnalysis.lib.formats.libdcd import DCDFile
from quick_ranking import CSV_FILES, correlation

from autodisco.analysis import analyze
from autodisco.files import read_json, write_json
from autodisco.polymer import RepeatUnit, parse, scores
from autodisco.simulation import protocols
from autodisco.simulation.batch import builds_folder, simulate_batch

NUMBER = 12
MEASURES = ("small", "quick", "minus carbon fraction", "coordination by the polymer")


def chosen(reference: Path, which: str) -> list[tuple[RepeatUnit, float]]:
    """Polymers of a set with their published conductivity in S/cm."""
    seen: dict[str, tuple[RepeatUnit, float]] = {}
    with open(reference / CSV_FILES["generated"]) as handle:
        for row in csv.DictReader(handle):
            if row["conductivity_s_per_cm"]:
                unit = parse(row["monomer_smiles"])
                seen.setdefault(unit.key, (unit, float(row["conductivity_s_per_cm"])))
    ordered = sorted(seen.values(), key=lambda pair: (pair[1], pair[0].key))
    places = [round(place) for place in np.linspace(0, len(ordered) - 1, NUMBER)]
    if which == "tune":
        rest = [place for place in range(len(ordered)) if place not in places]
        places = [rest[round(place)] for place in np.linspace(0, len(rest) - 1, NUMBER)]
    return [ordered[place] for place in places]


def measured(folder: Path) -> dict[str, float]:
    """What one run says with the settings of `small`, and what `quick` would have said after its first 30 ps."""
    small, quick = (protocols.load(name).production for name in ("small", "quick"))
    found = analyze(folder, fit_ps=small.fit_ps).properties
    with tempfile.TemporaryDirectory() as beside:
        shorter = Path(beside)
        shutil.copy(folder / "topology.pdb", shorter)
        write_json(shorter / "system.json", {**read_json(folder / "system.json"), "fit_ps": None})
        with DCDFile(str(folder / "trajectory.dcd")) as whole, DCDFile(str(shorter / "trajectory.dcd"), "w") as part:
            part.write_header(**whole.header | {"is_periodic": 1})
            for number, frame in enumerate(whole):
                if number <= quick.duration_ps / quick.frame_interval_ps:
                    part.write(frame.xyz, frame.unitcell)
        first = analyze(shorter).properties
    return {
        "small": found.conductivity_s_per_cm,
        "quick": first.conductivity_s_per_cm,
        "coordination by the polymer": found.li_polymer_coordination,
    }


def main() -> None:
    """Run what is missing, then print coefficients by the number of builds and write the table of polymers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--set", choices=["final", "tune"], default="final")
    parser.add_argument("--replicas", type=int, default=4)
    parser.add_argument("--temperature", type=float, help="another one than that of `small`, in K")
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--analyse-only", action="store_true", help="take the runs that are there")
    given = parser.parse_args()
    polymers = chosen(given.reference, given.set)
    protocol = f"small@{given.temperature:g}" if given.temperature else "small"
    if not given.analyse_only:
        simulate_batch([unit for unit, _ in polymers], protocol, "pcff+", given.replicas, given.simulations,
                       on_done=lambda task, outcome: print(task.monomer_smiles, task.replica, outcome.ok))  # fmt: skip
    reference = np.array([value for _, value in polymers])
    runs, cpu_s = [], []
    for unit, _ in polymers:
        folder = builds_folder(given.simulations, unit, protocol, 1, "lammps")
        folders = [folder / str(n) for n in range(given.replicas) if (folder / str(n) / "outcome.json").is_file()]
        outcomes = [read_json(path / "outcome.json") for path in folders]
        runs.append([measured(path) for path, outcome in zip(folders, outcomes, strict=True) if outcome["ok"]])
        cpu_s += [outcome["cpu_s"] for outcome in outcomes]
    fractions = -np.array([scores(unit)["carbon_fraction"] for unit, _ in polymers])
    rng = np.random.default_rng(0)
    print(f"| builds | {' | '.join(MEASURES)} |\n|---|{'---|' * len(MEASURES)}")
    for n in range(1, min(map(len, runs)) + 1):
        means = {name: np.array([np.mean([run[name] for run in of[:n]]) for of in runs]) for name in MEASURES
                 if name != "minus carbon fraction"}  # fmt: skip
        means["minus carbon fraction"] = fractions
        print(f"| {n} | {' | '.join(correlation(means[name], reference, rng) for name in MEASURES)} |")
    print(f"CPU-seconds of a build: {np.median(cpu_s):.0f} ({min(cpu_s):.0f} to {max(cpu_s):.0f})")
    if given.temperature:
        return
    with open(given.out / f"small-protocol-{given.set}.csv", "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["monomer_smiles", "reference_s_per_cm", "small_s_per_cm", "quick_s_per_cm",
                         "carbon_fraction", "li_polymer_coordination"])  # fmt: skip
        for (unit, value), of, fraction in zip(polymers, runs, fractions, strict=True):
            row = [" ".join(f"{run[name]:.3g}" for run in of) for name in ("small", "quick")]
            coordination = np.mean([run["coordination by the polymer"] for run in of])
            writer.writerow([unit.smiles, f"{value:.4g}", *row, f"{-fraction:.3f}", f"{coordination:.2f}"])


if __name__ == "__main__":
    main()
