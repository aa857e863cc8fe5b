"""Objectives other than the default: direction, scale and formula decide ranking, monitor and report."""

import io
import math
import re
from dataclasses import replace

import pytest
from rich.console import Console

from autodisco.campaign.columns import column
from autodisco.decide import Objective, Scale, best_found, objective_of, of_quantity, ranking, status
from autodisco.decide.labelling import Evidence, TopFraction, TrainingClass
from autodisco.decide.life import Life, lines
from autodisco.decide.objective import CONDUCTIVITY, objective_named
from autodisco.decide.stand_ins import stand_ins
from autodisco.errors import InputError
from autodisco.monitor import frame
from autodisco.report import summary, write_report
from autodisco.store import Estimate, part_copy
from tests.filled_store import SETTINGS, fill, ranked_row

RATIO = Objective("ratio", "ratio", "NE over cluster", "r", ("conductivity_ne_s_per_cm", "conductivity_s_per_cm"),
                  lambda ne, cluster: ne / cluster)  # fmt: skip
LOWEST = """
from autodisco.decide import Scale, of_quantity

LOWEST = of_quantity("leak", "conductivity_ne_s_per_cm", direction="lower", scale=Scale(), spread=0.05)
"""


def test_the_default_is_the_conductivity_with_the_columns_of_old():
    assert CONDUCTIVITY.columns == {
        "value": "conductivity_s_per_cm",
        "sem": "conductivity_s_per_cm_sem",
        "expected": "expected_s_per_cm",
        "expected_low": "expected_low_s_per_cm",
        "expected_high": "expected_high_s_per_cm",
    }
    assert objective_named("conductivity") is CONDUCTIVITY
    assert CONDUCTIVITY.shown(0.0123, 0.0004) == "12.3 ± 0.4 mS/cm"


def test_a_unit_with_a_power_of_ten_is_multiplied_with_the_value():
    diffusivity = of_quantity("diffusivity", "cation_diffusivity_cm2_per_s")
    assert diffusivity.shown(9.6e-5) == "96 × 10⁻⁶ cm²/s"
    assert diffusivity.shown(9.6e-5, 1.2e-5) == "(96 ± 12) × 10⁻⁶ cm²/s"


def test_a_replica_without_a_quantity_has_no_value_and_an_undefined_one_what_the_objective_says():
    zero = of_quantity("t", "transference_number", undefined=0.0)
    assert zero.value({"transference_number": None}) == 0.0
    assert zero.value({}) is None
    assert of_quantity("t", "transference_number").value({"transference_number": None}) is None
    assert RATIO.value({"conductivity_ne_s_per_cm": 3.0, "conductivity_s_per_cm": 2.0}) == 1.5


def test_a_formula_that_divides_by_zero_gives_an_undefined_value():
    nothing = {"conductivity_ne_s_per_cm": 3.0, "conductivity_s_per_cm": 0.0}
    assert RATIO.value(nothing) is None
    assert replace(RATIO, undefined=0.0).value(nothing) == 0.0
    assert replace(RATIO, formula=lambda ne, cluster: math.inf).value(nothing) is None
    with pytest.raises(InputError, match="objective 'ratio': its formula fails: TypeError: can only"):
        replace(RATIO, formula=lambda ne, cluster: "a" + ne).value(nothing)


def test_an_unknown_quantity_is_named_with_the_closest_one():
    with pytest.raises(InputError, match="no quantity 'density'; did you mean 'density_g_per_cm3'"):
        of_quantity("x", "density").check()


@pytest.fixture
def lowest(tmp_path):
    """A campaign whose objective is the lowest value on a linear scale, from a file."""
    (tmp_path / "lowest.py").write_text(LOWEST)
    store = fill(tmp_path / "low")
    store.set(settings={**SETTINGS, "objective": {"name": f"{tmp_path / 'lowest.py'}:LOWEST"}})
    return store


def test_lower_values_rank_first_where_they_are_better(lowest):
    rows = ranking(lowest)
    assert [row.expected for row in rows] == sorted(row.expected for row in rows)
    found = {row.monomer_smiles: row for row in rows}
    assert found["*SCC*"].p_better > 0.5 > found["*OCOCCOC*"].p_better
    assert best_found(rows).monomer_smiles in ("*SCC*", "*CC(=O)O*")
    assert "*CCCO*" not in found  # its label in the store is a conductivity


def test_monitor_summary_and_report_show_a_linear_objective(lowest):
    seen = status(lowest)
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(frame(seen, 100, 30))
    assert "σ NE, mS/cm" in console.file.getvalue()
    assert seen.to_dict()["best"][0]["conductivity_ne_s_per_cm"] == seen.best[0].value
    page = write_report(lowest).read_text()
    assert "leak, mS/cm" in page
    assert "mS/cm" in "\n".join(summary(lowest))


