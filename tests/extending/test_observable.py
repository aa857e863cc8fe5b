"""The example of an observable in docs/extending.md, used from the command line."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from autodisco.analysis import analyze
from autodisco.campaign.campaign_file import check
from autodisco.campaign.settings_file import read_settings
from autodisco.errors import InputError
from autodisco.simulation import protocols
from tests.analysis.test_replica_folder import walkers, write_replica

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "observable.py"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:MDAnalysis")


@pytest.fixture
def observable(tmp_path):
    """The example, copied to a folder of its own, as it is named on the command line."""
    return f"{shutil.copy(EXAMPLE, tmp_path)}:PairDistance"


@pytest.fixture
def replicas(tmp_path):
    """Two replicas in which each cation stays 1.5 Å away from an atom of its anion and 2 Å from the other."""
    box, folders = (60.0, 60.0, 60.0), [tmp_path / name for name in "ab"]
    for seed, folder in enumerate(folders):
        folder.mkdir()
        positions = walkers(box, 5, 30, (0.3, 0.3), seed)
        positions[:, 8:13] = positions[:, 13::3] + np.array([1.5, 0, 0])  # next to the first atom of each anion
        write_replica(folder, positions, box, 5)
    return folders


def test_a_quantity_of_a_file_is_printed_and_combined_like_any_other(call, replicas, observable):
    one = call("analyze", replicas[0], "--observable", observable, "--json").json
    assert one["pair_distance_angstrom"] == pytest.approx((1.5 + 2.5) / 2, abs=0.01)
    both = call("analyze", *replicas, "--observable", observable, "--json").json["combined"]
    assert both["pair_distance_angstrom"] == pytest.approx(2.0, abs=0.01)
    assert "pair_distance_angstrom_sem" in both  # null: both runs have the same value
    assert "distance within ion pairs" in call("analyze", replicas[0], "--observable", observable).out
    assert "pair_distance_angstrom" not in call("analyze", replicas[0], "--json").json


def test_a_protocol_names_observables_beside_its_file(call, tmp_path, monkeypatch, observable):
    monkeypatch.chdir(tmp_path)
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "protocols").mkdir()
    file = tmp_path / "protocols" / "mine.toml"
    file.write_text('observables = ["../observable.py:PairDistance"]\n' + text)
    said = call("simulate", "*OCC*", "--protocol", file, "--engine", "lammps", "--replicas", "1", "--json")
    assert said.code == 0, said.err
    assert "pair_distance_angstrom" in said.json["properties"]
    assert protocols.load(str(file)).is_same_as(protocols.load("smoke").model_copy(update={"name": "mine"}).content())
    file.write_text(file.read_text().replace("PairDistance", "Missing"))
    said = call("simulate", "*OCC*", "--protocol", file)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "mine.toml: observables: " in said.err
    assert "has no object 'Missing'" in said.err


def test_an_observable_that_fails_costs_a_replica_only_its_own_value(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.py").write_text(EXAMPLE.read_text().replace("near.frames)", "near.missing)"))
    (tmp_path / "good.py").write_text(EXAMPLE.read_text().replace("pair_distance", "another_distance"))
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text('observables = ["broken.py:PairDistance", "good.py:PairDistance"]\n' + text)
    said = call("simulate", "*OCC*", "--protocol", "mine.toml", "--engine", "lammps", "--replicas", "1", "--json")
    assert said.code == 0, said.err
    (replica,) = said.json["replicas"]
    assert replica["conductivity_s_per_cm"] is not None
    assert replica["pair_distance_angstrom"] is None
    assert replica["another_distance_angstrom"] is not None
    (told,) = [text for text in replica["warnings"] if "is left out" in text]
    assert "observable PairDistance: AttributeError" in told
    assert "broken.py, line " in told


def test_the_objective_of_a_campaign_may_be_a_quantity_of_an_observable(tmp_path, observable):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    (tmp_path / "mine.toml").write_text('observables = ["observable.py:PairDistance"]\n' + text)
    (tmp_path / "aim.py").write_text(
        "from autodisco.decide import Objective\n"
        'short = Objective("pairs", "pair_distance_angstrom", "distance", "r", ("pair_distance_angstrom",))\n'
    )
    file = tmp_path / "campaign.toml"
    file.write_text('name = "pairs"\n[simulation]\nprotocol = "mine.toml"\n[objective]\nname = "aim.py:short"\n')
    check(file, read_settings(file))


def test_an_observable_that_does_not_exist_is_one_line(call, replicas, tmp_path):
    for name, complaint in (("colective", "did you mean 'collective'?"), (f"{tmp_path}/x.py:A", "no such file")):
        said = call("analyze", replicas[0], "--observable", name)
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert complaint in said.err


def test_an_error_in_an_observable_is_one_line_with_its_place(call, replicas, tmp_path):
    (tmp_path / "broken.py").write_text(EXAMPLE.read_text().replace("near.frames)", "near.missing)"))
    said = call("analyze", replicas[0], "--observable", f"{tmp_path}/broken.py:PairDistance")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "observable PairDistance: AttributeError" in said.err
    assert "broken.py, line " in said.err


def test_a_value_that_no_quantity_of_the_observable_stands_for_is_refused(call, replicas, tmp_path):
    text = EXAMPLE.read_text().replace('with_error("pair_distance_angstrom"', 'with_error("pair_distance"')
    (tmp_path / "wrong.py").write_text(text)
    said = call("analyze", replicas[0], "--observable", f"{tmp_path}/wrong.py:PairDistance")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "gives 'pair_distance', which is not a value of its quantities" in said.err


BAD = """
from autodisco.analysis.observable import Observable
from autodisco.analysis.observables import OBSERVABLES
from autodisco.analysis.quantity import Quantity

