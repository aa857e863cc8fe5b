"""What builds of polymers have in common: what is simulated, how long it may take, and who watches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.simulation import ReplicaOutcome, ReplicaTask
    from autodisco.simulation.batch import Subject

CLUSTER = "psij"
"""The executor whose pilots only a campaign follows."""

MINUTES = 60.0
"""Time limit of a build whose protocol has no checkpoints."""


class BuildOptions(TypedDict, total=False):
    """Options of builds that `autodisco.simulate` and `autodisco.scan` take by name; defaults are those of `Builds`.

    Attributes
    ----------
    force_field, engine, executor : names, or ``path/to/file.py:class``
    workers, threads : builds at the same time (0: as many as the cores allow), and cores for each
    seed : of builds and velocities
    timeout_minutes : for one build; None: 60, and none for a protocol with checkpoints
    folder : where builds are kept, in ``<key>/<protocol>/seed-<N>/<replica>``
    """

    force_field: str
    engine: str
    executor: str
    workers: int
    threads: int
    seed: int
    timeout_minutes: float | None
    folder: str | Path


@dataclass(frozen=True)
class Builds:
    """How builds run, and where they are kept."""

    force_field: str = "pcff+"
    engine: str = "auto"
    executor: str = "local"
    workers: int = 0
    threads: int = 1
    seed: int = 1
    timeout_minutes: float | None = None
    folder: str | Path = "simulations"

    def resolved(self) -> Builds:
        """The same with the engine that ``auto`` stands for. Raises InputError for an unknown force field, and for the
        executor of clusters."""
        from autodisco.simulation import engines, forcefield

        if self.executor == CLUSTER:
            raise InputError(
                f"executor {CLUSTER}: only a campaign can use it; on a cluster, give this command to the batch system "
                "as a job, such as sbatch --wrap 'autodisco … --executor local'"
            )
        forcefield.load(self.force_field)
        return replace(self, engine=engines.resolved(self.engine))

    def run(
        self, subjects: Iterable[Subject], protocol: str, replicas: int, shown: Watcher
    ) -> dict[str, dict[int, ReplicaOutcome]]:
        """The outcomes of so many builds of each subject, by its key and replica; see `simulate_batch`."""
        from autodisco.simulation import protocols
        from autodisco.simulation.batch import simulate_batch

        long = protocols.load(protocol).checkpoint_every_ps
        timeout_s = 60.0 * (self.timeout_minutes or (0.0 if long else MINUTES))
        return simulate_batch(
            subjects, protocol, self.force_field, replicas, Path(self.folder), self.seed, self.workers, timeout_s,
            self.engine, self.threads, shown.begin, shown.end, shown.refresh, self.executor, shown.submitted,
        )  # fmt: skip

    def place(self, subject: Subject, protocol_name: str) -> Path:
        """Folder of the builds of a subject."""
        from autodisco.simulation.batch import builds_folder

        return builds_folder(Path(self.folder), subject, protocol_name, self.seed, self.engine, self.force_field)

    def told(self, protocol_name: str) -> str:
        """Protocol, force field and engine in words."""
        return f"protocol {protocol_name}, force field {self.force_field}, engine {self.engine}"


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


def subject_of(what: str | Path | Subject) -> Subject:
    """What is simulated: a repeat unit, the text of a material (``*OCC*.*CC*|blend|0.3``), or a formulation file.

    Raises InvalidRepeatUnit or InputError for anything else.
    """
    from autodisco.polymer import parse, read_material
    from autodisco.polymer.bigsmiles import is_bigsmiles, read_bigsmiles
    from autodisco.simulation import formulation

    if not isinstance(what, str | Path):
        return what
    text = read_bigsmiles(str(what)).text if is_bigsmiles(str(what)) else str(what)
    if text.endswith(".toml"):
        return formulation.read(Path(text))
    if "|" in text:
        material = read_material(text)
        return material.homopolymer or formulation.of(material)
    return parse(text)


def name_of(subject: Subject) -> str:
    """A repeat unit as given, or the title of a formulation."""
    from autodisco.polymer import RepeatUnit

    return subject.given if isinstance(subject, RepeatUnit) else subject.title
