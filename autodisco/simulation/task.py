"""The task of a replica, its outcome, and the failures after which another attempt is made."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from autodisco.simulation.engines import DEFAULT

if TYPE_CHECKING:
    from autodisco.simulation.early import Benchmark
    from autodisco.simulation.formulation import Formulation

HALF_STEP, LARGER_BOX = "another build, half the time step", "another build, a larger box"

RETRY = {
    **dict.fromkeys(("nan", "density-off", "engine-crash", "stalled", "unknown"), HALF_STEP),
    "build-overlap": "another build",
    "box-too-small": LARGER_BOX,
}
"""The next attempt after a failure, by its code. Other codes are not retried."""

LARGER = 1.5
"""Factor of the content of a larger box, for every attempt after the first."""

KILLED = 75
"""Exit code of a replica whose engine was killed from outside."""

RESULT_FILES = ("topology.pdb", "trajectory.dcd", "system.json", "report.txt")
"""Files of a replica with a value that analysis needs."""

NOT_NOW = frozenset({"no-disk", "disk-fault", "no-engine"})
"""Failure codes of a machine that cannot run replicas now: they say nothing about the replica, which waits."""

LASTING = frozenset({"parameters-missing", "build-overlap", "box-too-small", "nan", "density-off"})
"""Failure codes that belong to the task and not to the machine: the same task would fail again."""


@dataclass(frozen=True)
class ReplicaTask:
    """What to simulate: a homopolymer with the salt of the protocol, or a `formulation`, whose title is then
    `monomer_smiles`.

    `attempt` counts from 0; later ones start from another build, some with half the time step or with a larger box,
    which grows with every attempt. The engine ``auto`` is chosen where the task is run. With `may_stop_early` a replica
    may stop before its end, as its protocol allows; one rule is that it is sure to lie below `benchmark`. Results call
    the force field `force_field_name`, where `force_field` is a copy of its file. None of these three makes it another
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
    engine: str = DEFAULT
    half_step: bool = False
    larger_box: bool = False
    benchmark: "Benchmark | None" = None
    formulation: "Formulation | None" = None
    may_stop_early: bool = True
    force_field_name: str | None = None

    @property
    def contents(self) -> "Formulation":
        """The formulation, also of a homopolymer."""
        from autodisco.polymer import parse
        from autodisco.simulation import formulation

        return self.formulation or formulation.of(parse(self.monomer_smiles))

    @property
    def timestep_scale(self) -> float:
        """Factor of every time step of the protocol."""
        return 0.5 if self.half_step else 1.0

    @property
    def times_as_much(self) -> float:
        """Factor of the content that the protocol asks for."""
        return LARGER**self.attempt if self.larger_box else 1.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        formulation = self.formulation.content() if self.formulation else None
        return asdict(self) | {"folder": str(self.folder), "formulation": formulation}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "ReplicaTask":
        """The task that `to_dict` wrote."""
        from autodisco.simulation import formulation
        from autodisco.simulation.early import Benchmark

        benchmark = Benchmark(**stored["benchmark"]) if stored["benchmark"] else None
        content = stored.get("formulation")
        made = formulation.from_dict(content) if content else None
        return cls(**stored | {"folder": Path(stored["folder"]), "benchmark": benchmark, "formulation": made})


@dataclass(frozen=True)
class ReplicaOutcome:
    """Result of a replica: properties by name, or a failure code with its details.

    `wall_s` and `cpu_s` are those of all its runs. `hashes` are the SHA-256 of `RESULT_FILES`, by name; `bytes` is the
    size of all files in its folder.
    """

    ok: bool
    properties: dict[str, Any] | None
    failure_code: str | None
    detail: str
    wall_s: float
    cpu_s: float
    estimated_terms: int = 0
    atoms: int = 0
    hashes: dict[str, str] = field(default_factory=dict)
    bytes: int = 0

    @classmethod
    def failed(cls, code: str, detail: str, wall_s: float, cpu_s: float = 0.0) -> "ReplicaOutcome":
        """The outcome of a replica without a value."""
        return cls(False, None, code, detail, wall_s, cpu_s)


class Mending(TypedDict):
    """The fields of a `ReplicaTask` that another attempt changes."""

    half_step: bool
    larger_box: bool


def mending(code: str | None) -> Mending:
    """How the attempt after a failure with this code differs."""
    way = RETRY.get(code or "")
    return {"half_step": way == HALF_STEP, "larger_box": way == LARGER_BOX}