class Base(Observable):
    quantities = (Quantity("{0}_number", "number of frames", has_error=False),)
    def add(self, frames): pass
    def result(self): return {{"{0}_number": 1}}

class Good(Base):
    pass

class FailsAtFirst(Base):
    quantities = (Quantity("{0}_first", "never", has_error=False),)
    def __init__(self, run): raise RuntimeError("no start")

class FailsOnTheWay(Base):
    quantities = (Quantity("{0}_way", "never", has_error=False),)
    def add(self, frames): raise RuntimeError("no frame")

class NeedsOneThatFails(Base):
    quantities = (Quantity("{0}_needs", "never", has_error=False),)
    def __init__(self, run):
        super().__init__(run)
        self.other = run.get(FailsOnTheWay)

class GivesNoNumber(Base):
    quantities = (Quantity("{0}_object", "never", has_error=False),)
    def result(self): return {{"{0}_object": object()}}

class Clashes(Base):
    quantities = (Quantity("density_g_per_cm3", "my density", has_error=False),)
"""


def test_observables_that_may_fail_cost_their_own_values_whenever_they_fail(replicas, tmp_path):
    (tmp_path / "bad.py").write_text(BAD.format("tried"))
    kinds = ("FailsAtFirst", "NeedsOneThatFails", "FailsOnTheWay", "GivesNoNumber", "Clashes", "Missing", "Good")
    names = [f"{tmp_path}/bad.py:{kind}" for kind in kinds]
    values = analyze(replicas[0], expendable=names).properties
    assert values["tried_number"] == 1
    assert [values[f"tried_{name}"] for name in ("first", "way", "needs", "object")] == [None] * 4
    assert {**values, "warnings": []}.items() >= {**analyze(replicas[0]).properties, "warnings": []}.items()
    reasons = ("no start", "no frame", "no frame", "as object", "density", "no object")
    for kind, reason in zip(kinds[:-1], reasons, strict=True):
        (told,) = [text for text in values["warnings"] if text.startswith(f"observable '{tmp_path}/bad.py:{kind}'")]
        assert "is left out: " in told
        assert reason in told
    with pytest.raises(InputError, match="no frame"):
        analyze(replicas[0], observables=names[2:3])
