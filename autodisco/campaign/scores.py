"""Numbers of a polymer that the structure alone decides: those of the program, and those that the objectives name."""

from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.polymer import RepeatUnit, scores


def scores_of(campaign: Campaign, unit: RepeatUnit) -> dict[str, Any]:
    """The scores of a repeat unit that the store keeps beside it, by column."""
    return scores(unit) | campaign.wanted.of_structure(unit.smiles)
