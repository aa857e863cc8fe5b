"""What a saturated campaign tries before it ends: only what its file allows, each once, each journalled."""

import pytest

from autodisco.campaign import escape
from autodisco.campaign.config import LONGEST
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import advance
from autodisco.polymer import parse
from autodisco.store import Store, escapes
from tests.campaign.conftest import write_campaign
from tests.campaign.test_campaign import begin


def with_escapes(folder, *actions, **changes):
    """A campaign at its filter with two draws, both known already; and its store."""
    file = write_campaign(folder, max_draws=2, **changes)
    listed = ", ".join(f'"{action}"' for action in actions)
    file.write_text(f"{file.read_text()}[saturation]\nescape = [{listed}]\n")
    campaign = begin(file, folder / "runs")
    store = Store.open(campaign.folder)
    store.add_polymer(parse("*OCC*").key, parse("*OCC*").smiles, "*OCC*", "seed", name="PEO")
    store.begin_iteration(1)
    advance(store, "ready", iteration=1)
    advance(store, "drawn")
    rows = [{"draw": n, "smiles": s, "key": parse(s).key, "verdict": "drawn"} for n, s in enumerate(["*COC*", "*CCO*"])]
    store.add_candidates(1, rows)
    return campaign, store


def test_without_permission_it_ends(tmp_path):
    campaign, store = with_escapes(tmp_path)
    STAGES["filter"](campaign, store)
    assert store.get("state") == "saturated"


def test_actions_are_taken_in_their_order_and_change_the_draws_that_follow(tmp_path):
    campaign, store = with_escapes(tmp_path, "tokens", "temperature")
    before = escape.drawing(campaign, store, 1)
    STAGES["filter"](campaign, store)
    assert store.get("state") == "acquire"
    row = store.journal()[-1]
    assert (row["event"], row["decided"]) == ("escape", "draw up to 11 tokens from now on")
    assert "none of 2 draws" in row["why"]
    assert escape.drawing(campaign, store, 1) == before
    assert escape.drawing(campaign, store, 2) == before | {"max_tokens": before["max_tokens"] + 1}
    store.set(iteration=2)
    assert escape.escape(campaign, store, {}, "again")
    assert escape.drawing(campaign, store, 3)["temperature"] == pytest.approx(1.2 * before["temperature"])
    assert not escape.escape(campaign, store, {}, "nothing is left")
    assert [row["action"] for row in escapes(store)] == ["tokens", "temperature"]


def test_a_unit_never_outgrows_the_model(tmp_path):
    campaign, store = with_escapes(tmp_path, *["tokens"] * 70)
    for iteration in range(70):
        store.set(iteration=iteration)
        assert escape.escape(campaign, store, {}, "")
    assert escape.drawing(campaign, store, 99)["max_tokens"] == LONGEST


def test_a_wider_set_is_learnt_from_before_the_next_draws(tmp_path):
    campaign, store = with_escapes(tmp_path, "seeds")
    STAGES["filter"](campaign, store)
    STAGES["acquire"](campaign, store)
    assert len(store.training(1)) > escape.LEAST_UNITS / 2
    assert "enumerated units more" in next(row for row in store.journal() if row["event"] == "escape")["decided"]


def test_the_rule_counts_anew_after_an_action(tmp_path):
    campaign, store = with_escapes(tmp_path, "temperature", iterations=5)
    STAGES["filter"](campaign, store)
    STAGES["acquire"](campaign, store)
    STAGES["retrain"](campaign, store)
    assert (store.get("state"), store.get("iteration")) == ("generate", 2)
    assert len(escapes(store)) == 1
    # the next iteration finds nothing either, and nothing is left to try
    advance(store, "drawn")
    rows = [{"draw": n, "smiles": "*CCO*", "key": parse("*CCO*").key, "verdict": "drawn"} for n in range(2)]
    store.add_candidates(2, rows)
    STAGES["filter"](campaign, store)
    assert store.get("state") == "saturated"
