"""A campaign as its stages see it: its settings, its folder, its randomness, and whether its work is interrupted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autodisco.campaign.running import executor_of, serving
from autodisco.campaign.settings import Settings
from autodisco.campaign.shared import seen_elsewhere
from autodisco.campaign.tiers import tiers_of
from autodisco.decide import Objective
from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.wanted import Wanted
from autodisco.store import CampaignTier

if TYPE_CHECKING:
    from autodisco.campaign.notify import Courier
    from autodisco.simulation.executors import Pool
    from autodisco.simulation.task import ReplicaTask


def never() -> str:
    """No reason to interrupt the work."""
    return ""


def silent(_: str) -> None:
    """Discard a line of progress."""


@dataclass
class Campaign:
    """What a stage is told. (`autodisco.Campaign` is what a person opens.)

    Attributes
    ----------
    settings : Settings
        Those of now: a person may change some while the campaign runs (`take`).
    folder : Path
        The campaign folder.
    interrupted : callable
        Why to leave the work at the next safe point, by raising `states.Interrupted`: ``signal``, ``pause``, ``stop``
        or ``hours``; empty to go on. Stages ask it often.
    say : callable
        Takes one line for a person who watches.
    """

    settings: Settings
    folder: Path
    interrupted: Callable[[], str] = never
    say: Callable[[str], None] = silent

    @cached_property
    def objective(self) -> Objective:
        """The objective by which the campaign ranks."""
        return self.wanted.objective

    @cached_property
    def wanted(self) -> Wanted:
        """Everything that it wants: objectives and constraints."""
        return self.settings.wanted()

    @cached_property
    def tiers(self) -> list[CampaignTier]:
        """Protocols at which it simulates polymers, the cheapest first."""
        return tiers_of(self.settings)

    @cached_property
    def pool(self) -> "Pool":
        """Where its replicas run while this process lasts."""
        from autodisco.simulation.executors import Pool

        stalled_s = 60.0 * self.settings.simulation.stalled_minutes
        return Pool(serving(self.settings, self.folder), self.interrupted, stalled_s, leave=True)

    @cached_property
    def courier(self) -> "Courier":
        """What delivers its notifications while this process lasts."""
        from autodisco.campaign.notify import Courier

        return Courier(self)

    def take(self, settings: Settings) -> None:
        """Go on with other settings, which differ in what may change. Replicas that run are not touched; the number of
        places, the time limits and the channels of notifications are others from now on."""
        self.settings = settings
        for name in ("tiers", "_protocol_names"):
            self.__dict__.pop(name, None)
        if "pool" in self.__dict__:
            self.pool.executor.resize(executor_of(settings).workers)
            self.pool.stalled_s = 60.0 * settings.simulation.stalled_minutes
        if "courier" in self.__dict__:
            self.courier.take(settings.notify)

    def tier_number(self, protocol: str) -> int:
        """Number of the tier of a protocol, given by its name; the first one has 0."""
        return [tier.protocol for tier in self.tiers].index(protocol)

    def protocol_name(self, task: "ReplicaTask") -> str:
        """Name of the protocol of a task, which may name a file."""
        return self._protocol_names[task.protocol]

    @cached_property
    def _protocol_names(self) -> dict[str, str]:
        """Names of the protocols of the tiers, by what tasks say."""
        given = (seen_elsewhere(self.settings, self.folder, tier.protocol) for tier in self.settings.tiers)
        return {seen: tier.protocol for seen, tier in reversed(list(zip(given, self.tiers, strict=True)))}

    @property
    def may_stop_early(self) -> bool:
        """Whether replicas may stop as their protocol allows: its rules are about a conductivity above that of the
        reference, and nothing else is asked of the simulation."""
        simulated = [one for one in self.wanted.every if not one.structure]
        return simulated == [CONDUCTIVITY]

    def seed(self, iteration: int, number: int, *parts: int | str) -> int:
        """A seed below 2³¹ for one piece of work, from campaign seed, iteration, seed number of the stage and parts.

        Parts are polymer keys and numbers. It depends on nothing else, in particular not on the order of the work.
        """
        numbers = [int(part, 16) if isinstance(part, str) else part for part in parts]
        sequence = np.random.SeedSequence(self.settings.seed, spawn_key=(iteration, number, *numbers))
        return int(sequence.generate_state(1)[0] >> 1)

    def model_path(self, number: int) -> Path:
        """File of model `number`; model 0 is trained on the seeds."""
        return self.folder / "models" / f"{number}.safetensors"
