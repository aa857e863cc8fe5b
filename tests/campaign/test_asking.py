"""Campaigns whose values are told: what is asked, what is taken, and what is refused."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from autodisco.campaign import load
from autodisco.campaign.setup import set_up, write_campaign_file
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import Interrupted
from autodisco.campaign.verify import verify
from autodisco.decide import ranking
from autodisco.decide.answers import Answers, Questions, read_answers, write_schemas
from autodisco.decide.asking import ask, tell
from autodisco.decide.objectives import EFFICACY
from autodisco.decide.sources import collect
from autodisco.errors import InputError
from autodisco.store import Store
from tests.campaign.asked import write_asking

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
PEO = "17bb5365fff8b9f8"


@pytest.fixture
def begin(tmp_path):
    """Begins a campaign, which asks for its reference; returns it, its store, and a function that works on until the
    campaign would wait."""
    stores = []

    def open_one(**changes):
        campaign = load(write_asking(tmp_path, **changes), tmp_path / "runs")
        store = Store.create(campaign.folder)
        stores.append(store)
        set_up(campaign, store)
        write_campaign_file(store)

        def work():
            looks = []
            waiting = dataclasses.replace(campaign, interrupted=lambda: "signal" if len(looks) > 2 else looks.append(1))
            try:
                STAGES.get(store.get("state")).run(waiting, store)
            except Interrupted:
                return False
            return True

        assert not work()
        return campaign, store, work

    yield open_one
    for store in stores:
        store.close()


def write(folder, content):
    file = folder / "answers.json"
    file.write_text(json.dumps(content))
    return file


def answers(folder, *rows, source="robot-7"):
    return write(folder, {"source": source, "answers": list(rows)})


def told_values(store, key=PEO):
    return sorted(row.properties["conductivity_s_per_cm"] for row in store.replicas(key=key) if row.status == "done")


def test_a_told_value_is_the_result_of_the_replica_under_the_name_of_who_told_it(begin, tmp_path):
    _, store, work = begin()
    found = ask(store, 5, "robot-7", 24.0)
    (question,) = found.questions
    assert (found.open, question.monomer_smiles, question.conditions.temperature_k) == (1, "*OCC*", 333.0)
    assert [(one.quantity, one.unit) for one in question.asked] == [("conductivity", "S/cm")]
    done = tell(store, answers(tmp_path, {"id": question.id, "value": 0.5, "unit": "mS/cm", "error": 0.1}))
    assert (done.new, done.before, done.open) == (1, 0, 0)
    assert work()
    (replica,) = store.replicas(key=PEO)
    assert (replica.status, replica.protocol) == ("done", "experiment@333")
    assert replica.properties == {
        "conductivity_s_per_cm": pytest.approx(5e-4), "conductivity_s_per_cm_sem": pytest.approx(1e-4),
        "told_by": "robot-7",
    }  # fmt: skip
    assert [row.origin for row in ranking(store)] == ["robot-7"]
    assert "waits for answers" in [event.event for event in store.journal()]
    assert verify(store) == []


def test_the_posterior_speaks_about_the_told_values(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5)
    tell(store, answers(tmp_path, {"key": PEO, "value": 5e-4}))
    assert work()
    found = collect(store, campaign.objective, prior_mean=True)
    assert (found.target, found.prior_mean) == ("experiment@333", False)
    assert found.sources["experiment@333"].kind == "experiment"


def only_label(campaign, store):
    (label,) = [row for row in collect(store, campaign.objective, prior_mean=True).labels if row.smiles == "*CCO*"]
    return label


def test_the_error_of_a_told_value_is_that_of_its_label(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5)
    tell(store, answers(tmp_path, {"key": PEO, "value": 0.5, "unit": "mS/cm", "error": 0.1}))
    assert work()
    # a fifth of the value, on the scale of log10(value + 1e-6 S/cm)
    assert only_label(campaign, store).sem == pytest.approx(0.1e-3 / (0.501e-3 * math.log(10)))


def test_the_errors_of_several_told_values_make_that_of_their_mean(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5, replicas=2)
    rows = [{"key": PEO, "value": -3.0, "unit": "log10(S/cm)", "error": error} for error in (0.3, 0.4)]
    tell(store, answers(tmp_path, *rows))
    assert work()
    label = only_label(campaign, store)
    assert (label.builds, label.value) == (2, pytest.approx(-3.0, abs=1e-3))
    assert label.sem == pytest.approx(math.hypot(0.3, 0.4) / 2, rel=0.01)


def test_a_value_without_an_error_has_the_noise_of_all(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5)
    tell(store, answers(tmp_path, {"key": PEO, "value": 5e-4}))
    assert work()
    assert only_label(campaign, store).sem is None


def test_a_small_told_value_is_a_number_and_zero_a_bound(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5)
    tell(store, answers(tmp_path, {"key": PEO, "value": 3e-7}))
    assert work()
    label = only_label(campaign, store)
    assert (label.censored, label.value) == (False, pytest.approx(math.log10(3e-7 + 1e-6)))


def test_a_told_zero_is_a_bound(begin, tmp_path):
    campaign, store, work = begin(surrogate="posterior", selection="greedy", pool=5)
    tell(store, answers(tmp_path, {"key": PEO, "value": 0.0, "error": 1e-7}))
    assert work()
    assert only_label(campaign, store).censored


def test_the_error_of_a_formula_follows_from_those_of_its_quantities():
    told = {"conductivity_s_per_cm": 1e-3, "transference_number_ne": 0.2, "conductivity_s_per_cm_sem": 1e-4}
    assert EFFICACY.error(told) is None  # that of the transference number is not known
    found = EFFICACY.error({**told, "transference_number_ne_sem": 0.02})
    assert found == pytest.approx(2e-4 * math.hypot(0.1, 0.1))


def test_several_values_of_a_polymer_are_replicas_and_telling_them_again_changes_nothing(begin, tmp_path):
    _, store, work = begin(replicas=3)
    rows = [{"monomer_smiles": "*CCO*", "value": 1e-4}, {"monomer_smiles": "*OCC*", "value": 2e-4}]
    file = answers(tmp_path, *rows)
    assert (tell(store, file).new, tell(store, file).before) == (2, 2)
    grown = tell(store, answers(tmp_path, *rows, {"monomer_smiles": "*OCC*", "value": 2e-4}))
    assert (grown.new, grown.before, grown.open) == (1, 2, 0)
    with pytest.raises(InputError, match="answered before, with another value or source"):
        tell(store, answers(tmp_path, {"key": PEO, "value": 9e-4}))
    assert work()
    assert told_values(store) == [1e-4, 2e-4, 2e-4]
    assert tell(store, answers(tmp_path, *rows)).to_dict() == {"source": "robot-7", "new": 0, "before": 2, "open": 0}


def test_a_failure_can_be_told(begin, tmp_path):
    _, store, work = begin(replicas=2)
    tell(store, answers(tmp_path, {"key": PEO, "failed": "did not dissolve"}, {"key": PEO, "value": 1e-4}))
    assert work()
    failed, done = sorted(store.replicas(key=PEO), key=lambda row: row.status == "done")
    assert (failed.status, failed.failure_code, failed.detail) == (
        "failed",
        "not-measured",
        "robot-7: did not dissolve",
    )
    assert done.status == "done"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"key": PEO, "value": 1e-4, "unit": "S"}, "answers.1: unit = 'S': allowed is S/cm or mS/cm"),
        ({"key": PEO, "value": 1e4}, "answers.1: value = '10000 S/cm': allowed is from 0 to 100 S/cm"),
        ({"key": PEO}, "answers.1: value = '': allowed is a number, or a reason in failed"),
        ({"key": PEO, "value": 1.0, "failed": "x"}, "answers.1: failed = 'x': there is a value as well"),
        ({"key": PEO, "value": 1.0, "quantity": "density"}, "answers.1: quantity = 'density': allowed is conductivity"),
        ({"id": "x", "value": 1.0}, "answers.1: id = 'x': allowed is the id of a question"),
        ({"monomer_smiles": "*CC*", "value": 1.0}, "was not asked for; allowed is what autodisco ask prints"),
        ({"monomer_smiles": "CC", "value": 1.0}, "answers.1: monomer_smiles: "),
        ({"key": PEO, "valu": 1.0}, "unknown key answers.1.valu; did you mean answers.1.value?"),
    ],
)
def test_one_wrong_row_refuses_the_whole_file(begin, tmp_path, row, complaint):
    _, store, _ = begin(replicas=2)
    file = answers(tmp_path, {"key": PEO, "value": 1e-4}, row)
    with pytest.raises(InputError) as error:
        tell(store, file)
    assert complaint in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)
    assert ask(store, 5, "me", 1.0).open == 2


def test_a_table_is_read_as_well(begin, tmp_path):
    _, store, _ = begin(replicas=2)
    file = tmp_path / "values.csv"
    file.write_text("monomer_smiles;value;unit;source\n*OCC*;-3,1;log10(S/cm);lab\n*OCC*;0,5;mS/cm;lab\n")
    assert tell(store, file).to_dict() == {"source": "lab", "new": 2, "before": 0, "open": 0}
    file.write_text("monomer_smiles,value\n*OCC*,x\n")
    with pytest.raises(InputError, match="line 2: value = 'x': allowed is a number"):
        read_answers(file)


def test_a_question_is_given_to_one_asker_who_gets_it_again_and_to_others_later(begin):
    _, store, _ = begin(replicas=3)
    first = [question.id for question in ask(store, 2, "a", 1.0).questions]
    assert [question.id for question in ask(store, 2, "a", 1.0).questions] == first
    second = [question.id for question in ask(store, 2, "b", 1.0).questions]
    assert (len(first), len(second), set(first) & set(second)) == (2, 1, set())
    assert ask(store, 2, "c", 1.0).questions == []
    ask(store, 3, "a", 1e-9)
    assert [question.id for question in ask(store, 3, "c", 1.0).questions] == first


def test_an_answer_outlives_a_stop(begin, tmp_path):
    campaign, store, work = begin()
    (question,) = ask(store, 1, "a", 1.0).questions
    tell(store, answers(tmp_path, {"id": question.id, "value": 1e-4}))
    campaign.pool.executor.cancel(question.id)
    assert work()
    assert told_values(store) == [1e-4]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"protocol": "smoke"}, "protocol smoke is one of simulations, and executor 'ask' is told values"),
        ({"executor": "local"}, "protocol experiment@333 is of measured values; it needs executor.kind = 'ask'"),
    ],
)
def test_told_values_never_bear_the_name_of_a_simulation(tmp_path, changes, complaint):
    with pytest.raises(InputError) as error:
        load(write_asking(tmp_path, **changes), tmp_path / "runs")
    assert complaint in str(error.value)
    assert "simulation.protocol" in str(error.value)


def test_the_shipped_schemas_are_those_of_the_models(tmp_path):
    write_schemas(tmp_path)
    for name in ("ask.json", "tell.json"):
        assert (SCHEMAS / name).read_text() == (tmp_path / name).read_text()
    assert {"source", "answers"} == set(Answers.model_json_schema()["properties"])
    assert "questions" in Questions.model_json_schema()["properties"]


def test_the_commands_print_questions_and_say_what_became_of_answers(begin, tmp_path, call):
    campaign, _, _ = begin(replicas=2)
    said = call("ask", campaign.folder, "-n", "1", "--as", "me", "--json")
    (question,) = json.loads(said.out)["questions"]
    assert question["given_to"] == "me"
    table = call("ask", campaign.folder, "--as", "me")
    assert question["id"] in table.out
    assert "at 333 K, 1.5 mol/kg LiTFSI; tell values with: autodisco tell small FILE" in table.err
    assert "2 of 2 open questions of small, which is in state prepare" in table.err
    file = answers(tmp_path, {"id": question["id"], "value": 1e-4})
    assert f"{file}: 1 new answer of robot-7; 1 question open" in call("tell", campaign.folder, file).err
    assert "0 new answers of robot-7, 1 told before" in call("tell", campaign.folder, file).err
    refused = call("tell", campaign.folder, answers(tmp_path, {"id": question["id"], "value": 2e-4}))
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "another value was told before; allowed is the same one" in refused.err
