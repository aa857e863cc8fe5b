"""One replica, from a formulation to properties; `worker` runs it in a process of its own.

The folder it leaves holds the inputs of the engine (`system.data`, `in.lammps`), its results (`topology.pdb`,
`trajectory.dcd`, `report.txt`), a description (`system.json`) and, written last, the outcome (`outcome.json`).
"""

import traceback
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from autodisco import registry
from autodisco.analysis.components import components_of
from autodisco.errors import AutodiscoError, EngineAbsent, EngineKilled, SimulationFailure
from autodisco.files import DISK_FAULTS, DISK_FULL, read_json, sha256, sync_all, write_atomic, write_json
from autodisco.simulation import engines, protocols
from autodisco.simulation.cache import OUTCOME, RAN, SYSTEM, enter
from autodisco.simulation.description import KEPT_LABELS, charge_used, describe
from autodisco.simulation.progress import Progress, check_folder
from autodisco.simulation.spent import NOTHING, Clock, Spent
from autodisco.simulation.task import RESULT_FILES, ReplicaOutcome, ReplicaTask

DENSITY_RANGE = (0.3, 3.0)  # g/cm³; outside it the box evaporated or collapsed


def run_replica(task: ReplicaTask, before: Spent = NOTHING) -> ReplicaOutcome:
    """Build, simulate and analyse, or go on from a checkpoint; every failure becomes an outcome with a code.

    `before` is what earlier runs have spent. Raises InputError for a protocol that cannot be read, EngineKilled, and
    OSError where the outcome itself cannot be written; then there is no outcome.
    """
    clock = Clock()
    built = enter(task)
    try:
        outcome = _simulate(task, built, clock)
    except SimulationFailure as failure:
        outcome = ReplicaOutcome.failed(failure.code, failure.detail, 0.0)
    except EngineKilled:
        raise
    except OSError as error:
        outcome = ReplicaOutcome.failed(code_of(error), str(error), 0.0)
    except EngineAbsent as error:
        outcome = ReplicaOutcome.failed("no-engine", str(error), 0.0)
    except AutodiscoError as error:
        outcome = ReplicaOutcome.failed("unknown", str(error), 0.0)
    except Exception as error:
        # A fault of the program in one polymer must not stop the others; replica.log has the traceback.
        traceback.print_exc()
        outcome = ReplicaOutcome.failed("unknown", f"{type(error).__name__}: {error}", 0.0)
    check_folder(task.folder)
    outcome = replace(outcome, **asdict(before + clock.spent()))
    write_json(task.folder / OUTCOME, asdict(outcome))
    return outcome


def code_of(error: OSError) -> str:
    """Failure code of an error of the system."""
    if error.errno in DISK_FULL:
        return "no-disk"
    return "disk-fault" if error.errno in DISK_FAULTS else "unknown"


def prepare(task: ReplicaTask, plain: bool = False, clock: Clock | None = None) -> protocols.Protocol:
    """Build the box of a task and write everything the engine needs to run it; returns the protocol.

    `plain` leaves out what needs this program beside the engine: checkpoints, extensions, early stops. `clock` runs
    since the process began.
    """
    from autodisco.simulation import boxes, builder, forcefield
    from autodisco.simulation.pdb import topology_pdb
    from autodisco.simulation.realised import deviations

    protocol = protocols.load(task.protocol)
    if plain:
        protocol = protocol.model_copy(update={"checkpoint_every_ps": None})
    engines.check_steps(task.engine, protocol)
    told = Progress(task.folder, protocol, clock)
    told("build", 0.0)
    force_field = forcefield.load(task.force_field)
    settings = boxes.sized(task.contents, protocol, task.times_as_much)
    on_progress = lambda placed: told("build", 0.0, placed)  # noqa: E731
    system = builder.build(task.contents, settings, task.seed, force_field, on_progress)
    engines.load(task.engine).write(task.folder, system, protocol, task.seed, task.timestep_scale)
    write_atomic(task.folder / "topology.pdb", topology_pdb(system))
    realised = {"composition_warnings": deviations(task.contents, settings)}
    write_json(task.folder / SYSTEM, describe(system, protocol, task) | realised)
    return protocol


