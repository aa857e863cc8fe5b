"""Has a step come to rest? Density and energy of its second half, compared in blocks; and how often it was extended.

A quantity has settled when the means of the third and of the last quarter of a step differ by no more than twice the
standard error of that difference, or by less than a small share.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from autodisco.analysis.drift import LEAST_VALUES, drift
from autodisco.files import read_json, write_json
from autodisco.simulation.engines.report import read_report
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.steps import Npt

FILE = "equilibration.json"
#: Differences that do not count, as a share: half a percent of the density, and of the spread of the energy a third.
SMALL_DENSITY, SMALL_ENERGY = 0.005, 0.33


@dataclass(frozen=True)
class Verdict:
    """Of one step: how often it was extended so far, by how much its quarters differ, and whether it is at rest.

    Without differences the step was too short to tell.
    """

    step: int
    extensions: int
    density_drift_g_per_cm3: float | None
    energy_drift_kcal_per_mol: float | None
    settled: bool


def judge(folder: Path, step: int, averaged: int = 0) -> Verdict:
    """The verdict over a step that has run, from the report in `folder`; kept there with those of other steps.

    The last `averaged` time steps, over which the box is averaged, do not count.
    """
    rows = [row for row in read_report(folder) if row["number"] == step]
    rows = [row for row in rows if row["step"] <= rows[-1]["step"] - averaged]
    before = verdicts(folder)
    extensions = sum(verdict.step == step for verdict in before)
    if len(rows) < LEAST_VALUES:
        verdict = Verdict(step, extensions, None, None, False)
    else:
        density, density_error = drift([row["density_g_per_cm3"] for row in rows])
        energies = [row["energy_kcal_per_mol"] for row in rows]
        energy, energy_error = drift(energies)
        small_density = max(2 * (density_error or 0.0), SMALL_DENSITY * rows[-1]["density_g_per_cm3"])
        small_energy = max(2 * (energy_error or 0.0), SMALL_ENERGY * float(np.std(energies[-len(energies) // 2 :])))
        at_rest = abs(density) < small_density and abs(energy) < small_energy
        verdict = Verdict(step, extensions, density, energy, bool(at_rest))
    write_json(folder / FILE, [asdict(v) for v in [*before, verdict]])
    return verdict


def warnings(folder: Path) -> list[str]:
    """A sentence for each step that was not at rest when its extensions were used up."""
    said = []
    for verdict in {verdict.step: verdict for verdict in verdicts(folder)}.values():
        if not verdict.settled:
            drifts = "was too short to tell"
            if verdict.density_drift_g_per_cm3 is not None:
                drifts = (
                    f"drifted by {verdict.density_drift_g_per_cm3:+.4f} g/cm³ and "
                    f"{verdict.energy_drift_kcal_per_mol:+.1f} kcal/mol in its last quarter"
                )
            said.append(f"not at rest: step {verdict.step + 1} of the protocol {drifts}")
    return said


def verdicts(folder: Path) -> list[Verdict]:
    """All verdicts so far, in their order."""
    path = folder / FILE
    return [Verdict(**stored) for stored in read_json(path)] if path.exists() else []


def next_gate(folder: Path, protocol: Protocol, start: int = 0) -> int | None:
    """The first step from `start` on that still has to be judged, or None."""
    said = verdicts(folder)
    for number, step in enumerate(protocol.steps):
        if number >= start and isinstance(step, Npt) and step.extend_up_to:
            of_this = [verdict for verdict in said if verdict.step == number]
            if not of_this or not (of_this[-1].settled or of_this[-1].extensions >= step.extend_up_to):
                return number
    return None


def durations_ps(folder: Path, protocol: Protocol) -> list[float]:
    """How long each step lasts, with the extensions so far; 0 for a minimisation."""
    extended = extensions(folder, protocol)
    return [getattr(step, "duration_ps", 0.0) * (1 + extended.get(n, 0)) for n, step in enumerate(protocol.steps)]


def extensions(folder: Path, protocol: Protocol) -> dict[int, int]:
    """How many times each step is to run in addition to the first: once for every verdict but a last good one."""
    counted: dict[int, int] = {}
    for verdict in verdicts(folder):
        step = protocol.steps[verdict.step]
        assert isinstance(step, Npt)
        counted[verdict.step] = min(step.extend_up_to, verdict.extensions + (not verdict.settled))
    return counted
