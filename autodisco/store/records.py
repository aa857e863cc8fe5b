"""Rows of a campaign's database, as frozen objects: one class for each table.

Names of attributes are the names of the columns in `schema`. Columns that hold JSON are decoded. Times are unix
seconds, durations seconds.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from autodisco.analysis.belief import Z_90

Flag = dict[str, Any]
"""A weak bond of a repeat unit: ``name``, ``reason``, and what `autodisco.polymer` says beside them."""

Properties = dict[str, Any]
"""Quantities of a simulation by name, with units in the name."""


DATASET, EXPERIMENT = "dataset", "experiment"
"""Protocols of labels that come from no simulation: values of an imported data set, and measured ones."""


@dataclass(frozen=True)
class Record:
    """Base of all rows."""

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON can hold it, by column."""
        return asdict(self)


@dataclass(frozen=True)
class Polymer(Record):
    """A polymer that the campaign knows. `smiles` is its canonical repeat unit, `given` the string it first came as,
    `source` one of ``seed``, ``dataset``, ``grammar``, ``generated``."""

    key: str
    smiles: str
    given: str
    name: str
    source: str
    iteration: int
    flags: list[Flag]
    scores: dict[str, Any]


@dataclass(frozen=True)
class Label(Record):
    """A value or a class (``high``, ``low``) of a polymer that came with a file; `origin` is the file.

    `quantity` is the column of the value, which names its unit.
    """

    key: str
    quantity: str
    value: float | None
    sem: float | None
    n_replicas: int | None
    protocol: str
    force_field: str
    label: str | None
    origin: str


@dataclass(frozen=True)
class Experiment(Record):
    """A measured value of a table that was added to the campaign.

    `origin` is the name of the table, `source` that of the source of the posterior that it belongs to, `smiles` the
    canonical text of the material. `temperature_k` is None for a glass transition, `molality_mol_per_kg` without salt,
    where `salt` is empty.
    """

    origin: str
    line: int
    source: str
    key: str
    smiles: str
    quantity: str
    value: float
    sem: float | None
    temperature_k: float | None
    salt: str
    molality_mol_per_kg: float | None
    reference: str
    note: str
    added: float


@dataclass(frozen=True)
class Believed(Record):
    """The numbers of an `Estimate`."""

    mean: float
    sd: float
    p_better: float | None
    p_best: float
    difference_sd: float | None


@dataclass(frozen=True)
class Estimate(Record):
    """What the posterior of a campaign said last of a polymer, on the scale of the objective.

    Attributes
    ----------
    iteration : in which it was said
    mean, sd : of the true value in the target of the posterior
    p_better : chance to be better than the reference; None for the reference
    p_best : chance to be among the best of all polymers that are judged
    moved : how far the prior mean and each source moved the mean, by name; they add up to it
    said : by name of the source, the value that is expected there: mean and standard deviation of the mean over very
        many builds, standard deviation of one build, and how many builds were known already
    difference_sd : of the difference to the reference, 0 for itself; None without one, and from an earlier version
    """

    key: str
    iteration: int
    mean: float
    sd: float
    p_better: float | None
    p_best: float
    moved: dict[str, float]
    said: dict[str, tuple[float, float, float, int]]
    difference_sd: float | None = None


@dataclass(frozen=True)
class Forecast(Record):
    """A value that came in an `iteration`, and what was said before, on the scale of the objective.

    Attributes
    ----------
    said, sd : of the mean over very many builds
    noise : standard error of the value
    widened : factor that `sd` holds because of earlier forecasts
    came : the mean over `builds`
    """

    key: str
    source: str
    iteration: int
    said: float
    sd: float
    noise: float
    widened: float
    came: float
    builds: int

    @property
    def z(self) -> float:
        """How many standard deviations the value lies above what was said."""
        return (self.came - self.said) / math.hypot(self.sd, self.noise)

    @property
    def reach(self) -> float:
        """Half of the interval that should hold 90 % of such values."""
        return Z_90 * math.hypot(self.sd, self.noise)

    @property
    def within(self) -> bool:
        """Whether the value lies in this interval."""
        return abs(self.came - self.said) <= self.reach

    @property
    def z_before_widening(self) -> float:
        """The same for the model itself, as if no earlier forecast had widened it."""
        return (self.came - self.said) / math.hypot(self.sd / self.widened, self.noise)


@dataclass(frozen=True)
class Candidate(Record):
    """A draw of the generator and the verdict on it. `draw` is its number in the iteration; `key` is None where the
    string is no repeat unit."""

    iteration: int
    draw: int
    smiles: str
    key: str | None
    verdict: str
    reason: str = ""
    flags: list[Flag] = field(default_factory=list)


@dataclass(frozen=True)
class ReplicaState(Record):
    """An independent build of a polymer and its run. `status` is ``waiting``, ``running``, ``done`` or ``failed``.
    A running one names its `executor`, the `handle` by which that knows it, and the `claim` whose result counts."""

    key: str
    protocol: str
    replica: int
    iteration: int
    status: str
    attempt: int
    seed: int | None
    failure_code: str | None
    detail: str
    wall_s: float | None
    cpu_s: float | None
    atoms: int | None
    estimated_terms: int | None
    started: float | None
    ended: float | None
    executor: str | None
    handle: str | None
    claim: str | None


@dataclass(frozen=True)
class Replica(ReplicaState):
    """The same with its `properties`, which are large; None without a value."""

    properties: Properties | None


@dataclass(frozen=True)
class Measurements(Record):
    """Some quantities of the replicas of a polymer at a protocol that have ended.

    Attributes
    ----------
    iteration : the first in which one of them was asked for
    failed : how many gave no value
    done : the quantities of each of the others, those of earlier iterations first
    """

    key: str
    protocol: str
    iteration: int
    failed: int
    done: list[Properties]


@dataclass(frozen=True)
class TrainingEntry(Record):
    """What a model learns of a polymer: the string, its class (``high``, ``low``, ``unlabelled``), and the weight."""

    smiles: str
    key: str
    label: str
    weight: float
    why: str


@dataclass(frozen=True)
class TrainingSpan(TrainingEntry):
    """An entry that the training sets of the models `first` to `last` share."""

    first: int
    last: int


@dataclass(frozen=True)
class Model(Record):
    """A trained generator; `path` is relative to the campaign folder, `seconds` the time of its training."""

    iteration: int
    path: str
    metrics: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Iteration(Record):
    """An iteration: its counts and the judgement of the saturation rule, once it has ended."""

    n: int
    counts: dict[str, Any]
    saturation: dict[str, Any] | None
    started: float
    ended: float | None


@dataclass(frozen=True)
class Chance(Record):
    """Good-Turing chance, in an iteration, that the next valid draw is a new polymer, with its interval of 90 %, which
    earlier versions did not store."""

    iteration: int
    chance: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RecordedFile(Record):
    """Size and hash of a file that is not to change; `path` is its name in the campaign (`Store.place`)."""

    path: str
    bytes: int
    sha256: str
    recorded: float


@dataclass(frozen=True)
class Event(Record):
    """A row of the journal: what was `seen`, what was `decided`, and `why`."""

    id: int
    time: float
    iteration: int
    state: str
    event: str
    subject: str
    seen: dict[str, Any]
    decided: str
    why: str


@dataclass(frozen=True)
class Escape(Record):
    """An action that was taken in an iteration instead of ending the campaign as saturated."""

    iteration: int
    action: str
