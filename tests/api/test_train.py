"""Generators from Python: training, drawing and tuning, with the values of the commands."""

import tomllib

import pytest

import autodisco
from autodisco.errors import InputError
from autodisco.generator.tune import Range
from autodisco.polymer import parse

SET = "smiles,conductivity\n" + "".join(f"*O{'C' * n}*,{n}e-4\n" for n in range(1, 9))


@pytest.fixture
def data(tmp_path):
    file = tmp_path / "set.csv"
    file.write_text(SET)
    return file


def test_a_model_draws_the_same_from_memory_and_from_its_file(data, tmp_path):
    lines, seen = [], []
    found = autodisco.train(
        data, tmp_path / "m", top_fraction=0.3, iterations=3, batch_size=8, device="cpu", progress=lines.append,
        watch=lambda *step: seen.append(step[:2]),
    )  # fmt: skip
    assert (found.rows, found.to_dict()["rows"], found.to_dict()["loss"] > 0) == (8, 8, True)
    assert lines[0].startswith("8 repeat units, ")
    assert seen[-1] == (3, 3)
    assert set(found.metrics) == set(found.to_dict()["metrics"])
    drawn = autodisco.generate(found.generator, 5, seed=3)
    assert drawn.rows == autodisco.generate(found.model, 5, seed=3).rows
    assert (drawn.draws, drawn.label, len(drawn.table)) == (5, "high", 5)


def test_new_polymers_are_drawn_and_known_ones_are_told_apart(data, tmp_path):
    model = autodisco.train(data, tmp_path / "m", kind="random").model
    new = autodisco.generate(model, 8, against=data, max_draws=2000)
    keys = [row["key"] for row in new.polymers]
    assert len(set(keys)) == len(keys) == len(new.rows) == 8 <= new.draws
    assert not {parse(line.split(",")[0]).key for line in SET.split()[1:]} & set(keys)
    known = tmp_path / "known.txt"
    known.write_text("\n".join(row["given"] for row in new.rows))
    again = autodisco.generate(model, new.draws, against=known)
    assert not set(keys) & {row["key"] for row in again.polymers}


def test_the_commands_print_what_the_calls_give(data, tmp_path, call):
    model = autodisco.train(data, tmp_path / "m", kind="random").model
    assert call("generate", "--model", model, "-n", "6", "--json").json == autodisco.generate(model, 6).rows


def test_a_search_writes_its_best_setting(data, tmp_path):
    lines, folder = [], tmp_path / "search"
    (tmp_path / "s.toml").write_text('[generator]\niterations = 2\nbatch_size = 8\ndevice = "cpu"\n')
    over = {"temperature": [0.5, 2.0]}
    found = autodisco.tune(
        data, over, folder, settings=tmp_path / "s.toml", judge=0, draws=20, objective="uniqueness",
        progress=lines.append,
    )  # fmt: skip
    assert [trial.values["temperature"] for trial in found.trials] == [0.5, 2.0]
    assert len(lines) == 2
    best = tomllib.loads((folder / "best.toml").read_text())["generator"]
    assert best["temperature"] == found.best().values["temperature"]
    assert best["iterations"] == 2


@pytest.mark.parametrize(
    ("over", "options", "complaint"),
    [
        ({"heat": [1]}, {}, "generator.heat"),
        ({"temperature": Range(-1, 1)}, {}, "generator.temperature = -1"),
        ({"temperature": [1]}, {"search": "luck"}, "search = 'luck': choose grid or bayes"),
        ({"temperature": [1]}, {"objective": "beauty"}, "objective = 'beauty': choose one of validity"),
    ],
)
def test_a_search_that_cannot_be_meant_is_refused_before_it_begins(data, tmp_path, over, options, complaint):
    with pytest.raises(InputError, match=complaint):
        autodisco.tune(data, over, tmp_path / "search", judge=0, **options)
    assert not (tmp_path / "search").exists()


def test_a_setting_that_the_generator_has_not_is_refused(data, tmp_path):
    with pytest.raises(InputError, match=r"generator\.heat"):
        autodisco.train(data, tmp_path / "m", heat=1)
    with pytest.raises(InputError, match="lost"):
        autodisco.generate(tmp_path / "lost")
