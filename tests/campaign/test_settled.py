"""A campaign ends when its best polymers are as settled as its file asks, and says so."""

import dataclasses

import pytest

from autodisco.campaign.daemon import EXIT_CODES, wake
from autodisco.campaign.notify import event_of
from autodisco.campaign.settled import settled_chance
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import advance
from autodisco.polymer import parse
from autodisco.store import NOT_SELECTED, Candidate


@pytest.fixture
def at_retrain(prepared):
    """A campaign in its first `retrain`, with three seeds that have values, and settings of [saturation]."""

    def one(**rule):
        campaign, store = prepared()
        changes = {
            "saturation": campaign.settings.saturation.model_copy(update=rule),
            "surrogate": campaign.settings.surrogate.model_copy(update={"best": 1}),
            "budget": campaign.settings.budget.model_copy(update={"iterations": 0}),
        }
        for event in ("drawn", "filled", "settled", "chosen"):
            advance(store, event)
        store.write_training(1, store.training(0))
        return dataclasses.replace(campaign, settings=campaign.settings.model_copy(update=changes)), store

    return one


def test_it_ends_settled_when_no_other_polymer_can_be_better(at_retrain):
    campaign, store = at_retrain(settled=0.9, margin=3.0)
    STAGES.get("retrain").run(campaign, store)
    assert store.get("state") == "settled"
    assert "no other known polymer is better than the worst of the best 1 by more than 3 decades" in store.get("reason")
    assert EXIT_CODES["settled"] == 0
    note = store.journal()[-1]
    assert (note.event, note.decided, event_of(note)) == ("end", "best-settled", "settled")
    # It stays ended while its file says the same.
    assert not wake(store, changed=False)
    assert wake(store, changed=True)
    assert store.get("state") == "retrain"


def test_it_goes_on_where_the_best_are_not_settled_and_the_journal_holds_the_chance(at_retrain):
    campaign, store = at_retrain(settled=0.999, margin=0.0)
    STAGES.get("retrain").run(campaign, store)
    assert (store.get("state"), store.get("iteration")) == ("generate", 2)
    seen = store.journal()[-1].seen
    assert 0.0 <= seen["best_settled"] < 0.999


def test_polymers_that_wait_in_the_pool_count_as_others(at_retrain):
    campaign, store = at_retrain(settled=0.5, margin=0.0)
    before = settled_chance(campaign, store)
    strings = ["*OCOC*", "*OCCOC*", "*OCCOCOC*", "*OCCCOC*"]
    store.add_candidates([Candidate(1, n, text, parse(text).key, NOT_SELECTED) for n, text in enumerate(strings)])
    assert settled_chance(campaign, store) < before


def test_it_is_asked_for_by_the_file_only(at_retrain):
    campaign, store = at_retrain()
    assert settled_chance(campaign, store) is None
