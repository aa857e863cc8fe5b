"""Windows of polymers, and the command that prints them."""

import math
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from autodisco.decide import objective_named
from autodisco.errors import WindowFailure
from autodisco.stability import oxidation_potential, window
from autodisco.stability.calibration import line, references

pytest.importorskip("tblite")

ETHER = "COC"


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    """The cache of the user in a folder of this module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_the_window_of_a_small_ether(call):
    found = window(ETHER)
    assert 4.5 < found.oxidation < 6.5  # tetrahydrofuran: 5.2 V
    assert found.reduction < 0.5
    assert found.width == pytest.approx(found.oxidation - found.reduction)
    assert found.oxidation_error == line("oxidation").mean_error
    said = call("window", ETHER, "--json")
    assert said.code == 0
    (row,) = said.json["windows"]
    assert row["oxidation_v"] == pytest.approx(found.oxidation)
    assert row["window_v_error"] > row["oxidation_v_error"] > row["reduction_v_error"]
    shown = call("window", ETHER)
    assert f"{found.oxidation:.2f}" in shown.out
    assert "mean error" in shown.err


def test_extrapolated_values_and_unknown_elements_are_marked_and_names_are_kept(call, tmp_path):
    (tmp_path / "list.csv").write_text("Name;Einheit\nether;COC\nsilane;C[SiH3]\nPTMC;?\nagain;COC\n")
    said = call("window", tmp_path / "list.csv", "--column", "einheit")
    assert said.code == 2
    rows = {cells[0]: line for line in said.out.splitlines() if (cells := line.split())}
    assert rows["ether"].count("†") == 1  # no measured reduction is so low
    assert "Si" in rows["silane"].split()
    assert "= ether" in rows["again"]
    assert "Si: in no molecule of the calibration" in said.out
    assert "Si: cannot be simulated" in said.out
    assert "about 1 V above" in said.out
    assert "† extrapolated, outside of 0.45 to 3.24 V" in said.err
    lines = said.err.splitlines()
    # before the others are calculated
    assert "list.csv, line 4: ?: '?' is not the SMILES of a molecule" in lines[0]
    assert lines[1].startswith("1 of 3 windows: ether, ")
    assert lines[3].startswith("3 of 3 windows: again, ")
    (row, *_) = call("window", "C[SiH3]", "--json").json["windows"]
    assert (row["unknown_elements"], row["extrapolated"]) == (["Si"], ["reduction"])


def test_one_bad_polymer_costs_the_others_nothing(call):
    said = call("window", "*O(", ETHER)
    assert said.code == 2
    assert "COC" in said.out
    (line,) = [line for line in said.err.splitlines() if line.startswith("error")]
    assert line.startswith("error: *O(: ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hello", "is not the SMILES of a molecule"),
        ("[CH3]", "has unpaired electrons"),
        ("[O][O]", "has unpaired electrons"),
        ("CC.CC", "is 2 molecules"),
        ("[U]", "has an element above radon"),
        ("*CC", "has 1 attachment point"),
    ],
)
def test_a_text_that_has_no_window_is_refused_in_one_line(call, text, why):
    said = call("window", text)
    assert said.code == 2
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"error: {text}: ")
    assert why in line


def test_a_polymer_that_cannot_be_calculated_has_no_value():
    assert oxidation_potential("*O(*") is None


def test_a_molecule_that_changes_by_itself_has_no_window():
    with pytest.raises(WindowFailure, match="a bond breaks before an electron is taken or added: H-N"):
        window("[O-]CC[NH3+]")  # the proton goes to the alkoxide


def test_a_killed_calculation_is_tried_again_and_not_remembered():
    killed = []

    def kill():
        """Kill the first process that calculates."""
        mine = f"/proc/{os.getpid()}/task"
        while not killed:
            for task in Path(mine).iterdir():
                for child in map(int, (task / "children").read_text().split()):
                    if b"autodisco.stability.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                        os.kill(child, signal.SIGKILL)
                        killed.append(child)
                        return
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    found = oxidation_potential("*CCO*")
    killer.join()
    assert killed
    assert found == window("*CCO*").oxidation


def test_a_blend_is_as_stable_as_its_weakest_part_on_each_side():
    acetal, fluoride = "*CO*", "*CC(F)(F)*"
    parts = [window(acetal), window(fluoride)]
    assert parts[0].oxidation < parts[1].oxidation  # one limits the oxidation
    assert parts[1].reduction > parts[0].reduction  # the other one limits the reduction
    oxidation, reduction, width = map(
        objective_named, ("oxidation_potential", "reduction_potential", "electrochemical_window")
    )
    blend = f"{acetal}.{fluoride}|blend|0.3"
    assert oxidation.of_structure(blend) == parts[0].oxidation
    assert reduction.of_structure(blend) == parts[1].reduction
    assert width.of_structure(blend) == pytest.approx(parts[0].oxidation - parts[1].reduction)
    assert width.of_structure(blend) < min(one.width for one in parts) - 1


def test_a_plasticiser_counts_and_a_side_chain_is_part_of_its_unit():
    oxidation = objective_named("oxidation_potential")
    plasticised = f"*CC(F)(F)*.{ETHER}|plasticised|0.2"
    assert oxidation.of_structure(plasticised) == pytest.approx(window(ETHER).oxidation)
    assert oxidation.of_structure(f"{ETHER}|molecule") == window(ETHER).oxidation


def test_the_bonds_between_the_units_of_a_random_copolymer_count():
    found = objective_named("oxidation_potential").of_structure("*CO*.*CC*|random|0.3")
    each = [window(unit).oxidation for unit in ("*CO*", "*CC*")]
    assert found == window("*CCCO*").oxidation < min(each)


def test_the_potentials_are_objectives_of_the_structure():
    found = window("*CO*")
    oxidation, reduction, width = map(
        objective_named, ("oxidation_potential", "reduction_potential", "electrochemical_window")
    )
    assert oxidation.of_structure("*CO*") == found.oxidation
    assert reduction.of_structure("*CO*") == found.reduction
    assert width.of_structure("*CO*") == found.width
    errors = [line(side).rms_error for side in ("oxidation", "reduction")]
    assert [oxidation.structure_sem, reduction.structure_sem] == pytest.approx(errors, abs=0.01)
    assert width.structure_sem == pytest.approx(math.hypot(*errors), abs=0.01)


@pytest.mark.slow
def test_dimethoxyethane_is_oxidised_where_it_was_measured():
    (measured,) = [one for one in references() if one.smiles == "COCCOC" and one.side == "oxidation"]
    assert window("COCCOC").oxidation == pytest.approx(measured.volts, abs=2 * line("oxidation").mean_error)


@pytest.mark.slow
def test_five_polymers_are_oxidised_in_the_published_order():
    ppo, peo, ptmc, pan, pvdf = (
        window(smiles).oxidation for smiles in ("*OCC(C)*", "*OCC*", "*OCCCOC(=O)*", "*CC(C#N)*", "*CC(F)(F)*")
    )
    assert max(ppo, peo) < ptmc < pan < pvdf


@pytest.mark.slow
def test_lithium_raises_both_limits_and_an_anion_lowers_none_above_them():
    salted = window("COCCOC", with_salt=True)
    bare = salted.limits["none"]
    assert salted.limits["lithium"].oxidation > bare.oxidation
    assert salted.limits["lithium"].reduction > bare.reduction
    assert salted.oxidation <= bare.oxidation
    assert salted.reduction >= bare.reduction
