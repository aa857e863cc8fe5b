"""Simulations of single polymers from Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import autodisco
from autodisco.api.simulate import Simulation, over_temperature
from autodisco.simulation import protocols
from autodisco.simulation.formulation import Formulation, Polymer


@pytest.fixture(scope="module")
def peo(tmp_path_factory):
    lines = []
    folder = tmp_path_factory.mktemp("simulate")
    return autodisco.simulate("*OCC*", "smoke", 1, folder=folder, progress=lines.append), lines, folder


def test_a_simulation_says_how_it_goes_and_leaves_a_trajectory_to_analyse(peo):
    found, lines, folder = peo
    assert lines[0].startswith("*OCC*: 1 build with protocol smoke, force field pcff+")
    assert lines[1].startswith("*OCC* replica 0: done after")
    assert found.folder.is_relative_to(folder)
    again = autodisco.analyze(found.folder / "0")
    assert again.properties.density_g_per_cm3 == pytest.approx(found.properties["density_g_per_cm3"])


def test_the_command_line_gives_the_same_simulation(peo, call):
    found, _, folder = peo
    said = call("simulate", "*OCC*", "--protocol", "smoke", "--replicas", "1", "--out", folder, "--json").json
    assert said == found.to_dict()


def test_numbers_of_a_simulation_are_a_table_with_units(peo):
    rows = {row["name"]: row for row in peo[0].table}
    assert rows["density_g_per_cm3"]["unit"] == "g/cm³"
    assert rows["density_g_per_cm3"]["value"] == peo[0].properties["density_g_per_cm3"]
    assert rows["conductivity_s_per_cm"]["quantity"] == "conductivity (cluster Nernst–Einstein)"


def test_one_line_says_the_conductivity_by_which_polymers_are_ranked(peo):
    found = replace(
        peo[0],
        replicas=[{}, {}],
        properties={
            "temperature_k": 353.0,
            "conductivity_s_per_cm": 8.8e-4,
            "conductivity_s_per_cm_sem": 1.2e-4,
            "conductivity_ne_s_per_cm": 2e-3,
        },
    )
    what = "conductivity (cluster Nernst–Einstein) at 353 K, mean of 2 builds: "
    assert found.headline == what + "0.88 ± 0.12 mS/cm"
    zero = replace(found, properties={**found.properties, "conductivity_s_per_cm": 0.0})
    assert zero.headline == what + "not resolved; take a longer protocol or more builds"
    one = replace(found, properties={**found.properties, "conductivity_s_per_cm_sem": None})
    assert one.headline == what + "0.88 mS/cm (its error needs two builds or more)"


def test_a_formulation_may_be_given(tmp_path):
    mixture = Formulation(polymers=(Polymer(smiles="*OCC*"),), salts=())
    found = autodisco.simulate(mixture, "smoke", 1, folder=tmp_path)
    assert found.properties["conductivity_s_per_cm"] is None
    assert found.headline == ""
    assert found.properties["density_g_per_cm3"] > 0.3


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ("*OCC", {}, "attachment point"),
        ("*OCC*", {"protocol": "fast"}, "protocol 'fast' does not exist"),
        ("*OCC*", {"force_field": "uff"}, "force field 'uff' does not exist"),
        ("*OCC*", {"engine": "gromacs"}, "engine 'gromacs' does not exist"),
        ("none.toml", {}, "none.toml"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_written(what, options, said, tmp_path):
    with pytest.raises(autodisco.errors.InputError, match=said):
        autodisco.simulate(what, **{"protocol": "smoke", **options}, folder=tmp_path / "box")
    assert not (tmp_path / "box").exists()


def test_a_protocol_with_several_temperatures_asks_for_one_of_them(tmp_path):
    text = (protocols.SHIPPED / "smoke.toml").read_text()
    file = tmp_path / "mine.toml"
    file.write_text(text.replace('name = "smoke"', 'name = "mine"\ntemperatures = [450, 400]'))
    with pytest.raises(autodisco.errors.InputError, match="2 temperatures; choose with temperature_k"):
        autodisco.simulate("*OCC*", str(file), folder=tmp_path)


def at(folder: Path, kelvin: float, value: float) -> Simulation:
    properties = {"temperature_k": kelvin, "conductivity_s_per_cm": value, "conductivity_s_per_cm_sem": value / 10}
    place = folder / "key" / f"quick@{kelvin}" / "seed-1"
    place.mkdir(parents=True)
    rows = [properties]
    return Simulation("*OCC*", "key", f"quick@{kelvin}", "", "pcff+", "lammps", properties, rows, [], [], 1.0, place)


def test_fits_over_temperature_are_plotted_beside_the_simulations(tmp_path):
    told = over_temperature([at(tmp_path, 450, 1e-3), at(tmp_path, 500, 4e-3), at(tmp_path, 550, 0.0)])
    assert told.arrhenius.activation_energy_ev == pytest.approx(np.log(4) * 8.617333e-5 / (1 / 450 - 1 / 500))
    assert told.plot == tmp_path / "key" / "temperatures.png"
    assert told.plot.read_bytes().startswith(b"\x89PNG")
    assert told.to_dict()["arrhenius"]["activation_energy_ev"] == told.arrhenius.activation_energy_ev
    assert over_temperature([at(tmp_path, 600, 1e-3)]).plot is None
