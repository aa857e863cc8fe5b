"""Whether the limits of the campaign file allow more work. Finished work counts, planned work does not."""

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.judging import judge
from autodisco.campaign.states import advance
from autodisco.store import Store
from autodisco.text import counted


def budget_spent(campaign: Campaign, store: Store) -> str:
    """Which limit keeps the campaign from another iteration, as a sentence; empty for none.

    Replicas of a batch that was chosen ahead do not count, so that it does not matter how many of them have ended.
    """
    budget = campaign.settings.budget
    iteration = store.get("iteration")
    if budget.iterations and iteration >= budget.iterations:
        return f"{_done(iteration, 'iteration')} and the budget is {budget.iterations}"
    if budget.simulations and store.simulations_done(iteration) >= budget.simulations:
        return simulations_spent(campaign, store)
    hours = store.get("active_s", 0.0) / 3600.0
    if budget.hours and hours >= budget.hours:
        return f"{hours:.2f} hours are used and the budget is {budget.hours:g}"
    return ""


def simulations_spent(campaign: Campaign, store: Store) -> str:
    """Done and allowed simulations, as a sentence."""
    return f"{_done(store.simulations_done(), 'simulation')} and the budget is {campaign.settings.budget.simulations}"


def _done(n: int, noun: str) -> str:
    return f"{counted(n, noun)} {'is' if n == 1 else 'are'} done"


def simulations_left(campaign: Campaign, store: Store) -> int | None:
    """Replicas that may still be run; None without a limit. For the iteration ahead, those count that are planned."""
    limit = campaign.settings.budget.simulations
    planned = len(store.open_replicas()) if limit and store.is_ahead else 0
    return max(0, limit - store.simulations_done() - planned) if limit else None


def batch_size(campaign: Campaign, store: Store) -> int:
    """Candidates that an iteration draws for: `generate.batch_size`, or fewer where the rest of the budget is small.

    The last of them may get fewer replicas than the others.
    """
    left, size = simulations_left(campaign, store), campaign.settings.generate.batch_size
    return size if left is None else max(1, min(size, -(-left // campaign.settings.simulation.replicas)))


def end_spent(store: Store, spent: str) -> None:
    """End the campaign in the middle of an iteration; with a larger budget it goes on with what waits."""
    judge(store)
    with store.transaction():
        store.note("end", store.get("state"), decided="budget-spent", why=spent)
        advance(store, "budget-spent", spent)
