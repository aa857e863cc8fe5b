"""acquire: which polymers the next model learns from, as what, and how much each counts."""

from collections import Counter

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.judging import judge
from autodisco.campaign.scores import ask_again
from autodisco.campaign.stages.stage import NEXT, Event, Stage
from autodisco.campaign.states import advance
from autodisco.campaign.training import evidence, labelling, training_set
from autodisco.decide import Ranked, best_found, ranking
from autodisco.decide.decisions import AGAINST
from autodisco.store import Store


def acquire(campaign: Campaign, store: Store) -> None:
    """Write the training set of the next model; the journal names each candidate of the batch and its label."""
    with store.hiding(store.later_keys()):
        _acquire(campaign, store)


def _acquire(campaign: Campaign, store: Store) -> None:
    iteration = store.get("iteration")
    ask_again(campaign, store)
    judge(store)
    ranked = ranking(store)
    seen_by_rule = evidence(campaign, store, ranked)
    rows = training_set(campaign, store, seen_by_rule)
    why = labelling(campaign).summary(seen_by_rule)
    batch = {polymer.key for polymer in store.polymers("generated", iteration)}
    with store.transaction():
        store.write_training(iteration, rows)
        for row in rows:
            if row.key in batch:
                seen = {"label": row.label, "weight": row.weight}
                store.note("acquire", row.smiles, seen, f"train as {row.label}", row.why)
        counts = Counter(row.label for row in rows)
        store.note("training set", f"model {iteration}", dict(counts), f"train on {len(rows)} repeat units", why)
        _note_new_best(store, best_found(ranked))
        advance(store, "chosen")


def _note_new_best(store: Store, best: Ranked | None) -> None:
    """Journal a generated polymer that is the best so far."""
    if best is None or best.key == store.get("best_key"):
        return
    store.set(best_key=best.key)
    columns = best.objective.columns
    seen = {
        "rank": best.rank,
        columns["value"]: best.value,
        columns["expected"]: best.expected,
        "p_better": best.p_better,
    }
    against = f", {AGAINST[best.verdict]}" if best.verdict else ""
    place = f"{best.shown}, rank {best.rank}{against}"
    store.note("new best", best.monomer_smiles, seen, "the best of the generated polymers so far", place)


ACQUIRE = Stage(
    name="acquire",
    does="chooses what the next model learns from",
    seed_number=4,
    after=("generate", "filter", "simulate"),
    run=acquire,
    events={
        "chosen": Event(NEXT, "the training set of the next model is written", "training set and new best are written"),
    },
)
