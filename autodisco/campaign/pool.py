"""The pool: the polymers of which an iteration simulates a batch.

It holds the new polymers of the iteration, and those of earlier iterations that no selection has chosen so far. They
are known, so that drawing them again finds nothing; the pool offers them again because what is believed of them changes
with every value.
"""

from pathlib import Path

import numpy as np

from autodisco.campaign.budget import batch_size
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.judging import write_estimates
from autodisco.campaign.scores import ask_again, calculate, known_scores
from autodisco.campaign.settings import Settings
from autodisco.decide import SELECTIONS, Choice, ranking, selected
from autodisco.polymer import read_material
from autodisco.store import NOT_SELECTED, Candidate, Store
from autodisco.text import counted

POOL = 300
"""New polymers or strings that an iteration draws for a selection that judges by the posterior."""


def pool_size(settings: Settings) -> int:
    """New strings or polymers from which the selection takes a batch; 0 where every new polymer is simulated."""
    by_posterior = SELECTIONS.get(settings.filter.selection).by_posterior
    return settings.generate.pool or (POOL if by_posterior else 0)


def has_pool(campaign: Campaign) -> bool:
    """Whether the selection chooses a batch from more new polymers than are simulated."""
    return pool_size(campaign.settings) > 0


def wanted_new(campaign: Campaign, store: Store) -> int:
    """New strings or polymers that an iteration draws for: the pool, and never fewer than the batch."""
    return max(pool_size(campaign.settings), batch_size(campaign, store))


def waiting(campaign: Campaign, store: Store) -> list[Candidate]:
    """Draws of polymers that earlier iterations left in the pool, the latest first."""
    return store.waiting() if has_pool(campaign) else []


def calculate_pool(campaign: Campaign, store: Store) -> None:
    """Calculate what the structure decides of the polymers from which a batch is chosen, before the transaction that
    chooses it. Raises Interrupted."""
    ask_again(campaign, store)
    calculate(campaign, (read_material(row.smiles).smiles for row in waiting(campaign, store)))


def choose_batch(campaign: Campaign, store: Store, seed: int) -> list[Candidate]:
    """The polymers that the selection takes from the pool, which are of this iteration from then on.

    What it asks of their structure may take long (`calculate_pool`).

    New polymers that are not chosen get the verdict `NOT_SELECTED`. It writes to the store and has to be part of the
    transaction that plans the replicas.
    """
    from autodisco.decide.judge import constraint_aims, further_aims, judged

    settings, iteration = campaign.settings.filter, store.get("iteration")
    new, earlier = store.candidates(iteration, "new"), waiting(campaign, store)
    if not (candidates := [*new, *earlier]):
        return []
    most = batch_size(campaign, store) if has_pool(campaign) else len(new)
    if judge := judged(store):
        write_estimates(store, judge, candidates)
    choice = Choice(
        candidates=candidates,
        most=min(settings.most_selected or most, most),
        objective=campaign.objective,
        ranked=ranking(store),
        rng=np.random.default_rng(seed),
        posterior=judge.posterior if judge else None,
        further=further_aims(store) if judge else (),
        constraints=constraint_aims(store) if judge else (),
    )
    chosen = selected(settings.selection, choice)
    name = Path(settings.selection).name
    taken = {row.key for row in chosen}
    for row in new:
        if row.key not in taken:
            store.exclude(row, NOT_SELECTED, f"new, but not chosen by the selection {name}")
    for row in chosen:
        if row.iteration < iteration:
            unit = read_material(row.smiles)
            values = known_scores(campaign, unit)
            store.add_polymer(unit.key, unit.smiles, unit.given, "generated", iteration, "", row.flags, values)
    if len(chosen) < len(candidates):
        seen = {"candidates": len(candidates), **({"of earlier iterations": len(earlier)} if earlier else {})}
        decided = f"simulate {counted(len(chosen), 'polymer')}"
        store.note("selected", f"iteration {iteration}", seen, decided, f"chosen by {name}")
    return chosen
