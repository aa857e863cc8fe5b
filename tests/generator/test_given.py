"""Conditions of a measurement as classes of the prompt."""

import re

import pytest

from autodisco.errors import InputError
from autodisco.generator import Generator
from autodisco.generator.base import fit, generator_settings
from autodisco.generator.given import Given, words_of
from autodisco.generator.training_data import read_training_data

COLD, HOT = 333.0, 500.0
ETHER, ARAMID = "*OCC*", "*c1ccc(N)cc1*"
TABLE = "\n".join(
    [
        "monomer_smiles,conductivity,temperature_k,molality",
        f"{ETHER},1e-3,{COLD:g},1",
        f"{ARAMID},1e-5,{COLD:g},1",
        f"{ETHER},1e-5,{HOT:g},3",
        f"{ARAMID},1e-3,{HOT:g},3",
        "*CC*,1e-6,,3",
    ]
)


@pytest.fixture
def table(tmp_path):
    """A set in which another polymer is the best one at each temperature."""
    file = tmp_path / "set.csv"
    file.write_text(TABLE + "\n")
    return file


def test_a_few_values_are_a_class_each_however_often_they_occur():
    cut = Given.cut("temperature_k", [500.0] * 8 + [420.0, 600.0])
    assert cut.ranges == ((420, 420), (500, 500), (600, 600))
    assert [cut.word(kelvin) for kelvin in (420, 500, 540, 560, 600)] == ["q0", "q1", "q1", "q2", "q2"]
    assert cut.usual == 1
    assert cut.told == "temperature_k: q0 420, q1 500, q2 600"


def test_many_values_are_cut_into_classes_of_about_as_many_rows():
    cut = Given.cut("molality", [0.1 * n for n in range(1, 31)])
    assert [len([n for n in range(1, 31) if cut.word(0.1 * n) == f"q{k}"]) for k in range(3)] == [10, 10, 10]
    assert len(Given.cut("molality", [0.1 * n for n in range(1, 31)], 5).ranges) == 5
    crowded = Given.cut("molality", [1.0] * 90 + [float(n) for n in range(2, 13)])
    assert {crowded.word(1.0)} == {"q0"} - {crowded.word(12.0)}  # equal values stay together


@pytest.mark.parametrize(
    ("values", "k", "said"),
    [
        ([], None, "column t has no values; a condition needs two or more"),
        ([300.0, 300.0], None, "column t has one value; a condition needs two or more"),
        ([300.0, 400.0], 11, "t is to be cut into 11 classes; between 2 and 10 are possible"),
    ],
)
def test_a_column_without_two_values_is_no_condition(values, k, said):
    with pytest.raises(InputError, match=re.escape(said)):
        Given.cut("t", values, k)


def test_values_outside_of_the_training_rows_are_refused():
    one = Given.cut("temperature_k", [420.0, 600.0])
    with pytest.raises(
        InputError, match="temperature_k 700: allowed is a value between those of the training rows, 420 to 600"
    ):
        words_of([one], {"temperature_k": 700.0})
    with pytest.raises(InputError, match=r"pressure is no condition of this model: its conditions are temperature_k"):
        words_of([one], {"pressure": 1.0})
    with pytest.raises(InputError, match=r"it has none; train with --given"):
        words_of([], {"temperature_k": 500.0})


def test_rows_of_one_polymer_have_the_classes_of_their_conditions(table):
    data = read_training_data(table, 0.5, {}, 0.0, 1, {"temperature_k": None, "molality": None})
    assert [row.label for row in data.rows] == [
        "high q0 q0", "low q0 q0", "low q1 q1", "high q1 q1", "unlabelled unlabelled q1",
    ]  # fmt: skip
    assert data.counted == "2 of them in class 'high'"


def test_a_row_is_high_among_those_at_its_conditions_and_quantiles_are_of_all_rows(table):
    table.write_text(TABLE.replace("1e-3,500,3", "1e-1,500,3").replace("1e-5,500,3", "1e-2,500,3") + "\n")

    def labels(classes):
        data = read_training_data(table, 0.5, classes, 0.0, 1, {"temperature_k": None})
        return [row.label for row in data.rows[:4]]

    assert labels({}) == ["high q0", "low q0", "low q1", "high q1"]
    assert labels({"conductivity": 2}) == ["q1 q0", "q0 q0", "q1 q1", "q1 q1"]


def test_without_conditions_the_classes_are_those_of_the_whole_file(table):
    assert [row.label for row in read_training_data(table, 0.3, {}, 0.0, 1).rows] == [
        "high", "low", "low", "high", "low",
    ]  # fmt: skip


def test_a_property_model_of_one_condition_is_refused(table):
    with pytest.raises(InputError, match="--judge is a property model of one condition"):
        read_training_data(table, 0.4, {}, 0.2, 1, {"temperature_k": None})
    with pytest.raises(InputError, match="--given molality: --condition names this column, too"):
        read_training_data(table, 0.4, {"molality": 2}, 0.0, 1, {"molality": None})


def test_the_prompt_decides_which_polymer_is_the_best_at_a_temperature(table, tmp_path):
    data = read_training_data(table, 0.5, {}, 0.0, 1, {"temperature_k": None})
    settings = generator_settings(
        iterations=150, batch_size=16, learning_rate=3e-3, augment="none", device="cpu", block_size=32
    )
    fitted = fit(data.rows, settings, seed=1)
    fitted.conditions = data.conditions
    fitted.save(tmp_path / "m")
    generator = Generator.load(tmp_path / "m")
    assert generator.conditions == data.conditions
    assert generator.worst_at(generator.label_at({"temperature_k": HOT})) == "low q1"

    def share(unit, label):
        return generator.sample(60, label, max_tokens=20, seed=1).count(unit) / 60

    ether, aramid = (row.smiles for row in data.rows[:2])
    for kelvin, best, worst in ((COLD, ether, aramid), (HOT, aramid, ether)):
        assert share(best, generator.label_at({"temperature_k": kelvin})) > 0.8
        assert share(worst, generator.label_at({"temperature_k": kelvin}, "low")) > 0.8


def test_a_label_without_conditions_is_refused_with_what_there_is(table):
    data = read_training_data(table, 0.5, {}, 0.0, 1, {"temperature_k": None})
    fitted = fit(data.rows, generator_settings(kind="random"), seed=1)
    fitted.conditions = data.conditions
    with pytest.raises(InputError, match="'high' did not occur in the training set; there were high q0, high q1"):
        fitted.sample(1, "high")
