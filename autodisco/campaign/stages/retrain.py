"""retrain: the next model, and the decision whether the campaign goes on."""

from typing import Any

from autodisco.campaign.budget import budget_spent
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.escape import escape
from autodisco.campaign.judging import judge
from autodisco.campaign.replicas import finish
from autodisco.campaign.saturation import Judgement, is_saturated, judge_last
from autodisco.campaign.settled import settled_chance, why_settled
from autodisco.campaign.stages.stage import NEXT, TRAINING, Event, Stage
from autodisco.campaign.states import advance
from autodisco.campaign.training import evidence, train_model, training_set
from autodisco.decide import ranking
from autodisco.store import Store, last_escape

COUNTED = {"polymers": "valid draws", "strings": "new strings"}


def retrain(campaign: Campaign, store: Store) -> None:
    """Train model n on what iteration n found, close the iteration, and go on or end.

    The saturation rule is applied before the training, because an escape can change the training set.
    """
    iteration = store.get("iteration")
    patience = campaign.settings.saturation.patience
    judgements = judge_last(campaign, store, patience)
    latest = judgements[-1]
    escaped = last_escape(store)
    since = [judgement.high for judgement in judgements if store.model_of(judgement.iteration) >= escaped]
    saturated = is_saturated(since, patience)
    spent = budget_spent(campaign, store)
    with store.hiding(store.later_keys()):
        settled = settled_chance(campaign, store)
    enough = settled is not None and settled >= campaign.settings.saturation.settled
    if saturated and not (spent or enough):
        with store.hiding(store.later_keys()), store.transaction():
            if escape(campaign, store, latest.to_dict(), _why_saturated(campaign, latest)):
                saturated = False
                store.write_training(
                    iteration, training_set(campaign, store, evidence(campaign, store, ranking(store)))
                )
                store.forget_model(iteration)  # where the campaign had ended, it is there already
    train_model(campaign, store, iteration)
    if saturated or spent or enough:
        finish(campaign, store)
        judge(store)
    with store.transaction():
        store.end_iteration(iteration, store.verdicts().get(iteration, {}), latest.to_dict())
        if saturated and not enough:
            _end(store, "nothing-new", _why_saturated(campaign, latest), latest)
        elif spent:
            _end(store, "budget-spent", spent, latest)
        elif enough:
            _end(store, "best-settled", why_settled(campaign, settled or 0.0), latest)
        else:
            store.note(
                "go on",
                f"iteration {iteration}",
                {**latest.to_dict(), **({} if settled is None else {"best_settled": round(settled, 3)})},
                "next iteration",
                _why_not(latest, last_escape(store)),
            )
            store.begin_iteration(iteration + 1)
            advance(store, "go-on", iteration=iteration + 1)
    counted = f"{latest.known} of {latest.draws} {COUNTED[latest.count]}"
    campaign.say(f"iteration {iteration} done: {counted} are known polymers")


def _end(store: Store, event: str, reason: str, judgement: Judgement) -> None:
    store.note("end", f"iteration {judgement.iteration}", judgement.to_dict(), event, reason)
    advance(store, event, reason)


def _why_saturated(campaign: Campaign, judgement: Judgement) -> str:
    rule = campaign.settings.saturation
    risen = f"has risen with {judgement.p_risen:.2f}" if judgement.p_risen is not None else ""
    if judgement.short:
        risen = f"{campaign.settings.generate.max_draws} draws gave too few candidates"
    counted = f"{judgement.known} of {judgement.draws} {COUNTED[judgement.count]}"
    return (
        f"{counted} in iteration {judgement.iteration} are known polymers: the duplicate rate is above "
        f"{rule.threshold:g} with probability {judgement.p_above:.2f} and {risen} "
        f"(asked: {rule.confidence:g}, iterations in a row: {rule.patience})"
    )


def _why_not(judgement: Judgement, last_escape: int) -> str:
    seen: dict[str, Any] = {"above the threshold": judgement.p_above, "risen": judgement.p_risen}
    known = [f"{name} with probability {value:.2f}" for name, value in seen.items() if value is not None]
    head = "something is tried before the end" if last_escape == judgement.iteration else "not saturated"
    return f"{head}: the duplicate rate is {', '.join(known)}"


RETRAIN = Stage(
    name="retrain",
    does="trains the next model and decides whether the campaign goes on",
    seed_number=TRAINING,
    after=("acquire",),
    run=retrain,
    events={
        "go-on": Event(
            NEXT,
            "the next model is trained and the campaign is not at its end",
            "the iteration is closed with what the rule saw, the next one opened",
        ),
        "nothing-new": Event(
            "saturated", "the saturation rule holds", "the iteration is closed with what the rule saw"
        ),
        "best-settled": Event(
            "settled",
            "no other known polymer is better than the best, with the probability that is asked for",
            "the iteration is closed with what the rule saw",
        ),
    },
)
