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


def sets_the_state(function):
    """Whether a function writes the fact `state`: by name, or by a mapping where it spells that key anywhere."""
    nodes = list(ast.walk(function))
    writes = [
        n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "set"
    ]
    names = {keyword.arg for call in writes for keyword in call.keywords}
    if None not in names:  # no mapping
        return "state" in names
    keys = [key for n in nodes if isinstance(n, ast.Dict) for key in n.keys]
    keys += [n.slice for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
    spelt = {key.value for key in keys if isinstance(key, ast.Constant)}
    return "state" in spelt | {n.arg for n in nodes if isinstance(n, ast.keyword)}


def setters_of_the_state():
    """Every function in the package, and every module outside of them, that writes the fact `state`."""
    package = Path(autodisco.__file__).parent
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text())
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            if sets_the_state(function):
                yield f"{file.relative_to(package)}: {function.name}"
            function.body = []
        if sets_the_state(tree):
            yield f"{file.relative_to(package)}: outside of functions"


@pytest.mark.parametrize(
    "written",
    [
        'store.set(iteration=1, state="filter")',
        'store.set(**{"state": "filter"})',
        'store.set(**facts, **{"iteration": 1} | {"state": "filter"})',
        'store.set(**dict(state="filter"))',
        'facts = {"state": "filter"}; store.set(**facts)',
        'facts["state"] = "filter"; store.set(**facts)',
    ],
)
def test_however_the_state_is_written_it_is_noticed(written):
    assert sets_the_state(ast.parse(written))


@pytest.mark.parametrize("written", ["store.set(**facts)", 'store.set(reason="state")', 'seen = {"state": 1}'])
def test_what_does_not_write_the_state_is_left_alone(written):
    assert not sets_the_state(ast.parse(written))


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
