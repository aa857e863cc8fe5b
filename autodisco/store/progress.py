"""Progress of a campaign: state, process, simulations and iterations, without its ranking."""

from dataclasses import dataclass
from typing import Any

from autodisco.store.disk import Disk, disk
from autodisco.store.loop import LoopStage
from autodisco.store.moment import at_one_moment
from autodisco.store.owner import process_state
from autodisco.store.records import Escape, Event, Iteration, Model, Record
from autodisco.store.simulations import STATUSES, Simulations, simulations
from autodisco.store.store import Store


@dataclass(frozen=True)
class TierProgress(Record):
    """The replicas of a tier: their numbers by status, the CPU-seconds that ended ones took, and the mean of those that
    gave a value; `estimated_s` stands for that while there is none."""

    protocol: str
    waiting: int
    running: int
    done: int
    failed: int
    cpu_s: float
    mean_cpu_s: float | None
    estimated_s: float | None

    @property
    def cost_s(self) -> float | None:
        """CPU-seconds of a build, measured or estimated."""
        return self.mean_cpu_s or self.estimated_s


@dataclass(frozen=True)
class IterationProgress(Record):
    """An iteration with its draws by verdict; `duplicate_rate` is the share of `new_strings` that are known polymers,
    the count of Khajeh et al. 2025."""

    n: int
    counts: dict[str, Any]
    saturation: dict[str, Any] | None
    started: float
    ended: float | None
    draws: int
    verdicts: dict[str, int]
    new_strings: int
    duplicate_rate: float | None

    @property
    def known(self) -> tuple[int, int]:
        """Number of known polymers, and of how many draws, by the count of the saturation rule.

        The count of strings where the rule has not judged the iteration, or an older program did.
        """
        judged = self.saturation or {}
        if "known" in judged:
            return judged["known"], judged["draws"]
        return self.verdicts.get("duplicate-symmetry", 0), self.new_strings


@dataclass(frozen=True)
class Progress(Record):
    """How far a campaign is. Fields from `state` to `iteration_began` are facts of the store, None where not set.

    `owner` is the process that the lock names; `alive` says whether it runs, `heartbeat_age_s` how old its last sign
    is, and `hung` that this is too old; `process` says it in words. `undone` is why replicas on other machines could
    not be told of a pause or a stop. `simulations` is about the replicas of the current iteration, `failures` counts
    those of the whole campaign by code, the most frequent first. `iterations` may be the last ones only.
    """

    name: str
    folder: str
    state: str | None
    iteration: int | None
    reason: str | None
    started: float | None
    ended: float | None
    seed: int | None
    protocol: str | None
    force_field: str | None
    engine: str | None
    replicas: int | None
    workers: int | None
    batch_size: int | None
    budget: dict[str, Any] | None
    active_s: float | None
    iteration_began: dict[str, float] | None
    loop: list[LoopStage]
    owner: dict[str, Any] | None
    heartbeat: float | None
    alive: bool
    heartbeat_age_s: float | None
    hung: bool
    process: str
    request: str | None
    activity: str
    trouble: str
    undone: str
    short_of_room: str
    waits_for_cores: str
    polymers: dict[str, int]
    replicas_in_all: dict[str, int]
    simulations: Simulations
    tiers: list[TierProgress]
    iterations: list[IterationProgress]
    iterations_ended: int
    failures: dict[str, int]
    disk: Disk
    training_left_s: float | None
    model: Model | None
    journal: list[Event]

    @property
    def several_tiers(self) -> bool:
        """Whether polymers are simulated at more than one protocol."""
        return len(self.tiers) > 1

    @property
    def pid(self) -> int | None:
        """Number of the process that the lock names."""
        return self.owner["pid"] if self.owner else None


FACTS = (
    "state", "iteration", "reason", "started", "ended", "seed", "protocol", "force_field", "engine", "replicas",
    "workers", "batch_size", "budget", "active_s", "iteration_began", "owner", "heartbeat",
)  # fmt: skip


@at_one_moment
def progress(store: Store, journal_rows: int = 12, iterations: int | None = None) -> Progress:
    """How far a campaign is. The cost does not grow with the number of polymers, as that of its ranking does.

    `iterations` is how many of the last iterations are read, if not all of them.
    """
    return Progress(**progress_fields(store, journal_rows, iterations))


