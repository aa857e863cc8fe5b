"""The end of a campaign whose best polymers are settled (`saturation.settled`)."""

import numpy as np

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.stages.stage import SETTLED
from autodisco.decide import Aim, best_known, chance_settled, ranking
from autodisco.decide.outlook import canonical
from autodisco.store import Store


def settled_chance(campaign: Campaign, store: Store) -> float | None:
    """Probability that no other polymer that the campaign knows is better than its best ones.

    None where the campaign file does not ask for it, and while there is no posterior.
    """
    from autodisco.decide.judge import judged

    rule = campaign.settings.saturation
    judge = judged(store) if rule.settled else None
    if judge is None:
        return None
    aim = Aim(campaign.objective, judge.posterior)
    measured = canonical(row.monomer_smiles for row in ranking(store) if not row.violated)
    best = best_known(aim, measured, campaign.settings.surrogate.best)
    others = [*measured, *canonical(row.smiles for row in (*store.waiting(), *store.awaited()))]
    rng = np.random.default_rng(campaign.seed(store.get("iteration"), SETTLED))
    return chance_settled(aim, best, others, rng, rule.margin)


def why_settled(campaign: Campaign, chance: float) -> str:
    """The reason in words."""
    rule, k = campaign.settings.saturation, campaign.settings.surrogate.best
    unit = campaign.objective.unit if campaign.objective.scale.floor is None else "decades"
    margin = f"{rule.margin:g} {unit}".rstrip()
    return (
        f"no other known polymer is better than the worst of the best {k} by more than {margin} with "
        f"probability {chance:.2f} (asked: {rule.settled:g})"
    )
