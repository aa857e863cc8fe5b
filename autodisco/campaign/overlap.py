"""The batch of the next iteration, chosen while the last replicas of the present one run (`loop.overlap`).

No decision depends on which replicas happened to be done. The next batch is drawn from the model from which the present
one was drawn. It is chosen by the values of all iterations before, and of the first part of the present batch in the
order in which replicas start; what is there of the rest does not count. What the present iteration decides in the end
does not count values of the next batch.
"""

import contextlib
import math

from autodisco.campaign.budget import simulations_left
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.judging import judge
from autodisco.campaign.stages import SIMULATE, STAGES
from autodisco.campaign.states import NotAhead
from autodisco.store import ReplicaState, Store, copied_part


def last_part(campaign: Campaign, store: Store, iteration: int) -> frozenset[str]:
    """Keys of the polymers of a batch that may still run when the next one is chosen: the last ones to start."""
    keys = sorted({row.key for row in store.replica_states(iteration, campaign.tiers[0].protocol)})
    number = math.ceil(campaign.settings.loop.overlap * len(keys))
    return frozenset(keys[len(keys) - number :])


def not_yet_known(campaign: Campaign, store: Store, iteration: int) -> frozenset[str]:
    """Keys of the polymers whose values may be missing when the first replicas of an iteration start: those of this one
    and of later ones, and the last part of the batch before."""
    return store.keys_after(iteration - 1) | last_part(campaign, store, iteration - 1)


def is_due(campaign: Campaign, store: Store) -> bool:
    """Whether the next batch is to be chosen now: a batch is simulated, the next one was not chosen, the limits of the
    campaign file allow another iteration, and no replica of the first part of the present batch runs or waits."""
    if not campaign.settings.loop.overlap or store.get("state") != SIMULATE or _is_chosen(store):
        return False
    if campaign.settings.budget.iterations and store.get("iteration") >= campaign.settings.budget.iterations:
        return False
    last = last_part(campaign, store, store.get("iteration"))
    if any(row.status in ("waiting", "running") and row.key not in last for row in store.batch_replicas()):
        return False
    left = simulations_left(campaign, store)
    return left is None or left > len(store.open_replicas())


def choose_ahead(campaign: Campaign, store: Store) -> None:
    """Let the stages before the simulation work for the next iteration, and plan its replicas.

    The values that count are compared before with what was said of them, since the choice writes what is said anew.
    Raises Interrupted at a safe point; the next call goes on from there.
    """
    from autodisco.campaign.stages.simulate import plan_batch

    states = store.loop_states()
    before = states[1 : states.index(SIMULATE)]
    parts = {stage.name: stage.part for stage in store.loop()}
    if not store.get("ahead"):
        store.set(ahead={"iteration": store.get("iteration") + 1, "state": states[1], "chosen": False})
    store.set(activity=f"choosing the batch of iteration {store.get('iteration') + 1}")
    try:
        with store.hiding(last_part(campaign, store, store.get("iteration"))):
            judge(store)
            with store.ahead(), contextlib.suppress(NotAhead):
                while (state := store.get("state")) in before:
                    STAGES.get(copied_part(store.folder, parts[state])).run(campaign, store)
                if state == SIMULATE:
                    plan_batch(campaign, store)
    finally:
        store.set(activity="")
    store.set(ahead={**store.get("ahead"), "chosen": True})


def next_ahead(campaign: Campaign, store: Store) -> ReplicaState | None:
    """The replica of the next batch that is to start next, as far as the limits of the campaign file allow."""
    if not campaign.settings.loop.overlap:
        return None
    left = simulations_left(campaign, store)
    if left is not None and left <= len(campaign.pool.running):
        return None
    return store.first_waiting(campaign.tiers[0].protocol, store.get("iteration"))


def _is_chosen(store: Store) -> bool:
    return bool((store.get("ahead") or {}).get("chosen"))
