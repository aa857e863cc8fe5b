"""Builds at further tiers, which take places of a campaign beside its batch; each is a decision in the journal.

Whose turn it is follows from the numbers of builds, and which polymer from the posterior as of that moment
(`autodisco.decide.promotion`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from autodisco.campaign.budget import simulations_left
from autodisco.campaign.campaign import Campaign
from autodisco.decide import ranking
from autodisco.decide.measured import wanted_of
from autodisco.decide.promotion import Build, Tier, due_tiers, next_builds
from autodisco.store import ReplicaState, Store, TierProgress, tier_progress
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.decide.judge import Judge  # with RDKit and SciPy


class Promotions:
    """Chooses builds at further tiers for the free places of a campaign.

    They take all places but one at most, so that the batch goes on; with a single place they take turns with it.
    """

    def __init__(self, campaign: Campaign, store: Store):
        self._campaign, self._store = campaign, store
        self._nothing: object = None

    def next(self) -> ReplicaState | None:
        """The replica to run next, which waits in the store until it has started; None for one of the batch."""
        tiers, pool = self._campaign.tiers, self._campaign.pool
        if len(tiers) == 1:
            return None
        first = tiers[0].protocol
        running = sum(self._campaign.protocol_name(task) != first for task in pool.running)
        if running >= max(1, pool.executor.workers - 1):
            return None
        begun = (row for row in self._store.open_replicas() if row.protocol != first and row.status == "waiting")
        return next(begun, None) or self._promoted()

    def _promoted(self) -> ReplicaState | None:
        """Choose a build if it is the turn of a further tier; the choice is journalled."""
        progress = tier_progress(self._store)
        starved, totals = self._store.starved(), started(progress)
        due = due_tiers(self._tiers(progress), totals, starved)
        left = simulations_left(self._campaign, self._store)
        open_ = sum(row.waiting + row.running for row in progress)
        if not due or (left is not None and open_ >= left):
            return None
        seen = self._store.values_seen(), totals, starved
        if seen == self._nothing:  # nothing has changed since no polymer was found
            return None
        found = self._chosen(progress, {self._campaign.tiers[number].protocol for number in due})
        self._nothing = None if found else seen
        return found

    def _chosen(self, progress: list[TierProgress], due: set[str]) -> ReplicaState | None:
        from autodisco.decide.judge import judged

        if (judge := judged(self._store)) is None:
            return None
        view = View(self._store, judge)
        builds = next_builds(
            view.outlook, self._tiers(progress), view.builds, 1, view.reference, self._store.starved(), view.told
        )
        build = next((one for one in builds if one.source in due), None)
        return self._plan(view, build, progress) if build else None

    def _plan(self, view: View, build: Build, progress: list[TierProgress]) -> ReplicaState:
        """Write a build that was chosen into the store and the journal."""
        store, key, names = self._store, view.keys[build.unit], [row.protocol for row in progress]
        polymer, number = store.polymer(key), view.builds[build]
        assert polymer is not None, "a polymer with a value is known"
        here, below = progress[names.index(build.source)], progress[names.index(build.source) - 1]
        seen = {
            **view.said(build.unit),
            f"builds of {below.protocol}": started(progress)[below.protocol],
            f"builds of {here.protocol}": started(progress)[here.protocol],
            "cpu_s": here.cost_s and round(here.cost_s),
        }
        if build.unit == view.reference:
            why = f"it is the turn of {here.protocol}, where the reference comes first"
        else:
            why = f"it is the turn of {here.protocol}; highest mean plus standard deviation of {view.compared}"
        with store.transaction():
            store.plan_replica(key, build.source, number, store.get("iteration"))
            store.note("promote", polymer.given, seen, f"build {number + 1} at {build.source}", why)
        planned = store.replica_state(key, build.source, number)
        assert planned is not None, "it was planned"
        return planned

    def _tiers(self, progress: list[TierProgress]) -> list[Tier]:
        return [
            Tier(tier.protocol, row.cost_s or tier.work, tier.replicas, tier.reference_replicas, tier.builds_below)
            for tier, row in zip(self._campaign.tiers, progress, strict=True)
        ]


def started(progress: list[TierProgress]) -> Counter[str]:
    """Builds of each tier; those of the batch that still wait do not count."""
    first = progress[0].protocol
    return Counter(
        {row.protocol: row.running + row.done + row.failed + (0 if row.protocol == first else row.waiting)
         for row in progress}
    )  # fmt: skip


class View:
    """The polymers of a campaign as `next_builds` sees them.

    Attributes
    ----------
    outlook : of the polymers with a value at a tier, with builds at further tiers that run taken as done
    builds : how many there are, those that run or wait included
    told : builds that came with files
    keys : keys of the polymers by their canonical repeat units
    reference : canonical repeat unit of the reference
    """

    def __init__(self, store: Store, judge: Judge):
        from autodisco.decide.outlook import Aim, Outlook

        tiers = [tier.protocol for tier in store.tiers()]
        units = store.units()
        rows = [row for row in store.replica_states() if row.protocol in tiers]
        labels = [label for label in judge.labels if label.source in tiers]
        self.keys = {unit: key for key, unit in units.items()}
        self.builds = Counter(Build(units[row.key], row.protocol) for row in rows)
        self.told = Counter(
            {build: label.builds for label in labels if not self.builds[build := Build(label.smiles, label.source)]}
        )
        self.reference = units.get(store.get("reference_key") or "")
        pending = Counter(
            Build(units[row.key], row.protocol)
            for row in rows
            if row.status in ("waiting", "running") and row.protocol != tiers[0]
        )
        posterior = judge.posterior
        for build, n in sorted(pending.items(), key=lambda item: (item[0].source, item[0].unit)):
            posterior = posterior.condition([build.unit], build.source, n)
        self._objective = judge.objective
        excluded = _excluded(store)
        open_ = sorted({label.smiles for label in labels if self.keys[label.smiles] not in excluded})
        self.outlook = Outlook(Aim(judge.objective, posterior), open_)

    @property
    def compared(self) -> str:
        """How many polymers were compared, in words."""
        return counted(len(self.outlook.units), "polymer")

    def said(self, unit: str) -> dict[str, Any]:
        """What the posterior expects of a polymer: median and 90 % interval, and the score by which it was chosen."""
        from autodisco.decide.selections.batch_ucb import BETA

        aim = self.outlook.aim
        found = aim.posterior.predict([unit])
        ends = np.concatenate([found.low, found.mean, found.high])
        low, middle, high = aim.objective.scale.values(ends).tolist()
        worth, error = aim.worths(found.mean, found.sd)
        score = float(worth[0]) + BETA * float(error[0])
        names = [aim.objective.columns[name] for name in ("expected", "expected_low", "expected_high")]
        return {"score": round(score, 3), **dict(zip(names, (middle, low, high), strict=True))}


def _excluded(store: Store) -> set[str]:
    """Keys of polymers that violate a constraint."""
    return {row.key for row in ranking(store) if row.violated} if wanted_of(store).constraints else set()


def weigh_tiers(store: Store) -> None:
    """Journal what the tiers have cost, and starve those that do not help to predict the values of the highest one.

    Part of the transaction that ends the simulations of an iteration.
    """
    from autodisco.decide.judge import contributions, judged

    progress = tier_progress(store)
    if len(progress) == 1:
        return
    seen: dict[str, Any] = {f"builds of {row.protocol}": row.done + row.failed for row in progress}
    seen |= {f"CPU-seconds of {row.protocol}": round(row.cpu_s) for row in progress}
    judge = judged(store)
    gains = contributions(judge, [row.protocol for row in progress]) if judge else {}
    seen |= {f"contribution of {name}": round(gain, 3) for name, gain in gains.items()}
    starved = sorted(name for name, gain in gains.items() if gain <= 0)
    changed = starved != sorted(store.starved())
    decided = f"starve {', '.join(starved)}" if starved else "starve none"
    top = progress[-1].protocol
    why = (
        f"contribution: nats by which the builds of a tier improve what is said of each value of {top} that is left out"
        if gains
        else f"too few values of {top} to tell what the tiers below contribute"
    )
    store.set(starved=starved, contributions=gains)
    store.note("tiers", f"iteration {store.get('iteration')}", seen, decided + (" (new)" if changed else ""), why)
