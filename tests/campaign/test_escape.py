"""What a saturated campaign tries before it ends: only what its file allows, each once, each journalled."""

import dataclasses

import pytest

from autodisco.campaign import escape
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import advance
from autodisco.polymer import parse
from autodisco.store import Candidate, Store, escapes
from tests.campaign.conftest import write_campaign
from tests.campaign.test_campaign import begin

KNOWN = 40
"""Draws of an iteration that gives nothing new; so many are enough to be sure of it."""


def repeats(iteration):
    """Draws that are one known polymer, written in two ways."""
    key = parse("*COC*").key
    rows = [Candidate(1, n, smiles, key, "drawn") for n, smiles in enumerate(["*COC*", "*CCO*"]) if iteration == 1]
    return rows + [Candidate(iteration, n, "*COC*", key, "duplicate-string") for n in range(len(rows), KNOWN)]


def with_escapes(folder, *actions, patience=1, **changes):
    """A campaign at its filter with as many draws as allowed, all known already; and its store."""
    file = write_campaign(folder, max_draws=KNOWN, **changes)
    listed = ", ".join(f'"{action}"' for action in actions)
    file.write_text(f"{file.read_text()}[saturation]\nescape = [{listed}]\npatience = {patience}\n")
    campaign = begin(file, folder / "runs")
    store = Store.open(campaign.folder)
    store.add_polymer(parse("*OCC*").key, parse("*OCC*").smiles, "*OCC*", "seed", name="PEO")
    store.begin_iteration(1)
    advance(store, "ready", iteration=1)
    advance(store, "drawn")
    store.add_candidates(repeats(1))
    return campaign, store


def finish(campaign, store):
    """From the filter to the end of the iteration."""
    while store.get("state") in ("filter", "acquire", "retrain"):
        STAGES.get(store.get("state")).run(campaign, store)


def test_without_permission_it_ends(tmp_path):
    campaign, store = with_escapes(tmp_path, iterations=5)
    STAGES.get("filter").run(campaign, store)
    assert store.get("state") == "acquire"  # it is for the rule to say, after the training
    finish(campaign, store)
    assert store.get("state") == "saturated"
    assert "40 of 40 valid draws in iteration 1 are known polymers" in store.get("reason")
    assert "40 draws gave too few candidates" in store.get("reason")


def test_actions_are_taken_in_their_order_and_change_the_draws_that_follow(tmp_path):
    campaign, store = with_escapes(tmp_path, "tokens", "temperature", iterations=5)
    before = escape.sampling(campaign, store, 0)
    finish(campaign, store)
    assert (store.get("state"), store.get("iteration")) == ("generate", 2)
    row = next(row for row in store.journal() if row.event == "escape")
    assert row.decided == "draw up to 11 tokens from now on"
    assert "40 of 40 valid draws" in row.why
    assert escape.sampling(campaign, store, 0) == before
    assert escape.sampling(campaign, store, 1) == before | {"max_tokens": before["max_tokens"] + 1}
    store.set(iteration=2)
    assert escape.escape(campaign, store, {}, "again")
    assert escape.sampling(campaign, store, 2)["temperature"] == pytest.approx(1.2 * before["temperature"])
    assert not escape.escape(campaign, store, {}, "nothing is left")
    assert [row.action for row in escapes(store)] == ["tokens", "temperature"]


def test_a_unit_never_outgrows_the_model(tmp_path):
    campaign, store = with_escapes(tmp_path, "tokens")
    longest_string = campaign.settings.generator.longest
    generator = campaign.settings.generator.model_copy(update={"max_tokens": longest_string})
    longest = dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"generator": generator}))
    assert escape.escape(longest, store, {}, "")
    assert escape.sampling(longest, store, 9)["max_tokens"] == longest_string


def test_a_wider_set_is_learnt_from_before_the_next_draws(tmp_path):
    campaign, store = with_escapes(tmp_path, "seeds", iterations=5)
    finish(campaign, store)
    assert len(store.training(1)) > escape.LEAST_UNITS / 2
    assert "enumerated units more" in next(row for row in store.journal() if row.event == "escape").decided


@pytest.mark.parametrize(("overlap", "without_it"), [(0.0, 0), (0.5, 1)])
def test_the_rule_counts_anew_after_an_action(tmp_path, overlap, without_it):
    """Where batches overlap, the iteration after the action is drawn without it, and does not count."""
    campaign, store = with_escapes(tmp_path, "temperature", patience=2, iterations=9, overlap=overlap)
    states = []
    for iteration in range(1, 5 + without_it):
        if iteration > 1:
            advance(store, "drawn")
            store.add_candidates(repeats(iteration))
        # The training has no part in it.
        store.add_model(iteration, f"models/{iteration}.safetensors", {}, 0.0)
        kept, store.forget_model = store.forget_model, lambda _: None
        finish(campaign, store)
        store.forget_model = kept
        states.append((store.get("state"), len(escapes(store))))
    # Two high iterations lead to the action; after it two more are needed.
    assert states == [("generate", 0), *[("generate", 1)] * (2 + without_it), ("saturated", 1)]
