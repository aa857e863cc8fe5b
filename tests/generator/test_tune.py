import itertools

import pytest

from autodisco.errors import InputError
from autodisco.generator import TrainingRow, generator_settings
from autodisco.generator.tune import Range, Search, plot_trials

ROWS = [TrainingRow("*OCC*", "high"), TrainingRow("*OCOCC*", "high"), TrainingRow("*CC*", "low")]


def lengths(strings):
    return {"mean_length": sum(map(len, strings)) / len(strings), "nothing": None}


def search(folder, space, **more):
    settings = generator_settings(batch_size=4, device="cpu", max_tokens=8, augment="none")
    how = {"settings": settings, "draws": 20, "seed": 1}
    return Search(folder, ROWS, space, score=lengths, objective="mean_length", **{**how, **more})


def test_a_grid_tries_every_combination_once_and_shorter_trainings_first(tmp_path):
    space = {"temperature": [0.5, 2.0], "iterations": [6, 3], "grammar": [True, False]}
    found = search(tmp_path, space)
    points = found.grid()
    assert sorted(map(str, (list(p.values()) for p in points))) == sorted(
        map(str, map(list, itertools.product(*space.values())))
    )
    for values in points:
        found.run(values)
    assert [trial.values["iterations"] for trial in found.trials] == [3] * 4 + [6] * 4
    assert found.grid() == []
    assert found.best().scores["mean_length"] == max(trial.scores["mean_length"] for trial in found.trials)
    # Four trials draw from each of two models.
    assert len(list((tmp_path / "models").glob("*.safetensors"))) == 2


def test_an_interrupted_search_goes_on_and_ends_as_an_uninterrupted_one(tmp_path):
    space = {"temperature": [0.5, 1.0, 2.0], "iterations": [3]}
    whole = search(tmp_path / "whole", space)
    for values in whole.grid():
        whole.run(values)
    first = search(tmp_path / "parts", space)
    first.run(first.grid()[0])
    second = search(tmp_path / "parts", space)
    assert len(second.grid()) == 2
    for values in second.grid():
        second.run(values)
    assert [(t.values, t.scores) for t in second.trials] == [(t.values, t.scores) for t in whole.trials]
    assert [(t.values, t.scores) for t in search(tmp_path / "parts", space).trials] == [
        (t.values, t.scores) for t in whole.trials
    ]


def test_a_search_killed_inside_a_training_goes_on_inside_it(tmp_path):
    space = {"iterations": [260], "temperature": [1.0]}

    def killed(done, total, loss):
        if done == 250:
            raise KeyboardInterrupt

    first = search(tmp_path, space)
    with pytest.raises(KeyboardInterrupt):
        first.run(first.grid()[0], killed)
    seen = []
    second = search(tmp_path, space)
    second.run(second.grid()[0], lambda done, total, loss: seen.append(done))
    assert seen[0] == 201


def test_the_order_of_what_is_varied_does_not_matter(tmp_path):
    first = search(tmp_path, {"temperature": [0.5], "iterations": [2, 3]})
    for values in first.grid():
        first.run(values)
    again = search(tmp_path, {"iterations": [2, 3], "temperature": [0.5]})
    assert again.grid() == []
    assert [trial.values for trial in again.trials] == [trial.values for trial in first.trials]


def test_a_search_that_was_refused_leaves_nothing_behind(tmp_path):
    with pytest.raises(InputError, match="range"):
        search(tmp_path, {"temperature": Range(0.5, 2.0)}).grid()
    assert search(tmp_path, {"temperature": [0.5, 2.0]}).grid()


def test_another_search_in_the_same_folder_is_refused(tmp_path):
    first = search(tmp_path, {"temperature": [0.5], "iterations": [2]})
    first.run(first.grid()[0])
    for change, message in (
        ({"space": {"temperature": [0.7], "iterations": [2]}}, "varied"),
        ({"seed": 2}, "seed"),
        ({"draws": 30}, "draws"),
        ({"settings": generator_settings(batch_size=8)}, "fitting"),
    ):
        change = {"space": {"temperature": [0.5], "iterations": [2]}, **change}
        with pytest.raises(InputError, match=f"another {message}"):
            search(tmp_path, **change)


def test_what_is_no_setting_is_refused(tmp_path):
    with pytest.raises(InputError, match="heat"):
        search(tmp_path, {"heat": [1]})
    with pytest.raises(InputError, match="range"):
        search(tmp_path, {"temperature": Range(0.5, 2.0)}).grid()


def test_a_bayesian_search_stays_in_its_range_and_goes_on_as_it_would_have(tmp_path):
    pytest.importorskip("optuna")
    space = {"temperature": Range(0.5, 3.0), "max_tokens": Range(4, 9, whole=True), "iterations": [2]}
    whole = search(tmp_path / "whole", space)
    for values in whole.proposals(4):
        whole.run(values)
    parts = search(tmp_path / "parts", space)
    for values in parts.proposals(2):
        parts.run(values)
    parts = search(tmp_path / "parts", space)
    for values in parts.proposals(4):
        parts.run(values)
    assert [trial.values for trial in parts.trials] == [trial.values for trial in whole.trials]
    assert all(0.5 <= trial.values["temperature"] <= 3 for trial in whole.trials)
    assert all(trial.values["max_tokens"] in range(4, 10) for trial in whole.trials)
    assert len({trial.values["temperature"] for trial in whole.trials}) == 4


def test_a_training_that_diverges_is_a_trial_without_strings(tmp_path):
    found = search(tmp_path, {"learning_rate": [1e12, 1e-3], "iterations": [6]})
    found.score = lambda strings: {"mean_length": lengths(strings)["mean_length"] if strings else None}
    for values in found.grid():
        found.run(values)
    assert {trial.values["learning_rate"]: trial.scores["mean_length"] is None for trial in found.trials} == {
        1e12: True,
        1e-3: False,
    }
    assert found.best().values["learning_rate"] == 1e-3


def test_the_plot_shows_lists_and_ranges(tmp_path):
    pytest.importorskip("optuna")
    found = search(tmp_path, {"learning_rate": Range(1e-4, 1e-2), "augment": ["none", "symmetry"], "iterations": [2]})
    for values in found.proposals(3):
        found.run(values)
    plot_trials(found, tmp_path / "trials.png")
    assert (tmp_path / "trials.png").read_bytes()[:4] == b"\x89PNG"
