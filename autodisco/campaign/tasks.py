"""The tasks of the replicas of a campaign, which executors run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.overlap import not_yet_known
from autodisco.campaign.running import engine_of
from autodisco.campaign.shared import seen_elsewhere
from autodisco.campaign.stages.stage import SIMULATION
from autodisco.campaign.tiers import timeout_s
from autodisco.decide import comparison, value_of
from autodisco.polymer import read_material
from autodisco.store import ReplicaState, Store

if TYPE_CHECKING:
    from autodisco.simulation.early import Benchmark
    from autodisco.simulation.task import ReplicaTask


@dataclass(frozen=True)
class _Tier:
    """What the tasks of a protocol have in common."""

    number: int
    protocol: str
    timeout_s: float
    may_stop_below: bool


class Tasks:
    """Makes the tasks of replicas as they are needed; what these have in common is looked up once.

    In particular, all of a batch are compared with the same benchmark: the reference, by what is known whenever the
    first of them starts (`overlap.not_yet_known`). Those of seeds and of further tiers are compared with the reference
    as of the first task that was made while it had a value.
    """

    def __init__(self, campaign: Campaign, store: Store):
        self.campaign, self.store = campaign, store
        self._engine = self._seen(engine_of(campaign.settings, campaign.pool.executor))
        self._force_field, self._reference = store.get("force_field"), store.get("reference_key")
        self._tiers: dict[str, _Tier] = {}
        self._of = campaign.settings
        self._benchmarks: dict[tuple[str, int], Benchmark] = {}

    def of(self, row: ReplicaState) -> ReplicaTask:
        """The task of a planned replica."""
        from autodisco.simulation import formulation
        from autodisco.simulation.task import ReplicaTask, mending

        campaign, tier = self.campaign, self._tier(row.protocol)
        polymer = self.store.polymer(row.key)
        assert polymer is not None, "a planned replica has its polymer"
        material = read_material(polymer.given)
        homopolymer = material.homopolymer
        parts: list[int | str] = [row.key, row.replica, row.attempt, *([tier.number] if tier.number else [])]
        return ReplicaTask(
            key=row.key,
            monomer_smiles=homopolymer.given if homopolymer else polymer.given,
            replica=row.replica,
            seed=campaign.seed(row.iteration, SIMULATION, *parts),
            protocol=tier.protocol,
            force_field=self._seen(campaign.settings.simulation.force_field),
            folder=self.store.replica_folder(row.key, row.protocol, row.replica).absolute(),
            timeout_s=tier.timeout_s,
            attempt=row.attempt,
            **mending(row.failure_code if row.attempt > 0 else None),
            engine=self._engine,
            benchmark=self._benchmark(row) if tier.may_stop_below else None,
            may_stop_early=campaign.may_stop_early,
            force_field_name=self._force_field,
            formulation=None if homopolymer else formulation.of(material),
        )

    def update(self, task: ReplicaTask, **columns: Any) -> None:
        """Set columns of the replica of a task."""
        self.store.update_replica(*identity(self.campaign, task), **columns)

    def _seen(self, name: str) -> str:
        return seen_elsewhere(self.campaign.settings, self.campaign.folder, name)

    def _tier(self, name: str) -> _Tier:
        from autodisco.simulation import protocols

        if self._of is not self.campaign.settings:  # a person changed some of them
            self._tiers, self._of = {}, self.campaign.settings
        if name not in self._tiers:
            settings, number = self.campaign.settings, self.campaign.tier_number(name)
            protocol = settings.tiers[number].protocol
            below = self.campaign.may_stop_early and protocols.load(protocol).production.stop_below_with_confidence
            self._tiers[name] = _Tier(number, self._seen(protocol), timeout_s(settings, number), bool(below))
        return self._tiers[name]

    def _benchmark(self, row: ReplicaState) -> Benchmark | None:
        """The reference with its error, with which a replica is compared that may stop below it."""
        from autodisco.simulation.early import Benchmark

        if row.key == self._reference:
            return None
        of_batch = bool(row.iteration) and not self._tier(row.protocol).number
        what = row.protocol, row.iteration if of_batch else 0
        if what not in self._benchmarks:
            hidden = not_yet_known(self.campaign, self.store, row.iteration) if of_batch else frozenset()
            with self.store.hiding(hidden):
                if value_of(self.store, self._reference, row.protocol):
                    known = comparison(self.store, row.protocol)
                    place, error = known.place(self._reference)
                    self._benchmarks[what] = Benchmark(10**place, error, known.replica_sd, known.degrees)
        return self._benchmarks.get(what)


def identity(campaign: Campaign, task: ReplicaTask) -> tuple[str, str, int]:
    """Key, name of the protocol and number of the replica of a task."""
    return task.key, campaign.protocol_name(task), task.replica


def subject(campaign: Campaign, task: ReplicaTask) -> str:
    """A replica as the journal names it: with its protocol if the campaign has several."""
    at = f" at {campaign.protocol_name(task)}" if len(campaign.tiers) > 1 else ""
    return f"{task.monomer_smiles} replica {task.replica}{at}"
