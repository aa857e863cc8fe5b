"""The example of a selection: only the most diverse candidate is simulated."""

from autodisco.store import NOT_SELECTED, Store


def test_only_the_chosen_candidate_is_simulated_and_the_others_say_why(campaign):
    with Store.open_readonly(campaign.folder) as store:
        (chosen,) = store.candidates(verdict="new")
        left = store.candidates(verdict=NOT_SELECTED)
        assert {row.key for row in store.replicas()} == {chosen.key}
        learnt = {row.key for row in store.training(1)}
        (note,) = (row for row in store.journal() if row.event == "selected")
    assert len(left) == 2
    assert "not chosen by the selection" in left[0].reason
    assert chosen.key in learnt
    assert not learnt & {row.key for row in left}
    assert (note.seen, note.decided) == ({"candidates": 3}, "simulate 1 polymer")
    assert note.why == "chosen by selection.py:Diverse"


def test_the_chosen_one_differs_most_from_the_known_ones(campaign):
    from autodisco.decide import SELECTIONS

    diverse = SELECTIONS.get(campaign.settings.filter.selection)
    module = __import__("sys").modules[diverse.__module__]
    with Store.open_readonly(campaign.folder) as store:
        known = [module.fingerprint(smiles) for smiles in ("*OCC*", "*CC*")]
        nearest = {
            row.verdict: max(module.similarity(row, known))
            for row in sorted(store.candidates(1), key=lambda row: row.draw, reverse=True)
            if row.verdict in ("new", NOT_SELECTED)
        }
    assert nearest["new"] <= nearest[NOT_SELECTED]