def progress_fields(store: Store, journal_rows: int, iterations: int | None) -> dict[str, Any]:
    """The fields of `Progress` by name, for classes that add some."""
    facts = store.facts()
    return {
        "name": facts.get("name", store.folder.name),
        "folder": str(store.folder),
        **{name: facts.get(name) for name in FACTS},
        **process_state(facts, store.folder),
        "loop": list(store.loop()),
        "request": store.requested() or ("a change of settings" if facts.get("asked_settings") else None),
        "activity": facts.get("activity", ""),
        "trouble": facts.get("trouble", ""),
        "undone": (facts.get("undone") or {}).get("why", ""),
        "short_of_room": facts.get("short_of_room", ""),
        "waits_for_cores": facts.get("waits_for_cores", ""),
        "polymers": _count(store, "polymers", "source"),
        "replicas_in_all": _count(store, "replicas", "status"),
        "simulations": simulations(store, facts),
        "tiers": tier_progress(store),
        "iterations": _iterations(store, iterations),
        "iterations_ended": store.iterations_ended(),
        "failures": store.failures(),
        "disk": disk(store, facts),
        "training_left_s": facts.get("training_left_s"),
        "model": store.last_model(),
        "journal": store.journal(limit=journal_rows),
    }


def progress_of_replicas(store: Store) -> dict[str, Any]:
    """The fields of `Progress` that change although nothing is written: progress of replicas, age of the heartbeat."""
    facts = store.facts()
    return {**process_state(facts, store.folder), "simulations": simulations(store, facts)}


def tier_progress(store: Store) -> list[TierProgress]:
    """Numbers and costs of the replicas of each tier, the cheapest first.

    Without a build that has ended, the cost is that of the nearest tier that has some, times the ratio of `work`.
    """
    tiers = store.tiers()
    rows = store.rows(
        "SELECT protocol, status, count(*) AS n, total(cpu_s) AS cpu_s, "
        "avg(CASE WHEN status = 'done' THEN cpu_s END) AS mean FROM replicas GROUP BY protocol, status"
    )
    found = {(row["protocol"], row["status"]): row for row in rows}
    means = [found.get((tier.protocol, "done"), {}).get("mean") for tier in tiers]
    known = {place: mean for place, mean in enumerate(means) if mean}
    progress = []
    for place, tier in enumerate(tiers):
        near = min(known, key=lambda other: (abs(other - place), other), default=None)
        progress.append(
            TierProgress(
                protocol=tier.protocol,
                **{name: found.get((tier.protocol, name), {}).get("n", 0) for name in STATUSES},
                cpu_s=sum(row["cpu_s"] for (protocol, _), row in found.items() if protocol == tier.protocol),
                mean_cpu_s=means[place],
                estimated_s=None if near is None else known[near] * tier.work / tiers[near].work,
            )
        )
    return progress


def escapes(store: Store) -> list[Escape]:
    """Actions that were taken instead of ending the campaign as saturated, in order."""
    return [Escape(**row) for row in store.get("escapes") or []]


def last_escape(store: Store) -> int:
    """The iteration of the last such action; 0 for none."""
    return max((row.iteration for row in escapes(store)), default=0)


def _count(store: Store, table: str, column: str) -> dict[str, int]:
    rows = store.rows(f"SELECT {column} AS name, count(*) AS n FROM {table} GROUP BY {column} ORDER BY {column}")
    return {row["name"]: row["n"] for row in rows}


def _iterations(store: Store, last: int | None) -> list[IterationProgress]:
    rows, new_string = store.iterations(last), store.new_string_verdicts()
    verdicts = store.verdicts(rows[0].n) if rows else {}
    return [_iteration(row, verdicts.get(row.n, {}), new_string) for row in rows]


def _iteration(row: Iteration, seen: dict[str, int], new_string: set[str]) -> IterationProgress:
    fresh = sum(seen.get(name, 0) for name in new_string)
    return IterationProgress(
        **vars(row),
        draws=sum(seen.values()),
        verdicts=seen,
        new_strings=fresh,
        duplicate_rate=seen.get("duplicate-symmetry", 0) / fresh if fresh else None,
    )
