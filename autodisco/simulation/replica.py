"""One replica, from a repeat unit to properties; `worker` runs it in a process of its own.

The folder it leaves holds what it ran (`system.data`, `in.lammps`), what came out (`topology.pdb`,
`trajectory.dcd`, `report.txt`), what is in it (`system.json`) and, written last, the verdict (`outcome.json`).
"""

import os
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autodisco
from autodisco.errors import AutodiscoError, EngineKilled, SimulationFailure
from autodisco.files import DISK_FULL, read_json, write_atomic, write_json
from autodisco.simulation import protocols
from autodisco.simulation.progress import Progress

if TYPE_CHECKING:
    from autodisco.simulation.early import Benchmark
    from autodisco.simulation.engines import Engine
    from autodisco.simulation.molecule import System

RECIPE = 7
"""Raised with every change of builder, force field, engine or analysis that changes numbers."""

HALF_STEP, LARGER_BOX = "another build, half the time step", "another build, a larger box"

RETRY = {
    **dict.fromkeys(("nan", "density-off", "engine-crash", "stalled", "unknown"), HALF_STEP),
    "build-overlap": "another build",
    "box-too-small": LARGER_BOX,
}
"""What may mend a failure, by its code; the other codes count as failed at once."""

LARGER = 1.5
"""How many times as much there is in a larger box, for every attempt after the first."""

KILLED = 75
"""Exit code of a replica whose engine was killed from outside."""

LASTING = frozenset({"parameters-missing", "build-overlap", "box-too-small", "nan", "density-off"})
"""Failure codes that belong to the task and not to the machine: the same task would fail again."""

KEPT_LABELS = (
    "monomer_smiles",
    "protocol",
    "force_field",
    "program_version",
    "estimated_terms",
    "force_field_flags",
)

DENSITY_RANGE = (0.3, 3.0)  # g/cm³; outside it the box evaporated or collapsed


