"""simulate: each replica of the batch gets properties with errors, or a failure code, and the journal keeps both."""

from collections import Counter

from autodisco.campaign.budget import end_spent, simulations_left, simulations_spent
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.failures import check_failures
from autodisco.campaign.overlap import choose_ahead, is_due
from autodisco.campaign.pool import calculate_pool, choose_batch
from autodisco.campaign.promoting import weigh_tiers
from autodisco.campaign.replicas import finish, settle
from autodisco.campaign.stages.stage import NEXT, SIMULATION, Event, Stage
from autodisco.campaign.states import advance
from autodisco.store import Store


def simulate(campaign: Campaign, store: Store) -> None:
    """Plan and run the replicas of the new polymers. A polymer whose replicas all failed keeps their failure codes.

    Raises AutodiscoError if too many failed.
    """
    plan_batch(campaign, store)
    budget = None
    while budget != campaign.settings.budget:  # a person may raise it meanwhile
        budget = campaign.settings.budget
        settle(campaign, store)
    iteration = store.get("iteration")
    if any(row.status == "waiting" for row in store.batch_replicas()):
        finish(campaign, store)
        end_spent(store, simulations_spent(campaign, store))
        return
    if is_due(campaign, store):
        choose_ahead(campaign, store)
    check_failures(campaign, store)
    counts = Counter(row.status for row in store.batch_replicas())
    with store.hiding(store.later_keys()), store.transaction():
        why = "every replica has a value or a failure code"
        store.note("simulated", f"iteration {iteration}", dict(counts), "acquire", why)
        weigh_tiers(store)
        advance(store, "settled")


def plan_batch(campaign: Campaign, store: Store) -> None:
    """Plan the replicas of the polymers that the selection chooses, once, as many as the budget leaves."""
    iteration, first = store.get("iteration"), campaign.tiers[0]
    replicas = 1 if first.protocol in store.starved() else first.replicas
    if store.batch_replicas():
        return
    calculate_pool(campaign, store)
    with store.transaction():
        batch = choose_batch(campaign, store, campaign.seed(iteration, SIMULATION))
        wanted = [(row.key or "", number) for row in batch for number in range(replicas)]
        # If the budget is below what is done already, all of them are planned, and wait for a larger one.
        for key, number in wanted[: simulations_left(campaign, store) or None]:
            store.plan_replica(key, first.protocol, number, iteration)


SIMULATE = Stage(
    name="simulate",
    does="simulates what is new",
    seed_number=SIMULATION,
    after=("generate", "filter"),
    run=simulate,
    events={
        "settled": Event(
            NEXT,
            "every replica has a value or a failure code",
            "values and codes, each written as it came, are counted",
        ),
    },
)
