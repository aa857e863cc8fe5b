"""acquire: which polymers the next model learns from, as what, and how much each counts."""

from collections import Counter

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.states import advance
from autodisco.campaign.training import training_set
from autodisco.store import Store, best_found
from autodisco.text import with_error


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
        _note_new_best(store)
        advance(store, "chosen")


def _note_new_best(store: Store) -> None:
    """Journal a generated polymer that is the best so far."""
    best = best_found(store)
    if best is None or best["key"] == store.get("best_key"):
        return
    store.set(best_key=best["key"])
    seen = {"rank": best["rank"], "conductivity_s_per_cm": best["conductivity_s_per_cm"], "p_better": best["p_better"]}
    value = with_error(best["conductivity_s_per_cm"], best["conductivity_s_per_cm_sem"], 1e3)
    against = f", {best['verdict']} against the reference" if best["verdict"] else ""
    store.note("new best", best["monomer_smiles"], seen, why=f"{best['monomer_smiles']} has {value} mS/cm{against}")
