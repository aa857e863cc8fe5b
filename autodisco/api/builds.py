"""What builds of polymers have in common: what is simulated, how long it may take, and who watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from autodisco.polymer import RepeatUnit
    from autodisco.simulation import ReplicaOutcome, ReplicaTask
    from autodisco.simulation.formulation import Formulation
    from autodisco.simulation.protocols import Protocol as Loaded

MINUTES = 60.0
"""Time limit of a build whose protocol has no checkpoints."""


class Watcher(Protocol):
    """What is told of builds while they run, in the process that waits for them."""

    def begin(self, task: ReplicaTask) -> None:
        """A build begins."""

    def submitted(self, task: ReplicaTask, handle: str, claim: str) -> None:
        """It has a place to run; ``progress.json`` comes into its folder for this claim."""

    def refresh(self) -> None:
        """Some time has passed."""

    def end(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        """It has ended, with a value or a failure code."""


Watch = Callable[[Mapping[str, str]], AbstractContextManager[Watcher]]
"""What makes a watcher for as long as builds run, of what a person calls each polymer, by key."""


class LineWatcher:
    """Gives a line at the end of each build; `names` holds what a person calls a polymer, by key."""

    def __init__(self, say: Callable[[str], None], names: Mapping[str, str]) -> None:
        self._say, self._names = say, names

    def begin(self, task: ReplicaTask) -> None:
        """Says nothing."""

    def submitted(self, task: ReplicaTask, handle: str, claim: str) -> None:
        """Says nothing."""

    def refresh(self) -> None:
        """Says nothing."""

    def end(self, task: ReplicaTask, outcome: ReplicaOutcome) -> None:
        """One line: which build, how it ended, and after how long."""
        state = "done" if outcome.ok else str(outcome.failure_code)
        self._say(f"{build_name(task, self._names)}: {state} after {outcome.wall_s:.0f} s")


def watched(
    watch: Watch | None, say: Callable[[str], None], names: Mapping[str, str]
) -> AbstractContextManager[Watcher]:
    """The watcher of `watch`, or one that says a line at the end of each build."""
    return watch(names) if watch else nullcontext(LineWatcher(say, names))


def build_name(task: ReplicaTask, names: Mapping[str, str]) -> str:
    """How a build is called in progress."""
    return f"{names.get(task.key, task.monomer_smiles)} replica {task.replica}"


def subject_of(what: str | Path | RepeatUnit | Formulation) -> RepeatUnit | Formulation:
    """What is simulated: a repeat unit, the text of a material (``*OCC*.*CC*|blend|0.3``), or a formulation file.

    Raises InvalidRepeatUnit or InputError for anything else.
    """
    from autodisco.polymer import parse, read_material
    from autodisco.simulation import formulation

    if not isinstance(what, str | Path):
        return what
    text = str(what)
    if text.endswith(".toml"):
        return formulation.read(Path(text))
    if "|" in text:
        material = read_material(text)
        return material.homopolymer or formulation.of(material)
    return parse(text)


def name_of(subject: RepeatUnit | Formulation) -> str:
    """A repeat unit as given, or the title of a formulation."""
    from autodisco.polymer import RepeatUnit

    return subject.given if isinstance(subject, RepeatUnit) else subject.title


def limit_s(loaded: Loaded, timeout_minutes: float | None) -> float:
    """Time limit of a build in s; 0 for none."""
    return 60.0 * (timeout_minutes or (0.0 if loaded.checkpoint_every_ps else MINUTES))
