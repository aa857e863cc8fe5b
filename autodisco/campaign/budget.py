"""Whether the limits of the campaign file leave room for another iteration; asked before each one begins."""

from autodisco.campaign.campaign import Campaign
from autodisco.store import Store


def budget_spent(campaign: Campaign, store: Store) -> str:
    """Which limit keeps the campaign from another iteration, as a sentence; empty for none."""
    budget, settings = campaign.settings.budget, campaign.settings
    iteration = store.get("iteration")
    if budget.iterations and iteration >= budget.iterations:
        return f"{iteration} iterations are done and the budget is {budget.iterations}"
    if budget.simulations:
        used, another = len(store.replicas()), settings.generate.batch_size * settings.simulation.replicas
        if used + another > budget.simulations:
            done = f"{used} simulations are done, an iteration may take {another}"
            return f"{done}, and the budget is {budget.simulations}"
    hours = store.get("active_s", 0.0) / 3600.0
    if budget.hours and hours >= budget.hours:
        return f"{hours:.2f} hours are used and the budget is {budget.hours:g}"
    return ""
