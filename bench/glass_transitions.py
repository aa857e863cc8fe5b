"""Glass transitions of polymers without salt against measured ones, and the shift that the cooling rate explains.

    python bench/glass_transitions.py [--simulations DIR] [--out docs/glass-transitions.csv] [--replicas N]

Builds with `bench/neat-glass.toml` (0.2 K/ps; 16 CPU-minutes each). The measured values belong to 10 K/min, 12 decades
slower. Two estimates of the shift: 3 K per decade, the slope C₂/C₁ at small shifts of the equation of Williams, Landel
and Ferry (J. Am. Chem. Soc. 1955, 77, 3701), and that equation itself with its universal constants C₁ = 17.44 and
C₂ = 51.6 K: ``C₂ r/(C₁ - r)`` for r decades.

One box of some hundred atoms is noisy. The bend is looked for in the mean of the ramps of all builds; that of each
build is printed beside it. Where no bend is significant, the best one is printed all the same, with its standard error
from leaving each build out (jackknife), and the slopes of the specific volume in the lowest and highest thirds of the
ramp.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from autodisco.analysis.glass import Verdict, best_bend_k, judge
from autodisco.polymer import parse
from autodisco.simulation import LocalExecutor, Pool, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.cache import lasting_outcome
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.task import ReplicaTask

HERE = Path(__file__).parent
PROTOCOL, TABLE = HERE / "neat-glass.toml", HERE / "glass_transitions.csv"
RATE_K_PER_S, MEASURED_RATE_K_PER_S = 0.2e12, 10 / 60
C1, C2_K = 17.44, 51.6


def shifts_k(rate_k_per_s: float) -> tuple[float, float]:
    """How much higher than at 10 K/min: by the slope at small shifts, and by the whole equation (inf from C₁ on)."""
    decades = float(np.log10(rate_k_per_s / MEASURED_RATE_K_PER_S))
    return C2_K / C1 * decades, C2_K * decades / (C1 - decades) if decades < C1 else float("inf")


def main() -> None:
    """Run what is missing, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=Path, default=Path("simulations"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--replicas", type=int, default=1)
    given = parser.parse_args()
    with open(TABLE) as handle:
        rows = list(csv.DictReader(handle))
    least, most = shifts_k(RATE_K_PER_S)
    print(f"shift by the cooling rate: {least:.0f} to {most:.0f} K")
    found = []
    for row in rows:
        tasks = [
            replica_task(parse(row["smiles"]), str(PROTOCOL), "pcff+", n, 0, 1, given.simulations, 36000.0, "lammps")
            for n in range(given.replicas)
        ]
        Pool(LocalExecutor(given.workers)).run(tasks)
        done = [task for task in tasks if (outcome := lasting_outcome(task)) and outcome.ok]
        if not done:
            continue
        for task in done:
            print(row["name"], "build", task.replica, told(judge(*ramp([task]))), flush=True)
        verdict = judge(*ramp(done))
        print(row["name"], f"mean of {len(done)} ramps", told(verdict), "measured", row["measured_k"], flush=True)
        best, error = best_bend(done)
        print(row["name"], f"best bend {best:.0f} ± {error:.0f} K;", slopes(done), flush=True)
        found.append(
            row
            | {
                "builds": len(done),
                "here_k": verdict.transition and verdict.transition.temperature_k,
                "here_k_sem": verdict.transition and verdict.transition.temperature_k_sem,
                "best_bend_k": best,
                "best_bend_k_sem": error,
                "reason": verdict.reason,
                "shift_least_k": least,
                "shift_most_k": most,
            }
        )
    if given.out and found:
        with open(given.out, "w", newline="") as handle:
            writer = csv.DictWriter(handle, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)


def ramp(tasks: list[ReplicaTask]) -> tuple[np.ndarray, np.ndarray]:
    """Temperatures (K) and densities (g/cm³) of the ramp, means over builds: all cool by the same schedule."""
    steps = protocols.load(str(PROTOCOL)).steps
    number = next(n for n, step in enumerate(steps) if getattr(step, "glass_transition", False))
    builds = [[row for row in read_report(task.folder) if row["number"] == number] for task in tasks]
    temperatures, densities = (
        np.mean([[row[name] for row in rows] for rows in builds], axis=0)
        for name in ("temperature_k", "density_g_per_cm3")
    )
    return temperatures, densities


def best_bend(tasks: list[ReplicaTask]) -> tuple[float, float]:
    """The best bend of the mean ramp and its jackknife error (K); the error is nan for one build."""
    n = len(tasks)
    if n == 1:
        return best_bend_k(*ramp(tasks)), float("nan")
    without = [best_bend_k(*ramp(tasks[:k] + tasks[k + 1 :])) for k in range(n)]
    return best_bend_k(*ramp(tasks)), float(np.sqrt((n - 1) * np.var(without)))


def slopes(tasks: list[ReplicaTask]) -> str:
    """Slopes of the specific volume in the lowest and the highest third of the ramp: means and errors over builds."""
    each = []
    for task in tasks:
        t, rho = ramp([task])
        low, high = t.min() + np.ptp(t) / 3, t.max() - np.ptp(t) / 3
        each.append([1e3 * np.polyfit(t[part], 1 / rho[part], 1)[0] for part in (t < low, t > high)])
    errors = np.std(each, axis=0, ddof=1) / np.sqrt(len(each)) if len(each) > 1 else [float("nan")] * 2
    parts = [f"{mean:.2f} ± {error:.2f}" for mean, error in zip(np.mean(each, axis=0), errors, strict=True)]
    return f"expansion {parts[0]} and {parts[1]} × 10⁻³ cm³/g/K below and above"


def told(verdict: Verdict) -> str:
    """The transition with its error, or why there is none."""
    found = verdict.transition
    return f"{found.temperature_k:.0f} ± {found.temperature_k_sem:.0f} K" if found else str(verdict.reason)


if __name__ == "__main__":
    main()
