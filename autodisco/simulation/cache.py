"""What a replica folder holds: a finished task is not run again, an interrupted one continues from its checkpoint."""

from dataclasses import replace
from typing import Any

from autodisco.files import read_json, write_json
from autodisco.registry import by_content
from autodisco.simulation import engines, protocols
from autodisco.simulation.engines.timeline import Place, Timeline
from autodisco.simulation.task import LASTING, ReplicaOutcome, ReplicaTask

RECIPE = 8
"""Raised with every change of builder, force field, engine or analysis that changes numbers."""

TASK, OUTCOME, SYSTEM, RAN = "task.json", "outcome.json", "system.json", "ran.json"
"""Files of a run: its task; its result; its box; and, when the engine came to its end, what is known from then on."""


def identity(task: ReplicaTask) -> dict[str, Any]:
    """All that decides the result of a task: the same identity gives the same numbers.

    A protocol counts as its content, and so does a formulation; a homopolymer has none. Of an engine or a force field
    in a file, the content counts, and not where it lies. Raises InputError if such a file cannot be read.
    """
    kept = task.to_dict()
    kept |= {name: by_content(kept[name]) for name in ("force_field", "engine")}
    names = ("monomer_smiles", "seed", "force_field", "engine", "attempt", "half_step", "larger_box")
    return {
        **{name: kept[name] for name in names},
        **({"formulation": kept["formulation"]} if task.formulation else {}),
        "protocol": protocols.load(task.protocol).content(),
        "recipe": RECIPE,
    }


def enter(task: ReplicaTask) -> bool:
    """Prepare the folder in which a task is about to run, and say whether its box is there already.

    Files of another task that could be taken for those of this one are removed.
    """
    task.folder.mkdir(parents=True, exist_ok=True)
    (task.folder / OUTCOME).unlink(missing_ok=True)
    built = is_run_of(task) and (task.folder / SYSTEM).exists()
    if not built:
        for name in (SYSTEM, RAN):
            (task.folder / name).unlink(missing_ok=True)
        engines.load(task.engine).forget(task.folder)
    write_json(task.folder / TASK, identity(task))
    return built


def finished_outcome(task: ReplicaTask) -> ReplicaOutcome | None:
    """The outcome that this very task left in its folder, or None if it did not run to its end there."""
    try:
        stored = read_json(task.folder / OUTCOME)
        return ReplicaOutcome(**stored) if _is_of(task, read_json(task.folder / TASK)) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def lasting_outcome(task: ReplicaTask) -> ReplicaOutcome | None:
    """The same if it is a value, or a failure that would come again; such a task need not run."""
    outcome = finished_outcome(task)
    return outcome if outcome and (outcome.ok or outcome.failure_code in LASTING) else None


def is_run_of(task: ReplicaTask) -> bool:
    """Whether this very task was run in its folder."""
    try:
        return _is_of(task, read_json(task.folder / TASK))
    except (OSError, ValueError, TypeError, KeyError):
        return False


def place_reached(task: ReplicaTask) -> Place | None:
    """The place of the last checkpoint of this very task in its folder, beyond the last step if the engine came to its
    end; None without one."""
    if not is_run_of(task) or not (task.folder / SYSTEM).exists():
        return None
    timeline = Timeline(protocols.load(task.protocol), task.timestep_scale)
    if (task.folder / RAN).exists():
        return Place(len(timeline.protocol.steps), 0)
    return engines.load(task.engine).stored_place(task.folder, timeline)


def _is_of(task: ReplicaTask, stored: Any) -> bool:
    """Whether the stored identity is that of this task. With the engine ``auto`` it is that of the machine where the
    task was run."""
    if not isinstance(stored, dict) or not {"attempt", "protocol"} <= stored.keys():
        return False
    if task.engine == engines.AUTO and engines.is_automatic(str(stored.get("engine"))):
        task = replace(task, engine=stored["engine"])
    older = {"half_step": stored["attempt"] > 0, "larger_box": False}  # of versions that did not write these keys
    others = {name: value for name, value in (older | stored).items() if name != "protocol"}
    expected = {name: value for name, value in identity(task).items() if name != "protocol"}
    return others == expected and protocols.load(task.protocol).is_same_as(stored["protocol"])
