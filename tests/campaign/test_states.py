"""Only steps of the table can be taken, and every campaign can be left and taken up again."""

import ast
import re
from pathlib import Path

import pytest

import autodisco
from autodisco.campaign.stages import LOOP
from autodisco.campaign.states import IllegalTransition, advance, load_stages, table, transitions, what_stages_do
from autodisco.errors import InputError
from autodisco.store import END_STATES, Store

STAGES = list(load_stages(list(LOOP)).values())
STATES = {*(stage.name for stage in STAGES), "paused", *END_STATES}


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
    table = transitions(STAGES)
    assert {state for state, _ in table} <= STATES
    assert set(table.values()) | {"prepare"} == STATES


@pytest.mark.parametrize("state", ["prepare", *LOOP])
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
        "campaign/setup.py: set_up",  # of a new one
        "campaign/fork.py: _fill",  # of a new one
    }


def test_the_documentation_prints_the_table():
    docs = Path(__file__).parents[2] / "docs"
    assert table(STAGES) in (docs / "reliability.md").read_text()
    assert what_stages_do(STAGES) in (docs / "campaigns.md").read_text()


STAGE = """
from autodisco.campaign.stages import Event, Stage
SCREEN = Stage("{name}", "screens", {number}, print, {{"{event}": Event("{target}", "", "")}})
"""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"name": "filter"},
            "two stages have the same name; the names are prepare, generate, filter, filter",
        ),
        ({"name": "paused"}, "a stage cannot have the name 'paused'"),
        ({"number": 6}, "two stages have the same seed number; the numbers are 0, 1, 2, 6, 3, 4, 5"),
        ({"number": 1}, "two stages have the same seed number"),
        ({"event": "pause"}, "stage screen: every stage has the event 'pause'; give it another name"),
        ({"target": "simulation"}, "stage screen: its event 'screened' leads to 'simulation', which is no stage"),
    ],
)
def test_a_stage_that_does_not_fit_into_the_loop_is_refused(tmp_path, changed, said):
    given = {"name": "screen", "number": 100, "event": "screened", "target": "next"} | changed
    (tmp_path / "screen.py").write_text(STAGE.format(**given))
    with pytest.raises(InputError, match=re.escape(said)):
        load_stages(["generate", "filter", f"{tmp_path}/screen.py:SCREEN", "simulate", "acquire", "retrain"])


def test_a_stage_to_which_another_one_leads_cannot_be_left_out():
    with pytest.raises(InputError, match="stage filter: its event 'none-new' leads to 'acquire', which is no stage"):
        load_stages(["generate", "filter", "simulate", "retrain"])


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        (
            "generate simulate filter acquire retrain",
            "stage 'simulate' needs what 'filter' finds, and has",
        ),
        ("filter generate simulate acquire retrain", "stage 'filter' needs what 'generate' finds"),
        ("generate filter acquire simulate retrain", "stage 'acquire' needs what 'simulate' finds"),
        ("acquire generate filter simulate retrain", "stage 'acquire' needs what 'generate' finds"),
    ],
)
def test_a_stage_comes_after_those_whose_results_it_reads(stages, said):
    with pytest.raises(InputError, match=said):
        load_stages(stages.split())


def test_a_loop_ends_with_retrain(tmp_path):
    (tmp_path / "screen.py").write_text(STAGE.format(name="screen", number=100, event="screened", target="next"))
    with pytest.raises(InputError, match="the last stage is 'acquire'; it has to be 'retrain', which closes"):
        load_stages(["generate", "filter", "simulate", "acquire"])
    with pytest.raises(InputError, match=r"screen\.py:SCREEN'; it has to be 'retrain'"):
        load_stages([*LOOP, f"{tmp_path}/screen.py:SCREEN"])


def test_an_added_stage_has_its_place_in_the_table(tmp_path):
    (tmp_path / "screen.py").write_text(STAGE.format(name="screen", number=100, event="screened", target="next"))
    parts = [*LOOP][:2] + [f"{tmp_path}/screen.py:SCREEN"] + [*LOOP][2:]
    table = transitions(list(load_stages(parts).values()))
    assert (table["filter", "filled"], table["screen", "screened"]) == ("screen", "simulate")
    assert (table["screen", "pause"], table["screen", "stop"]) == ("paused", "stopped")
    assert (table["retrain", "go-on"], table["filter", "short"]) == ("generate", "generate")
