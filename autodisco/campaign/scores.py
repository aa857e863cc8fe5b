"""Numbers of a polymer that the structure alone decides: those of the program, and those that the objectives name.

Values of the objectives may take long. They are calculated before a transaction, since nobody else could write
meanwhile, and kept by what calculates them.
"""

import contextlib
from collections.abc import Iterable
from typing import Any

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.states import Interrupted
from autodisco.polymer import Material, scores_of
from autodisco.store import Store


def known_scores(campaign: Campaign, material: Material) -> dict[str, Any]:
    """The scores of a material that the store keeps beside it, by column."""
    return scores_of(material) | campaign.wanted.of_structure(material.smiles)


def calculate(campaign: Campaign, texts: Iterable[str]) -> None:
    """Calculate the values that the structure decides, given canonical texts of materials, so that they are at hand
    later. Errors are left to those who ask later. Raises Interrupted between two materials."""
    if not any(one.structure for one in campaign.wanted.every):
        return
    for text in texts:
        if campaign.interrupted():
            raise Interrupted
        with contextlib.suppress(Exception):
            campaign.wanted.of_structure(text)


def ask_again(campaign: Campaign, store: Store) -> None:
    """Calculate anew what the store holds as unknown, such as a potential whose calculation was killed, and keep what
    is found. Raises Interrupted between two polymers.

    A process does not repeat what failed in it, so that this takes time only after the campaign was continued.
    """
    columns = [one.column for one in campaign.wanted.every if one.structure]
    for row in store.lacking_scores(columns) if columns else ():
        if campaign.interrupted():
            raise Interrupted
        values: dict[str, float | None] = {}
        with contextlib.suppress(Exception):  # it stays unknown
            values = campaign.wanted.of_structure(row.smiles)
        new = {name: value for name, value in values.items() if value is not None and row.scores.get(name) is None}
        if not new:
            continue
        with store.transaction():
            store.set_scores(row.key, row.scores | new)
            store.note("calculated", row.smiles, new, "keep the value", "an earlier calculation gave none")
