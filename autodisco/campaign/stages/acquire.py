"""acquire: which polymers the next model learns from, as what, and how much each counts."""

from collections import Counter

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.states import advance
from autodisco.campaign.training import training_set
from autodisco.store import Store


def acquire(campaign: Campaign, store: Store) -> None:
    """Write the training set of the next model; the journal names each candidate of the batch and its label."""
    iteration = store.get("iteration")
    rows = training_set(campaign, store)
    batch = {polymer["key"] for polymer in store.polymers("generated", iteration)}
    with store.transaction():
        store.write_training(iteration, rows)
        for row in rows:
            if row["key"] in batch:
                seen = {"label": row["label"], "weight": row["weight"]}
                store.note("acquire", row["smiles"], seen, f"train as {row['label']}", row["why"])
        counts = Counter(row["label"] for row in rows)
        store.note("training set", f"model {iteration}", dict(counts), f"train on {len(rows)} repeat units")
        advance(store, "chosen")
