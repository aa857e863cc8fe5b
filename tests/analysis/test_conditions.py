"""Fits of one polymer over molality and temperature, their table and their plot."""

import csv
import io

import numpy as np
import pytest

from autodisco.analysis.conditions import Condition, as_csv, over_salt, over_temperature, plot
from autodisco.analysis.temperatures import BOLTZMANN_EV

M, T = (0.5, 1.0, 1.5, 2.0, 3.0), (350.0, 400.0, 450.0, 500.0)
ENERGY = 0.3


def conditions(molalities=M, kelvins=T):
    """An Arrhenius law of 0.3 eV with a maximum at 1.4 mol/kg; three builds each."""
    rng = np.random.default_rng(1)
    return [
        Condition(m, t, 4, tuple(50 * m * np.exp(-m / 1.4 - ENERGY / BOLTZMANN_EV / t) * rng.normal(1, 0.02, 3)), m)
        for t in kelvins
        for m in molalities
    ]


def test_every_temperature_has_a_maximum_and_every_molality_an_energy():
    salts, kelvins = over_salt(conditions()), over_temperature(conditions())
    assert [fit.temperature_k for fit in salts] == list(T)
    assert [fit.to_dict()["optimum_mol_per_kg"] for fit in salts] == pytest.approx([1.4] * 4, rel=0.1)
    assert [fit.molality_mol_per_kg for fit in kelvins] == list(M)
    for fit in kelvins:
        told = fit.to_dict()["arrhenius"]
        assert told["activation_energy_ev"] == pytest.approx(ENERGY, abs=4 * told["activation_energy_ev_sem"])
        assert told["activation_energy_kj_per_mol_sem"] == pytest.approx(96.48533 * told["activation_energy_ev_sem"])
        assert "kJ/mol" in fit.told()


def test_a_single_value_on_an_axis_gives_no_fit_over_it():
    assert over_salt(conditions(molalities=(1.0,))) == []
    assert over_temperature(conditions(kelvins=(500.0,))) == []
    (fit,) = over_salt(conditions(molalities=(1.0, 2.0), kelvins=(500.0,)))
    assert fit.told() == "500 K: no fit over molality: 2 different molalities with a value; a fit needs at least 4"
    assert {fit.curve for fit in over_temperature(conditions(kelvins=T[:3]))} == {None}


def test_conditions_without_a_value_are_left_out():
    lost = [Condition(0.5, t, 1, (0.0, 0.0), 0.5) for t in T] + [Condition(4.0, t, 9, (), 4.0) for t in T]
    rest = conditions(molalities=M[1:])
    assert [fit.curve.least for fit in over_salt(lost + rest)] == [1.0] * 4
    assert over_salt(lost + rest)[0].told().endswith("; left out, because no ion moved: 0.5 mol/kg")
    assert over_temperature(lost + rest)[0].reason == "0 different temperatures; a fit needs at least 2"
    assert plot(lost + rest, "*OCC*").startswith(b"\x89PNG")


def test_plot_and_table_on_the_screen_have_one_unit():
    figures = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", lambda figure, *_, **__: figures.append(figure))
        plot([Condition(1.0, 500.0, 4, (2e-3,), 1.0)], "*OCC*")
    axes = figures[0].axes[0]
    assert "mS/cm" in axes.get_ylabel()
    assert list(axes.lines[0].get_ydata()) == [2.0]


def test_the_table_has_units_in_its_names():
    rows = list(csv.DictReader(io.StringIO(as_csv({"*OCC*": [*conditions(), Condition(4.0, 500.0, 9, (), 4.0)]}))))
    assert len(rows) == 21
    assert {row["monomer_smiles"] for row in rows} == {"*OCC*"}
    assert float(rows[1]["conductivity_s_per_cm"]) == pytest.approx(np.mean(conditions()[1].conductivities))
    assert (rows[-1]["molality_mol_per_kg"], rows[-1]["conductivity_s_per_cm"], rows[-1]["n_replicas"]) == (
        "4.0",
        "",
        "0",
    )


@pytest.mark.parametrize("axes", [{}, {"kelvins": (500.0,)}, {"molalities": (1.0,)}])
def test_the_plot_has_a_panel_for_each_axis(axes):
    assert plot(conditions(**axes), "*OCC*").startswith(b"\x89PNG")