@dataclass(frozen=True)
class ReplicaTask:
    """What to simulate. `attempt` counts from 0; later ones start from another build, some with half the time step or
    with a larger box, which grows with every attempt.

    A protocol may let a replica stop when it is sure to lie below `benchmark`, which does not make it another
    task.
    """

    key: str
    monomer_smiles: str
    replica: int
    seed: int
    protocol: str
    force_field: str
    folder: Path
    timeout_s: float
    attempt: int = 0
    engine: str = "lammps"
    half_step: bool = False
    larger_box: bool = False
    benchmark: "Benchmark | None" = None

    @property
    def timestep_scale(self) -> float:
        """What every time step of the protocol is multiplied with."""
        return 0.5 if self.half_step else 1.0

    @property
    def times_as_much(self) -> float:
        """How many times as much as the protocol asks for is in the box."""
        return LARGER**self.attempt if self.larger_box else 1.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self) | {"folder": str(self.folder)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ReplicaTask":
        """The task that `to_dict` wrote."""
        from autodisco.simulation.early import Benchmark

        benchmark = Benchmark(**stored["benchmark"]) if stored["benchmark"] else None
        return cls(**stored | {"folder": Path(stored["folder"]), "benchmark": benchmark})


@dataclass(frozen=True)
class ReplicaOutcome:
    """What came of a replica: properties with the names of the design, or a failure code and what was seen."""

    ok: bool
    properties: dict[str, Any] | None
    failure_code: str | None
    detail: str
    wall_s: float
    cpu_s: float
    estimated_terms: int = 0
    atoms: int = 0

    @classmethod
    def failed(cls, code: str, detail: str, wall_s: float, cpu_s: float = 0.0) -> "ReplicaOutcome":
        """A replica without a value."""
        return cls(False, None, code, detail, wall_s, cpu_s)


def mending(code: str | None) -> dict[str, bool]:
    """``half_step`` and ``larger_box`` of the attempt after a failure with this code."""
    way = RETRY.get(code or "")
    return {"half_step": way == HALF_STEP, "larger_box": way == LARGER_BOX}


def finished_outcome(task: ReplicaTask) -> ReplicaOutcome | None:
    """The outcome that this very task left in its folder, or None if it did not run to its end there."""
    try:
        stored = read_json(task.folder / "outcome.json")
        return ReplicaOutcome(**stored) if _is_of(task, read_json(task.folder / "task.json")) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def lasting_outcome(task: ReplicaTask) -> ReplicaOutcome | None:
    """The same where it is a value, or a failure that would come again; such a task need not run."""
    outcome = finished_outcome(task)
    return outcome if outcome and (outcome.ok or outcome.failure_code in LASTING) else None


def _identity(task: ReplicaTask) -> dict[str, Any]:
    """What decides the result of a task; the same identity gives the same numbers. A protocol counts as its content."""
    kept = task.to_dict()
    names = ("monomer_smiles", "seed", "force_field", "engine", "attempt", "half_step", "larger_box")
    return {
        **{name: kept[name] for name in names},
        "protocol": protocols.load(task.protocol).content(),
        "recipe": RECIPE,
    }


def _is_of(task: ReplicaTask, stored: Any) -> bool:
    """Whether what a folder says it holds is this very task."""
    if not isinstance(stored, dict) or not {"attempt", "protocol"} <= stored.keys():
        return False
    before = {"half_step": stored["attempt"] > 0, "larger_box": False}  # what a program did that did not write it
    others = {name: value for name, value in (before | stored).items() if name != "protocol"}
    expected = {name: value for name, value in _identity(task).items() if name != "protocol"}
    return others == expected and protocols.load(task.protocol).is_same_as(stored["protocol"])


def run_replica(task: ReplicaTask) -> ReplicaOutcome:
    """Build, simulate and analyse, or go on from a checkpoint; every failure becomes an outcome with a code.

    Raises InputError for a protocol that cannot be read, EngineKilled, and OSError where the outcome itself cannot be
    written; then there is no outcome.
    """
    started, cpu = time.monotonic(), time.process_time()
    task.folder.mkdir(parents=True, exist_ok=True)
    (task.folder / "outcome.json").unlink(missing_ok=True)
    begun = was_begun(task)
    if not begun:
        # what another task left here must not be taken for this one's
        (task.folder / "system.json").unlink(missing_ok=True)
        _engine(task).forget(task.folder)
    write_json(task.folder / "task.json", _identity(task))
    try:
        outcome = _simulate(task, begun)
    except SimulationFailure as failure:
        outcome = ReplicaOutcome.failed(failure.code, failure.detail, 0.0)
    except EngineKilled:
        raise
    except OSError as error:
        outcome = ReplicaOutcome.failed("no-disk" if error.errno in DISK_FULL else "unknown", str(error), 0.0)
    except AutodiscoError as error:
        outcome = ReplicaOutcome.failed("unknown", str(error), 0.0)
    except Exception as error:
        # A fault of the program in one polymer must not cost the others; the log of the replica has the whole of it.
        traceback.print_exc()
        outcome = ReplicaOutcome.failed("unknown", f"{type(error).__name__}: {error}", 0.0)
    used = os.times()
    cpu_s = time.process_time() - cpu + used.children_user + used.children_system
    outcome = replace(outcome, wall_s=time.monotonic() - started, cpu_s=cpu_s)
    write_json(task.folder / "outcome.json", asdict(outcome))
    return outcome


def prepare(task: ReplicaTask, plain: bool = False) -> protocols.Protocol:
    """Build the box of a task and write everything the engine needs to run it; returns the protocol.

    `plain` leaves out what needs this program beside the engine: checkpoints, extensions, early stops.
    """
    from autodisco.polymer import parse
    from autodisco.simulation import boxes, builder, forcefield
    from autodisco.simulation.pdb import topology_pdb

    protocol = protocols.load(task.protocol)
    if plain:
        protocol = protocol.model_copy(update={"checkpoint_every_ps": None})
    told = Progress(task.folder, protocol)
    told("build", 0.0)
    force_field = forcefield.load(task.force_field)
    unit = parse(task.monomer_smiles)
    settings = boxes.sized(unit, protocol, task.times_as_much)
    system = builder.build(unit, settings, task.seed, force_field, lambda placed: told("build", 0.0, placed))
    _engine(task).write(task.folder, system, protocol, task.seed, task.timestep_scale)
    write_atomic(task.folder / "topology.pdb", topology_pdb(system))
    write_json(task.folder / "system.json", describe(system, protocol, task))
    return protocol


def _engine(task: ReplicaTask) -> "Engine":
    from autodisco.simulation import engines

    return engines.load(task.engine)


def was_begun(task: ReplicaTask) -> bool:
    """Whether this very task was run in its folder as far as a checkpoint."""
    try:
        same = _is_of(task, read_json(task.folder / "task.json"))
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return same and (task.folder / "system.json").exists() and _engine(task).resumable(task.folder)


def _simulate(task: ReplicaTask, begun: bool) -> ReplicaOutcome:
    from autodisco.analysis import analyze
    from autodisco.simulation import equilibration
    from autodisco.simulation.early import EarlyStop

    protocol = protocols.load(task.protocol) if begun else prepare(task)
    production = protocol.production
    stop = EarlyStop(production, task.benchmark, lambda: analyze(task.folder).properties.to_dict())
    asked = stop if production.may_stop else None
    told = Progress(task.folder, protocol)
    box = _engine(task).run(task.folder, protocol, told, task.timestep_scale, asked)
    description = read_json(task.folder / "system.json") | {"box_a": box}
    write_json(task.folder / "system.json", description)
    analysed = analyze(
        task.folder, observables=protocol.observables, progress=lambda frames, _: told("analysis", 1.0, frames)
    )
    properties = analysed.properties.to_dict()
    properties |= density_error(task.folder, protocol)
    for more in (lambda: _cohesion(task, protocol, told), lambda: bend_of_volume(task.folder, protocol)):
        try:
            properties |= more()
        except Exception:  # beside the point of the run, so it must not cost its value; replica.log has the whole of it
            traceback.print_exc()
    properties["charge_used"] = float(description["cation_charge"]) if description["cations"] else None
    properties["concentration_actual_molal"] = description["concentration_actual_molal"]
    properties |= {name: description[name] for name in KEPT_LABELS}
    properties["warnings"] = [*properties["warnings"], *equilibration.warnings(task.folder)]
    if stop.found:
        properties |= stop.found.properties(production)
    density = properties["density_g_per_cm3"]
    if not DENSITY_RANGE[0] < density < DENSITY_RANGE[1]:
        raise SimulationFailure("density-off", f"density {density:.3f} g/cm³ is outside {DENSITY_RANGE}")
    estimated, atoms = len(description["estimated_terms"]), len(description["masses"])
    return ReplicaOutcome(True, properties, None, "", 0.0, 0.0, estimated, atoms)


def density_error(folder: Path, protocol: protocols.Protocol) -> dict[str, Any]:
    """`density_g_per_cm3_sem` of a box that was set to its mean, from the time over which it was averaged."""
    from autodisco.analysis.statistics import series_error
    from autodisco.simulation.engines.report import REPORT_PS, read_report

    steps = [(n, step) for n, step in enumerate(protocol.steps) if isinstance(step, protocols.Npt)]
    averaged = [(n, step.set_mean_box_over_ps) for n, step in steps if step.set_mean_box_over_ps]
    if not averaged:
        return {}
    number, span_ps = averaged[-1]
    densities = [row["density_g_per_cm3"] for row in read_report(folder) if row["number"] == number]
    return {"density_g_per_cm3_sem": series_error(np.array(densities[-max(1, round(span_ps / REPORT_PS)) :]))}


def _cohesion(task: ReplicaTask, protocol: protocols.Protocol, told: Progress) -> dict[str, Any]:
    """Cohesive energy density and solubility parameters of the run in the folder of a task."""
    from autodisco.polymer import parse
    from autodisco.simulation import boxes, builder, forcefield
    from autodisco.simulation.cohesion import cohesion

    unit, force_field = parse(task.monomer_smiles), forcefield.load(task.force_field)
    if force_field.pair_rule is None:
        return {}
    settings = boxes.sized(unit, protocol, task.times_as_much)
    molecules = builder.molecules(unit, settings, force_field)
    on_frame = lambda frame: told("cohesive energy", 1.0, frame)  # noqa: E731
    return cohesion(task.folder, molecules, protocol.nonbonded.cutoff, force_field.pair_rule, on_frame)


def bend_of_volume(folder: Path, protocol: protocols.Protocol) -> dict[str, Any]:
    """`glass_transition_k`, `_sem` and, where there is none, `_reason`, from the report of the ramp for it.

    Nothing without such a ramp.
    """
    from autodisco.analysis.glass import judge
    from autodisco.simulation.engines.report import read_report

    ramps = [n for n, step in enumerate(protocol.steps) if isinstance(step, protocols.Npt) and step.glass_transition]
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


def describe(system: "System", protocol: protocols.Protocol, task: ReplicaTask) -> dict[str, Any]:
    """`system.json`: what an analysis has to know about the folder."""
    salts = protocol.system.salts
    cation_data = {ion.name.upper(): ion for ion in (salt.cation for salt in salts)}
    anion_data = {ion.name.upper(): ion for ion in (salt.anion for salt in salts)}
    cations, anions, centres = [], [], []
    for molecule, offset in zip(system.molecules, system.offsets, strict=True):
        if ion := cation_data.get(molecule.name):
            cations.append(offset + ion.centre)
        elif ion := anion_data.get(molecule.name):
            anions.append([offset + i for i in ion.coordinating])
            centres.append(offset + ion.centre)
    return {
        **system.labels,
        "force_field": task.force_field,
        "protocol": protocol.name,
        "program_version": autodisco.__version__,
        "seed": task.seed,
        "temperature_k": protocol.temperature_k,
        "frame_interval_ps": protocol.production.frame_interval_ps,
        "fit_ps": protocol.production.fit_ps,
        "box_a": None,  # that of production is known when it has run
        "cation_charge": salts[0].cation.charge,
        "anion_charge": salts[0].anion.charge,
        "charge_scale": protocol.system.charge_scale,
        "cations": cations,
        "anions": anions,
        "anion_centres": centres,
        "cluster_cutoff_a": salts[0].cation.contact_a,
        "coordination_cutoff_a": salts[0].cation.shell_a,
        "masses": system.masses.round(5).tolist(),
        "elements": system.elements,
    }
