"""Pauses after pilots that could not be started. Real batch systems are in tests/cluster."""

import pytest

from autodisco.simulation.executors.fleet import PAUSES_S, Refusals


@pytest.fixture
def refused() -> Refusals:
    """A submission was refused while the pilot `a` ran."""
    refusals = Refusals("slurm")
    (note,) = refusals.add("submission refused", "job limit reached", 0.0, {"a"})
    assert note.trouble == "no pilot can be started: job limit reached"
    return refusals


def test_pauses_grow_and_a_reason_is_journalled_once(refused):
    pauses = [refused.until]
    for _ in PAUSES_S:
        assert refused.add("submission refused", "job limit reached", 0.0, {"a"}) == []
        pauses.append(refused.until)
    assert pauses == [*PAUSES_S, PAUSES_S[-1]]
    (note,) = refused.add("pilot did not start", "no such python", 0.0, {"a"})
    assert (note.event, note.why) == ("pilot did not start", "no such python")


@pytest.mark.parametrize(
    ("speaking", "enough", "ends"),
    [(set(), True, False), ({"a"}, False, False), ({"a"}, True, True), ({"a", "b"}, False, True)],
    ids=["none runs", "some run beside those that are refused", "enough run", "a new one runs"],
)
def test_it_ends_when_pilots_run(refused, speaking, enough, ends):
    notes = refused.end(speaking, enough)
    assert [(note.event, note.trouble) for note in notes] == ([("pilots run", "")] if ends else [])
    if ends:
        assert refused.end(speaking, enough) == []
        refused.add("submission refused", "job limit reached", 0.0, {"a"})
        assert refused.until == PAUSES_S[0]
