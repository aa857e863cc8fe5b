"""The finalists of a campaign, its reference and the best of its ranking, to be simulated at several conditions.

Their builds and results lie in ``finalists/`` of the campaign folder. They are no values of the campaign, which
compares polymers at one condition.
"""

from dataclasses import dataclass
from pathlib import Path

from autodisco.campaign.build_costs import BuildCost, build_costs, experience
from autodisco.campaign.campaign import Campaign
from autodisco.decide import ranking
from autodisco.errors import InputError
from autodisco.polymer import read_material
from autodisco.simulation import formulation, protocols
from autodisco.simulation.batch import Subject
from autodisco.simulation.executors import EXECUTORS
from autodisco.store import FINALISTS, Store


@dataclass(frozen=True)
class Finalist:
    """A polymer to scan: its place in the ranking (0 for the reference), its text, and what is in its boxes."""

    rank: int
    given: str
    subject: Subject


def finalists(store: Store, best: int) -> list[Finalist]:
    """The reference, if it has a value, then the `best` other polymers of the ranking that violate no constraint.

    Raises InputError while no polymer has a value.
    """
    rows = ranking(store)
    if not rows:
        raise InputError(
            f"campaign {store.get('name')}: no polymer has a value yet, so that there are no finalists; "
            "see autodisco status"
        )
    reference = [row for row in rows if row.verdict == "reference"]
    others = [row for row in rows if row.verdict not in ("reference", "excluded")][:best]
    return [_finalist(0, row.monomer_smiles) for row in reference] + [
        _finalist(row.rank, row.monomer_smiles) for row in others
    ]


def folder_of(campaign: Campaign) -> Path:
    """Folder of the builds and results of its finalists."""
    return campaign.folder / FINALISTS


def protocol_of(campaign: Campaign) -> str:
    """The protocol of the highest tier. Raises InputError for one of measured values, which cannot be simulated."""
    name = campaign.settings.tiers[-1].protocol
    if protocols.load(name).measured:
        raise InputError(f"protocol {name} of the campaign is of measured values; name one of simulations: --protocol")
    return name


def executor_of_builds(campaign: Campaign) -> str:
    """The executor of builds where none is named. Raises InputError for a campaign that simulates on other machines,
    since these builds run where the command runs."""
    kind, name = campaign.settings.executor.kind, campaign.settings.name
    if EXECUTORS.get(kind).here:
        return "local"
    raise InputError(
        f"campaign {name} simulates on other machines (executor.kind = {kind!r}), and finalists run where the command "
        f"runs: add --executor local, on a cluster in a job such as sbatch --wrap 'autodisco finalists {name} "
        "--executor local'"
    )


def build_cost(campaign: Campaign, protocol: str) -> BuildCost:
    """What a build with a protocol costs, from what builds have cost so far."""
    return build_costs(campaign, [protocols.load(protocol)], experience(campaign))[0]


def _finalist(rank: int, text: str) -> Finalist:
    material = read_material(text)
    return Finalist(rank, text, material.homopolymer or formulation.of(material))
