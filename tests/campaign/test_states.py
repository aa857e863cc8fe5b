"""Only steps of the table can be taken, and every campaign can be left and taken up again."""

import ast
from pathlib import Path

import pytest

import autodisco
from autodisco.campaign.states import EVENTS, TRANSITIONS, IllegalTransition, advance, table
from autodisco.store import END_STATES, LOOP_STATES, STATES, Store


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path) as opened:
        opened.set(state="prepare", iteration=0)
        yield opened


def test_one_turn_of_the_loop(store):
    events = ["ready", "drawn", "short", "drawn", "filled", "settled", "chosen", "go-on"]
    states = [advance(store, event) for event in events]
    assert states == ["generate", "filter", "generate", "filter", "simulate", "acquire", "retrain", "generate"]


def test_a_step_that_the_table_does_not_hold_changes_nothing(store):
    with pytest.raises(IllegalTransition, match="settled in state prepare"):
        advance(store, "settled", iteration=5)
    assert (store.get("state"), store.get("iteration")) == ("prepare", 0)


def test_every_state_of_the_table_exists_and_is_reached():
    assert {state for state, _ in TRANSITIONS} <= set(STATES)
    assert set(TRANSITIONS.values()) | {"prepare"} == set(STATES)


@pytest.mark.parametrize("state", LOOP_STATES)
@pytest.mark.parametrize("event", ["pause", "stop", "failure", "budget-spent"])
def test_what_was_left_is_taken_up_where_it_was(store, state, event):
    store.set(state=state)
    left = advance(store, event, "because")
    assert store.get("reason") == "because"
    assert (store.get("ended") is not None) == (left in END_STATES)
    assert advance(store, "resume") == state
    assert store.get("ended") is None


def test_a_paused_campaign_that_is_stopped_goes_on_where_it_was_paused(store):
    store.set(state="simulate")
    advance(store, "pause")
    advance(store, "stop")
    assert advance(store, "resume") == "simulate"


def test_a_campaign_under_way_cannot_be_resumed(store):
    advance(store, "pause")
    advance(store, "resume")
    with pytest.raises(IllegalTransition):
        advance(store, "resume")


def setters_of_the_state():
    """Every function in the package that writes the fact `state`, by its module and name."""
    package = Path(autodisco.__file__).parent
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                writes = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "set"
                if writes and any(keyword.arg == "state" for keyword in call.keywords):
                    yield f"{file.relative_to(package)}: {function.name}"


def test_nothing_but_the_table_changes_the_state_of_a_campaign_that_was_begun():
    assert set(setters_of_the_state()) == {
        "campaign/states.py: advance",
        "campaign/campaign.py: set_up",  # of a new one
        "campaign/fork.py: _fill",  # of a new one
    }


def test_the_documentation_prints_the_table():
    assert {event for _, event in TRANSITIONS} | {"resume"} == set(EVENTS)
    page = Path(__file__).parents[2] / "docs" / "reliability.md"
    assert table() in page.read_text()