def _simulate(task: ReplicaTask, built: bool, clock: Clock) -> ReplicaOutcome:
    from autodisco.analysis import analyze
    from autodisco.simulation import equilibration
    from autodisco.simulation.run_properties import (
        bend_of_volume,
        cohesion_of_run,
        density_error,
        modulus_of_run,
        stiffness_of_run,
    )

    protocol = protocols.load(task.protocol) if built else prepare(task, clock=clock)
    told = Progress(task.folder, protocol, clock)
    if not (task.folder / RAN).exists():
        _run_engine(task, protocol, told)
    ran = read_json(task.folder / RAN)
    engines.load(task.engine).forget(task.folder)
    description = read_json(task.folder / SYSTEM) | {"box_a": ran["box_a"]}
    write_json(task.folder / SYSTEM, description)
    components = components_of(description)
    on_frame = lambda frames, _: told("analysis", 1.0, frames)  # noqa: E731
    # An observable that fails costs its own values only.
    analysis = analyze(task.folder, expendable=protocol.observables, progress=on_frame)
    properties = analysis.properties.to_dict()
    properties |= density_error(task.folder, protocol)
    optional: tuple[Callable[[], dict[str, Any]], ...] = (
        lambda: cohesion_of_run(task, protocol, told),
        lambda: bend_of_volume(task.folder, protocol),
        lambda: modulus_of_run(task.folder, protocol),
        lambda: stiffness_of_run(task.folder, protocol),
    )
    failed = []
    for measured in optional:
        try:
            properties |= measured()
        except EngineKilled:
            raise
        except Exception as error:  # the replica keeps its value; replica.log has the traceback
            traceback.print_exc()
            failed.append(f"an optional quantity could not be computed ({registry.told(error)})")
    properties["charge_used"] = charge_used(components)
    properties |= {name: description[name] for name in KEPT_LABELS}
    # A folder of an earlier version has no such warnings.
    composed = description.get("composition_warnings", [])
    properties["warnings"] = [*composed, *properties["warnings"], *equilibration.warnings(task.folder), *failed]
    properties |= ran["stopped"]
    density = properties["density_g_per_cm3"]
    if not DENSITY_RANGE[0] < density < DENSITY_RANGE[1]:
        raise SimulationFailure("density-off", f"density {density:.3f} g/cm³ is outside {DENSITY_RANGE}")
    estimated, atoms = len(description["estimated_terms"]), len(description["masses"])
    sync_all([task.folder / name for name in RESULT_FILES])  # an outcome that outlives a loss of power has its files
    hashes = {name: sha256(task.folder / name) for name in RESULT_FILES}
    size = sum(file.stat().st_size for file in task.folder.iterdir() if file.is_file())
    return ReplicaOutcome(True, properties, None, "", 0.0, 0.0, estimated, atoms, hashes, size)


def _run_engine(task: ReplicaTask, protocol: protocols.Protocol, told: Progress) -> None:
    """Run the protocol, or what is left of it; `RAN` says that this was done, so that it is not done again."""
    from autodisco.analysis import analyze
    from autodisco.simulation.early import EarlyStop

    production = protocol.production
    components = components_of(read_json(task.folder / SYSTEM))
    stop = EarlyStop(production, task.benchmark, lambda: analyze(task.folder).properties.to_dict())
    may_stop = task.may_stop_early and production.may_stop and any(part.charge for part in components)
    box = engines.load(task.engine).run(task.folder, protocol, told, task.timestep_scale, stop if may_stop else None)
    stopped = stop.found.properties(production) if stop.found else {}
    # what says that the run is over must not outlive the files of the run, as after a loss of power
    sync_all([file for file in task.folder.iterdir() if file.is_file()])
    write_json(task.folder / RAN, {"box_a": box, "stopped": stopped})
