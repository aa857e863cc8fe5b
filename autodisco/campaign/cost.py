"""What the next iteration of a campaign will cost: builds, hours, and disk (`build_costs`)."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autodisco.campaign.architecture import reference_of
from autodisco.campaign.budget import batch_size
from autodisco.campaign.build_costs import BuildCost, build_costs, experience
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.running import AtHand, at_hand, executor_of
from autodisco.campaign.seeds import usable_seeds
from autodisco.campaign.shared import shared_folder
from autodisco.campaign.tiers import timeout_s
from autodisco.errors import NoCampaign
from autodisco.files import nearest_existing
from autodisco.simulation import engines, protocols
from autodisco.simulation.executors.cards import found
from autodisco.simulation.executors.cluster_settings import cluster_settings
from autodisco.store import Record, Store
from autodisco.text import counted, duration, size


@dataclass(frozen=True)
class Phase(Record):
    """A part of a campaign: builds by protocol, hours, and GB on the disk; None where a rate is not known.

    GPU hours are zero where replicas run on cores.
    """

    name: str
    builds: dict[str, float]
    cpu_h: float | None
    gpu_h: float | None
    wall_h: float | None
    disk_gb: float | None


@dataclass(frozen=True)
class Cost(Record):
    """Costs of a build of each protocol, of a training (s, None where unknown), and of the parts of the campaign with
    so many replicas at a time; `limit` says which cores or GPUs have fewer places than that, empty where none."""

    workers: int
    limit: str
    builds: list[BuildCost]
    training_s: float | None
    phases: list[Phase]

    def over_time(self, campaign: Campaign) -> list[str]:
        """Protocols whose builds are expected to take longer than they may, as sentences."""
        limits = [timeout_s(campaign.settings, number) for number in range(len(campaign.settings.tiers))]
        return [
            f"a build of {build.protocol} takes about {duration(build.wall_s)} and may take {duration(limit)} "
            "(simulation.timeout_minutes)"
            for build, limit in zip(self.builds, limits, strict=True)
            if build.wall_s and build.wall_s > limit
        ]

    def over_disk(self, campaign: Campaign) -> list[str]:
        """The first part of the campaign for which the disk is expected to be too small, as a sentence."""
        existing = nearest_existing(shared_folder(campaign.settings) or campaign.folder)
        kept = campaign.settings.simulation.least_free_disk_gb
        free = max(0.0, shutil.disk_usage(existing).free - 1e9 * kept)
        return [
            f"{phase.name}: about {size(1e9 * phase.disk_gb)} of disk, and {size(free)} are free at {existing} beside "
            f"the {kept:g} GB of simulation.least_free_disk_gb"
            for phase in self.phases
            if phase.disk_gb and 1e9 * phase.disk_gb > free
        ][:1]


def cost(campaign: Campaign) -> Cost:
    """The cost of the next iteration of a campaign, new or begun; it changes nothing.

    Raises AutodiscoError where the campaign cannot be read.
    """
    loaded = [protocols.load(tier.protocol) for tier in campaign.settings.tiers]
    executor = executor_of(campaign.settings)
    known = experience(campaign)
    builds = build_costs(campaign, loaded, known)
    taken = next((one.training_s for one in known if one.training_s), None)
    share = _share_of_card(campaign, executor.workers)
    hands = at_hand(campaign.settings, executor)
    phase = partial(_phase, builds=builds, workers=executor.workers, hands=hands, card=share, training=taken)
    each = phase("an iteration", _iteration(campaign))
    first, phases, (state, ended, used_h) = None, [each], _reached(campaign)
    if state in (None, "prepare"):
        first = phase("before the first iteration", _preparation(campaign))
        phases = [first, each]
    if (left := campaign.settings.budget.iterations - ended) > 0:
        told = f"all of {counted(left, 'iteration')}" if first else f"{counted(left, 'iteration')} that may follow"
        phases.append(_sum(told, first, each, left))
    if within := _within_hours(campaign, first, each, used_h):
        phases.append(within)
    limit = hands.told if hands and hands.replicas < executor.workers else ""
    return Cost(executor.workers, limit, builds, taken, phases)


def _reached(campaign: Campaign) -> tuple[str | None, int, float]:
    """State of a campaign, None for a new one, the number of its iterations that have ended, and its hours at work."""
    try:
        with Store.open_readonly(campaign.folder) as store:
            return store.get("state"), store.iterations_ended(), store.get("active_s", 0.0) / 3600
    except NoCampaign:
        return None, 0, 0.0


def seeds_by_label(campaign: Campaign) -> tuple[dict[str, int], set[str]]:
    """Keys of the polymers of the seed file: those with a value of the first tier and its number of builds, and those
    without one, which may hold the reference. Raises InputError for a file that cannot be used."""
    settings, path = campaign.settings, campaign.settings.seeds.file
    seeds = usable_seeds(Path(path), settings.wanted().objective).seeds if path else []
    here = campaign.tiers[0].protocol, settings.simulation.force_field
    labelled = {
        row.unit.key: row.n_replicas or 1
        for row in seeds
        if row.value is not None and (row.protocol, row.force_field) == here
    }
    return labelled, {row.unit.key for row in seeds} - labelled.keys()


def _preparation(campaign: Campaign) -> list[float]:
    """Builds at each tier before the first iteration: the reference, and seeds without a value."""
    settings, tiers = campaign.settings, campaign.tiers
    labelled, missing = seeds_by_label(campaign)
    of_reference, reference = tiers[0].reference_replicas, reference_of(settings).key
    builds = 0 if labelled.get(reference, 0) >= of_reference else of_reference
    if settings.seeds.simulate_missing:
        builds += tiers[0].replicas * len(missing - {reference})
    return [float(builds), *(0.0 for _ in tiers[1:])]


def _iteration(campaign: Campaign) -> list[float]:
    """Builds at each tier in an iteration, at most: those of the batch, and those of further tiers for each of them."""
    try:
        with Store.open_readonly(campaign.folder) as store:
            polymers = batch_size(campaign, store)
    except NoCampaign:
        settings = campaign.settings
        limit = settings.budget.simulations
        most = -(-limit // settings.simulation.replicas) if limit else settings.generate.batch_size
        polymers = min(settings.generate.batch_size, most)
    polymers = min(polymers, campaign.settings.filter.most_selected or polymers)
    builds = [float(polymers * campaign.tiers[0].replicas)]
    for tier in campaign.tiers[1:]:
        builds.append(builds[-1] / tier.builds_below)
    return builds


def _share_of_card(campaign: Campaign, workers: int) -> float:
    """The part of a GPU that a replica has; 0 where replicas run on cores, or it is not known."""
    executor = executor_of(campaign.settings)
    if campaign.settings.executor.kind == "psij":
        given = cluster_settings(campaign.settings.executor.options)
        return given.gpus / given.slots
    if not executor.here or not engines.load(campaign.settings.simulation.engine).has_gpu():
        return 0.0
    cards = campaign.settings.executor.options.get("gpus")
    return min(1.0, len(found() if cards is None else cards) / workers)


def _phase(
    name: str,
    numbers: list[float],
    builds: list[BuildCost],
    workers: int,
    hands: AtHand | None,
    card: float,
    training: float | None,
) -> Phase:
    """The cost of so many builds of each protocol and the training of a model after them. Cores compute no more than
    one CPU second each a second, and times of builds alone hold for as many as there are places."""
    wanted = [(number, build) for number, build in zip(numbers, builds, strict=True) if number]
    cpu = _total((number, build.cpu_s) for number, build in wanted)
    n_bytes = _total((number, build.n_bytes) for number, build in wanted)
    places = min(workers, hands.replicas) if hands else workers
    busy = _total((number / (places if build.is_alone else workers), build.wall_s) for number, build in wanted)
    computing = cpu / hands.cores if hands and cpu is not None else 0.0
    longest = max((build.wall_s or 0.0 for number, build in wanted if number >= 1), default=0.0)
    return Phase(
        name=name,
        builds={build.protocol: number for number, build in zip(numbers, builds, strict=True)},
        cpu_h=None if cpu is None else (cpu + (training or 0.0)) / 3600,
        gpu_h=None if busy is None else busy * workers * card / 3600,
        wall_h=None if busy is None else (max(longest, busy, computing) + (training or 0.0)) / 3600,
        disk_gb=None if n_bytes is None else n_bytes / 1e9,
    )


def _total(parts: Iterable[tuple[float, float | None]]) -> float | None:
    """Sum of numbers times amounts; None if an amount is unknown."""
    known = list(parts)
    return None if any(amount is None for _, amount in known) else sum(n * (amount or 0.0) for n, amount in known)


def _within_hours(campaign: Campaign, first: Phase | None, each: Phase, used_h: float) -> Phase | None:
    """What the rest of `budget.hours` allows; None without this limit, and where an iteration is not known to last."""
    left_h = campaign.settings.budget.hours - used_h
    before_h = first.wall_h if first else 0.0
    if left_h <= 0 or before_h is None or not each.wall_h:
        return None
    iterations = max(0, int((left_h - before_h) / each.wall_h))
    polymers = iterations * next(iter(each.builds.values())) / campaign.tiers[0].replicas
    told = f"{left_h:.4g} hours: about {counted(iterations, 'iteration')}, {counted(round(polymers), 'polymer')}"
    return _sum(told, first, each, iterations)


def _sum(name: str, first: Phase | None, each: Phase, iterations: int) -> Phase:
    """The first phase, if there is one, and so many iterations."""

    def both(amount: str) -> float | None:
        once, again = getattr(first, amount) if first else 0.0, getattr(each, amount)
        return None if once is None or again is None else once + iterations * again

    builds = {
        protocol: (first.builds[protocol] if first else 0.0) + iterations * number
        for protocol, number in each.builds.items()
    }
    return Phase(name, builds, both("cpu_h"), both("gpu_h"), both("wall_h"), both("disk_gb"))
