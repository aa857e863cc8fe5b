"""The finalists of a campaign, simulated at several molalities and temperatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from autodisco.api.builds import Builds, Watch
from autodisco.api.scan import How, Scan, scanned, within
from autodisco.limits import MOLALITY, TEMPERATURE_K

if TYPE_CHECKING:
    from autodisco.campaign.build_costs import BuildCost
    from autodisco.campaign.finalists import Finalist
    from autodisco.simulation.batch import Subject

MOLALITIES = (0.5, 1.0, 1.5, 2.0, 3.0)
"""Mol of salt per kg of polymer and solvent, by default."""


class FinalistOptions(TypedDict, total=False):
    """Options of the builds of finalists; force field, engine and seed are those of the campaign.

    Attributes
    ----------
    executor : ``local``, or ``path/to/file.py:class``; by default ``local`` for a campaign that simulates on this
        machine
    workers, threads, timeout_minutes : as in `autodisco.api.builds.BuildOptions`
    """

    executor: str
    workers: int
    threads: int
    timeout_minutes: float | None


@dataclass(frozen=True)
class Plan:
    """The conditions of one finalist: subjects by molality (mol/kg), and temperatures (K)."""

    of: Finalist
    by_molality: Mapping[float, Subject]
    temperatures_k: Sequence[float]
    how: How

    @property
    def conditions(self) -> int:
        """Their number."""
        return len(self.by_molality) * len(self.temperatures_k)

    @property
    def missing(self) -> int:
        """How many builds have not ended yet."""
        from autodisco.simulation import protocols, scan
        from autodisco.simulation.cache import OUTCOME

        names = [protocols.load(scan.protocol_at(self.how.protocol, kelvin)).name for kelvin in self.temperatures_k]
        places = [self.how.builds.place(subject, name) for subject in self.by_molality.values() for name in names]
        return sum(not (place / str(n) / OUTCOME).exists() for place in places for n in range(self.how.replicas))

    def run(self, progress: Callable[[str], None], watch: Watch | None = None) -> Scan:
        """Simulate what is missing."""
        return scanned(
            self.of.given, self.of.subject, self.by_molality, self.temperatures_k, self.how, progress, watch
        )  # fmt: skip


@dataclass(frozen=True)
class Plans:
    """What is to be simulated of a campaign, and what a build of it costs."""

    each: list[Plan]
    cost: BuildCost


def plan(
    folder: Path,
    best: int = 3,
    molality: Sequence[float] = (),
    temperature_k: Sequence[float] = (),
    protocol: str | None = None,
    replicas: int = 3,
    **options: Unpack[FinalistOptions],
) -> Plans:
    """What `Campaign.simulate_finalists` runs.

    Raises InputError for a campaign without values, for values out of range, and for an executor whose builds go on
    without this process.
    """
    from autodisco import campaign as campaigns
    from autodisco.campaign import finalists as of_campaign
    from autodisco.simulation import protocols, scan
    from autodisco.store import Store

    campaign = campaigns.open_folder(folder)
    with Store.open_readonly(folder) as store:
        chosen = of_campaign.finalists(store, best)
    protocol = protocol or of_campaign.protocol_of(campaign)
    kelvins = within("temperature", temperature_k, TEMPERATURE_K) or [protocols.load(protocol).temperature_k]
    salts = within("molality", molality or MOLALITIES, MOLALITY)
    simulation = campaign.settings.simulation
    builds = Builds(
        simulation.force_field,
        simulation.engine,
        options.get("executor") or of_campaign.executor_of_builds(campaign),
        options.get("workers", 0),
        options.get("threads", 1),
        campaign.settings.seed,
        options.get("timeout_minutes"),
        of_campaign.folder_of(campaign),
    )
    how = How(protocol, replicas, builds.resolved())
    plans = [Plan(one, scan.at_molalities(one.subject, salts, protocol), kelvins, how) for one in chosen]
    return Plans(plans, of_campaign.build_cost(campaign, protocol))
