"""Properties of a finished run beside those of its trajectory: density error, cohesion, glass transition, moduli."""

from pathlib import Path
from typing import Any

import numpy as np

from autodisco.simulation.progress import Progress
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.steps import Npt
from autodisco.simulation.task import ReplicaTask

LEAST_MODULUS_PS = 20.0
"""A box that is averaged over less time never shows enough independent volumes for a modulus."""


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


def lacking(protocol: Protocol, quantity: str) -> str | None:
    """What a protocol would need to give a quantity, in words; None where it gives it, or where any value is told."""
    if quantity == "glass_transition_k" and not (protocol.measured or _ramps(protocol)):
        return "a protocol with a ramp of the temperature for it (glass_transition = true), such as glass"
    if quantity == "bulk_modulus_gpa" and not (protocol.measured or _averaged_for_modulus(protocol)):
        return f"a protocol that averages the box over {LEAST_MODULUS_PS:g} ps (set_mean_box_over_ps) for it"
    if quantity == "youngs_modulus_gpa" and not (protocol.measured or protocol.deformations):
        return 'a protocol with steps that deform the box (kind = "deform") for it'
    return None


def _ramps(protocol: Protocol) -> list[int]:
    """Numbers of the steps that cool or heat for a glass transition."""
    return [n for n, step in enumerate(protocol.steps) if isinstance(step, Npt) and step.glass_transition]


def _averaged_for_modulus(protocol: Protocol) -> tuple[int, Npt, float] | None:
    """Number of the last step that averages the box, the step, and over which time (ps); None where a modulus does not
    follow from it."""
    averaged = [(n, one) for n, one in enumerate(protocol.steps) if isinstance(one, Npt) and one.set_mean_box_over_ps]
    if not averaged:
        return None
    number, step = averaged[-1]
    span_ps = step.set_mean_box_over_ps or 0.0
    if span_ps < LEAST_MODULUS_PS or len(set(step.temperature_k)) > 1 or len(set(step.pressure_atm)) > 1:
        return None
    return number, step, span_ps


def bend_of_volume(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """`glass_transition_k`, `_sem` and, where there is none, `_reason`, from the report of the ramp for it.

    Nothing without such a ramp.
    """
    from autodisco.analysis.glass import judge
    from autodisco.simulation.engines.report import read_report

    if not (ramps := _ramps(protocol)):
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


def modulus_of_run(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """`bulk_modulus_gpa`, `_sem` and, where there is none, `_reason`, from the time over which the box was averaged.

    Nothing without such a time of `LEAST_MODULUS_PS` at constant temperature and pressure.
    """
    from autodisco.analysis.mechanics import bulk_modulus
    from autodisco.analysis.units import AVOGADRO
    from autodisco.files import read_json
    from autodisco.simulation.cache import SYSTEM
    from autodisco.simulation.engines.report import REPORT_PS, read_report

    if (found_step := _averaged_for_modulus(protocol)) is None:
        return {}
    number, step, span_ps = found_step
    rows = [row for row in read_report(folder) if row["number"] == number][-round(span_ps / REPORT_PS) :]
    mass_g = sum(read_json(folder / SYSTEM)["masses"]) / AVOGADRO
    found = bulk_modulus(mass_g * 1e24 / np.array([row["density_g_per_cm3"] for row in rows]), step.temperature_k[0])
    return {
        "bulk_modulus_gpa": found.gpa,
        "bulk_modulus_gpa_sem": found.gpa_sem,
        "bulk_modulus_reason": found.reason,
    }


def stiffness_of_run(folder: Path, protocol: Protocol) -> dict[str, Any]:
    """`youngs_modulus_gpa`, `_sem`, where there is none `_reason`, and `strain_rate_per_s`, from the steps that deform
    the box. Nothing without such steps."""
    from autodisco.analysis.mechanics import youngs_modulus
    from autodisco.simulation.engines.report import read_stress

    if not protocol.deformations:
        return {}
    found = youngs_modulus([read_stress(folder, number) for number, _ in protocol.deformations])
    _, step = protocol.deformations[0]
    return {
        "youngs_modulus_gpa": found.gpa,
        "youngs_modulus_gpa_sem": found.gpa_sem,
        "youngs_modulus_reason": found.reason,
        "strain_rate_per_s": step.strain / step.duration_ps * 1e12,
    }
