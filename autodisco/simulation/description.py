"""`system.json`: everything an analysis has to know about the folder of a replica."""

from collections.abc import Sequence
from typing import Any

import autodisco
from autodisco.analysis.components import Component
from autodisco.registry import label
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.task import ReplicaTask

KEPT_LABELS = (
    "monomer_smiles",
    "protocol",
    "force_field",
    "program_version",
    "estimated_terms",
    "force_field_flags",
)
"""Keys that the properties of a replica repeat."""


def describe(system: System, protocol: Protocol, task: ReplicaTask) -> dict[str, Any]:
    """The content of `system.json`; the box of production (`box_a`) is known when it has run."""
    return {
        **system.labels,
        "force_field": task.force_field_name or task.force_field,
        "protocol": protocol.name,
        "engine": label(task.engine),
        "program_version": autodisco.__version__,
        "seed": task.seed,
        "temperature_k": protocol.temperature_k,
        "frame_interval_ps": protocol.production.frame_interval_ps,
        "fit_ps": protocol.production.fit_ps,
        "box_a": None,
        "charge_scale": protocol.system.charge_scale,
        "components": [component.to_dict() for component in system.components],
        "masses": system.masses.round(5).tolist(),
        "elements": system.elements,
    }


def charge_used(components: Sequence[Component]) -> float | None:
    """Formal charge (e) of the cations in the conductivity; None without ions, or if their charges differ."""
    charges = {component.charge for component in components if component.role == "cation"}
    return charges.pop() if len(charges) == 1 else None
