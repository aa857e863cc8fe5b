"""The end of a campaign whose best polymers are settled (`saturation.settled`)."""

import numpy as np

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.stages.stage import SETTLED
from autodisco.decide import Aim, best_known, chance_settled, ranking
from autodisco.decide.outlook import canonical
from autodisco.store import Store
from autodisco.text import joined


def settled_chance(campaign: Campaign, store: Store) -> float | None:
    """Probability that no other polymer that the campaign knows is better than its best ones; with several objectives,
    that none belongs to their front.

    None where the campaign file does not ask for it, and while there is no posterior.
    """
    from autodisco.decide.judge import further_aims, judged
    from autodisco.decide.trade_offs import chance_front_settled

    rule = campaign.settings.saturation
    judge = judged(store) if rule.settled else None
    if judge is None:
        return None
    aim = Aim(campaign.objective, judge.posterior)
    measured = canonical(row.monomer_smiles for row in ranking(store) if not row.violated)
    others = [*measured, *canonical(row.smiles for row in (*store.waiting(), *store.awaited()))]
    seed = campaign.seed(store.get("iteration"), SETTLED)
    if campaign.wanted.further:
        return chance_front_settled([aim, *further_aims(store)], measured, others, seed, rule.margin)
    best = best_known(aim, measured, campaign.settings.surrogate.best)
    return chance_settled(aim, best, others, np.random.default_rng(seed), rule.margin)


def why_settled(campaign: Campaign, chance: float) -> str:
    """The reason in words."""
    rule, k = campaign.settings.saturation, campaign.settings.surrogate.best
    unit = campaign.objective.unit if campaign.objective.scale.floor is None else "decades"
    margin = f"{rule.margin:g} {unit}".rstrip()
    if campaign.wanted.further:
        names = joined([one.name for one in campaign.wanted.aims])
        return (
            f"no other known polymer belongs to the front of {names} (margin {margin}, in proportion for the others) "
            f"with probability {chance:.2f} (asked: {rule.settled:g})"
        )
    return (
        f"no other known polymer is better than the worst of the best {k} by more than {margin} with "
        f"probability {chance:.2f} (asked: {rule.settled:g})"
    )
