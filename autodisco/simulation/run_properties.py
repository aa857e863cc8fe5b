"""Properties of a finished run beside those of its trajectory: density error, cohesion, glass transition."""

from pathlib import Path
from typing import Any

import numpy as np

from autodisco.simulation.progress import Progress
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.steps import Npt
from autodisco.simulation.task import ReplicaTask


def density_error(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """`density_g_per_cm3_sem` of a box that was set to its mean, from the time over which it was averaged."""
    from autodisco.analysis.statistics import series_error
    from autodisco.simulation.engines.report import REPORT_PS, read_report

    steps = [(n, step) for n, step in enumerate(protocol.steps) if isinstance(step, Npt)]
    averaged = [(n, step.set_mean_box_over_ps) for n, step in steps if step.set_mean_box_over_ps]
    if not averaged:
        return {}
    number, span_ps = averaged[-1]
    densities = [row["density_g_per_cm3"] for row in read_report(folder) if row["number"] == number]
    return {"density_g_per_cm3_sem": series_error(np.array(densities[-max(1, round(span_ps / REPORT_PS)) :]))}


def cohesion_of_run(task: ReplicaTask, protocol: Protocol, told: Progress) -> dict[str, Any]:
    """Cohesive energy density and solubility parameters of the run in the folder of a task."""
    from autodisco.simulation import boxes, builder, forcefield
    from autodisco.simulation.cohesion import cohesion

    force_field = forcefield.load(task.force_field)
    if force_field.pair_rule is None:
        return {}
    settings = boxes.sized(task.contents, protocol, task.times_as_much)
    planned = builder.plan(task.contents, settings, task.seed, force_field)
    on_frame = lambda frame: told("cohesive energy", 1.0, frame)  # noqa: E731
    return cohesion(task.folder, planned.molecules, protocol.nonbonded.cutoff, force_field.pair_rule, on_frame)


def bend_of_volume(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """`glass_transition_k`, `_sem` and, where there is none, `_reason`, from the report of the ramp for it.

    Nothing without such a ramp.
    """
    from autodisco.analysis.glass import judge
    from autodisco.simulation.engines.report import read_report

    ramps = [n for n, step in enumerate(protocol.steps) if isinstance(step, Npt) and step.glass_transition]
    if not ramps:
        return {}
    rows = [row for row in read_report(folder) if row["number"] == ramps[0]]
    found, reason = judge(
        np.array([row["temperature_k"] for row in rows]), np.array([row["density_g_per_cm3"] for row in rows])
    )
    return {
        "glass_transition_k": found and found.temperature_k,
        "glass_transition_k_sem": found and found.temperature_k_sem,
        "glass_transition_reason": reason,
    }
