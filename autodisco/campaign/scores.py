"""Numbers of a polymer that the structure alone decides: those of the program, and those that the objectives name."""

from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.polymer import Material, scores_of


def known_scores(campaign: Campaign, material: Material) -> dict[str, Any]:
    """The scores of a material that the store keeps beside it, by column."""
    return scores_of(material) | campaign.wanted.of_structure(material.smiles)
