"""The replay of selections takes any table, goes on where it was left, and refuses bad input in one line."""

import csv
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from autodisco.decide.objective import CONDUCTIVITY
from autodisco.decide.outlook import Aim, Outlook
from autodisco.polymer.grammar import units_from_grammar
from autodisco.surrogate import Label
from tests.distinct_units import distinct_units

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Sixty polymers separated by semicolons, with decimal commas and columns of other names."""
    file = tmp_path_factory.mktemp("replay") / "mine.csv"
    units = list(dict.fromkeys(units_from_grammar(90, np.random.default_rng(1))))[:60]
    rows = [f"{unit};{10 ** (unit.count('O') - 5):.3e};{len(unit)},5" for unit in units]
    file.write_text("\n".join(["polymer;sigma;weight", *rows]).replace("e-0", "e-"))
    return file


@pytest.fixture
def replay(monkeypatch, capsys):
    """Runs the script; its status and what it printed to each of the two outputs."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    script = importlib.import_module("surrogate_replay")

    def one(*arguments):
        monkeypatch.setattr(sys, "argv", ["surrogate_replay.py", *map(str, arguments)])
        status = script.main()
        return (status, *capsys.readouterr())

    return one


def test_a_table_of_any_form_is_replayed_and_a_finished_replay_is_not_repeated(replay, table, tmp_path):
    given = ["--table", table, "--smiles-column", "polymer", "--objective", "sigma", "--out", tmp_path]
    given += ["--seeds", 1, "--start", 10, "--batch", 5, "--labels", 25, "--rules", "greedy", "random"]
    status, out, _ = replay(*given)
    assert status == 0
    assert "mine-all: greedy, seed 0: labels 25" in out
    (file,) = tmp_path.glob("*.csv")
    rows = list(csv.DictReader(file.open()))
    assert [row["labels"] for row in rows if row["rule"] == "greedy"] == ["10", "15", "20", "25"]
    assert replay(*given) == (0, "", "")
    _, shown, _ = replay("--out", tmp_path, "--plot", tmp_path / "figure.png")
    assert "| `greedy` | 1 |" in shown
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_with_several_objectives_the_dominated_volume_is_counted_and_one_may_need_no_label(replay, table, tmp_path):
    given = ["--table", table, "--smiles-column", "polymer", "--objective", "sigma", "--out", tmp_path]
    given += ["--further=-weight", "--further=-sa_score", "--rules", "chebyshev-ucb"]
    status, _, _ = replay(*given, "--seeds", 1, "--start", 10, "--batch", 10, "--labels", 30)
    assert status == 0
    rows = list(csv.DictReader((tmp_path / "mine-all-and-weight-and-sa_score.csv").open()))
    shares = [float(row["hypervolume"]) for row in rows]
    assert shares == sorted(shares)
    assert 0.0 < shares[0] < shares[-1] <= 1.0
    _, shown, _ = replay("--out", tmp_path, "--plot", tmp_path / "figure.png")
    assert "share of the dominated volume" in shown


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (["--objective", "density"], "no column 'density'; there are: polymer, sigma, weight"),
        (["--objective", "polymer"], "it must be a number or empty"),
        (["--objective", "sigma", "--start", "200"], "60 polymers in the pool are too few"),
        (["--objective", "sigma", "--rules", "gredy"], "selection 'gredy' does not exist (did you mean 'greedy'?)"),
        (["--objective", "sigma", "--table", "absent.csv"], "absent.csv"),
    ],
)
def test_bad_input_is_one_line(replay, table, tmp_path, changes, complaint):
    status, _, errors = replay("--table", table, "--smiles-column", "polymer", "--out", tmp_path, *changes)
    assert status == 1
    assert complaint in errors
    assert errors.count("\n") == 1


def test_the_worth_of_a_build_is_the_expected_gain_of_the_best_per_second(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    script = importlib.import_module("fidelity_replay")
    units = distinct_units(60, np.random.default_rng(4))[:40]
    posterior = script.fitted([Label(unit, script.LONG, 0.1 * unit.count("O")) for unit in units[:15]])
    mean, shift = posterior.predict(units).mean, posterior.shift(units, script.LONG)
    worth = 80.0 * script.worth_of_build(Outlook(Aim(CONDUCTIVITY, posterior), units), script.TIERS[1], 3)
    order, draws = np.argsort(-mean), norm.ppf((np.arange(4000) + 0.5) / 4000)
    for place in (order[0], order[2], order[3], order[20]):
        others = np.sort(np.delete(mean, place))[::-1]
        best = others[:2].sum() + np.maximum(others[2], mean[place] + shift[place] * draws)  # of the best three
        assert worth[place] == pytest.approx(best.mean() - mean[order[:3]].sum(), abs=2e-4)