def test_on_a_linear_scale_the_comparison_is_a_difference_with_a_unit(lowest):
    """Estimates whose differences to the reference are known."""
    keys = [row.key for row in ranking(lowest)]
    reference = lowest.get("reference_key")
    rows = [
        Estimate(key, 2, 1e-3 * n, 2e-3, None if key == reference else 0.99, 0.1, {"prior mean": 1e-3 * n}, {}, 1e-3)
        for n, key in enumerate(keys)
    ]
    lowest.write_estimates(replace(row, difference_sd=0.0) if row.key == reference else row for row in rows)
    lowest.set(
        judgement={"words": "posterior", "best": 3, "widened_by_forecasts": 1.0, "target": "quick", "sources": []}
    )
    objective, found = objective_of(lowest), {row.key: row for row in ranking(lowest)}
    at = keys.index(reference)
    for n, key in enumerate(keys):
        if key == reference:
            assert (found[key].against_reference, found[key].shown_against) == (None, "")
            continue
        off = 1e-3 * (n - at)
        row = found[key]
        assert row.against_reference == pytest.approx(off)
        assert row.against_reference_low == pytest.approx(off - 1.645e-3, abs=1e-6)
        assert row.against_reference_high == pytest.approx(off + 1.645e-3, abs=1e-6)
        ends = (row.against_reference_low, row.against_reference_high)
        assert row.shown_against.endswith(" ({} to {})".format(*map(objective.brief, ends)))
    assert (column("against_reference", (objective,)).unit, column("against_reference").unit) == ("S/cm", "")
    page = write_report(lowest).read_text()
    assert re.search(r"minus PEO \(90 %\), <[^>]*>mS/cm<", page)
    best = best_found(list(found.values()))
    assert f"difference to PEO {best.shown_against} mS/cm, 2 replicas, better with probability 0.99" in page


def test_a_polymer_outside_of_the_bounds_of_a_constraint_is_excluded(tmp_path):
    text = LOWEST.replace("LOWEST =", "SMALL =").replace('direction="lower"', "at_most=0.1")
    (tmp_path / "small.py").write_text(text)
    with fill(tmp_path / "bound") as store:
        free = ranking(store)
        store.set(settings={**SETTINGS, "objective": {"constraints": [f"{tmp_path / 'small.py'}:SMALL"]}})
        rows = ranking(store)
        found = {row.monomer_smiles: row for row in rows}
        page = write_report(store).read_text()
        text = "\n".join(summary(store))
        row = found["*COCOC*"]
        life = "\n".join(
            lines(Life(CONDUCTIVITY, row.key, store.polymer(row.key), [], {}, [], [], row, [], [], None, None))
        )
    assert free[0].monomer_smiles == "*COCOC*"  # 2.5 × 0.047 is above the bound
    assert rows[-1].monomer_smiles == "*OCOCCOC*"
    assert found["*COCOC*"].verdict == "excluded"
    assert found["*COCOC*"].violated == ["leak at most 100 mS/cm"]
    assert best_found(rows).monomer_smiles == "*OCCOCCN*"
    assert "violates: leak at most 100 mS/cm" in page
    assert "2 new polymers are excluded by a constraint: *COCOC*, *OCOCCOC*\n" in text
    assert ", excluded: violates leak at most 100 mS/cm\n" in life
    assert "excluded against" not in life
    classes = TopFraction().classes(Evidence(CONDUCTIVITY, rows, [], 0.2, 5.0, 0.95))
    assert classes[found["*COCOC*"].key].label == "low"


def test_stand_ins_on_a_linear_scale_may_be_negative():
    values = stand_ins(1.0, 5.0, 3, Scale())
    assert sum(values) / 3 == pytest.approx(1.0)
    assert min(values) < 0


def evidence(values, objective=CONDUCTIVITY):
    rows = [ranked_row(value, 0.1 * value, key=str(n), objective=objective) for n, value in enumerate(values)]
    return Evidence(objective, rows, [], 0.25, 5.0, 0.95)


def test_the_top_fraction_is_that_of_the_better_values():
    lower = of_quantity("x", "conductivity_s_per_cm", direction="lower")
    for objective, high in ((CONDUCTIVITY, {"3"}), (lower, {"0"})):
        classes = TopFraction().classes(evidence([1e-3, 2e-3, 3e-3, 4e-3], objective))
        assert {key for key, found in classes.items() if found.label == "high"} == high
    assert {found.label for found in TopFraction().classes(evidence([0.0] * 4)).values()} == {"low"}


def test_a_class_that_the_generator_does_not_know_is_refused():
    with pytest.raises(InputError, match="class 'good' of weight 1\\.0; allowed are high, low, unlabelled"):
        TrainingClass("good", 1.0, "")


def test_a_copied_campaign_is_read_with_its_copy_of_the_objective(lowest, tmp_path):
    file = tmp_path / "lowest.py"
    copy = part_copy(lowest.folder, file)
    copy.parent.mkdir(parents=True)
    file.rename(copy)
    assert status(lowest).objective.name == "leak"
    copy.unlink()
    with pytest.raises(InputError, match=r"lowest\.py cannot be read: no such file"):
        status(lowest)


def test_an_objective_whose_package_is_missing_says_how_to_install_it():
    there = Objective("o", "o", "o", "o", structure=len, needs=("math", "stability"))
    there.check()
    with pytest.raises(InputError, match=r"objective 'o' needs nowhere: pip install 'autodisco\[stability\]'"):
        replace(there, needs=("nowhere", "stability")).check()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"at_least": 1.4, "at_most": 1.1}, "at_least = 1.4 is above at_most = 1.1"),
        ({"target": -1.0}, "value = -1: allowed is a number above 0"),
    ],
)
def test_an_objective_that_no_polymer_can_meet_is_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        replace(CONDUCTIVITY, **changes).check()


def test_a_material_with_a_part_of_unknown_value_has_none():
    one = Objective("o", "o", "o", "o", structure=lambda smiles: None if "C1" in smiles else 5.0)
    assert one.of_structure("*CCO*.*CCCO*|blend|0.5") == 5.0
    assert one.of_structure("*CCO*.O=C1OCCO1|plasticised|0.2") is None
