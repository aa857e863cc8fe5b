"""`autodisco table`: results of several analyses side by side, compared, and fitted over temperature."""

import csv
import io
import json

import numpy as np
import pytest

K_EV = 8.617333e-5
NOISE = {333: 1.01, 353: 0.98, 373: 1.01}


@pytest.fixture
def files(tmp_path):
    """Writes what `analyze --json` prints for runs of these conductivities at a temperature."""

    def write(name, kelvin, *conductivities):
        found = [{"run": f"{name}-{k}", "temperature_k": kelvin, "conductivity_s_per_cm": s, "transference_number": 0.4}
                 for k, s in enumerate(conductivities)]  # fmt: skip
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(found[0] if len(found) == 1 else {"replicas": found, "combined": {}}))
        return path

    return write


def law(kelvin, prefactor=10.0, energy_ev=0.3):
    return prefactor * np.exp(-energy_ev / K_EV / kelvin)


def test_temperatures_of_one_system_give_its_activation_energy(call, files):
    given = [files(f"peo-{kelvin}", kelvin, factor * law(kelvin)) for kelvin, factor in NOISE.items()]
    said = call("table", *given)
    assert said.code == 0, said.err
    for kelvin in (333, 353, 373):
        assert f"peo-{kelvin}" in said.out
    assert f"{1.01 * law(373) * 1e3:.2g}" in said.out
    assert "peo: activation energy 0.300 ± " in said.out
    found = call("table", *given, "--json").json
    assert found["fits"][0]["arrhenius"]["activation_energy_ev"] == pytest.approx(0.3, abs=1e-3)
    assert found["fits"][0]["arrhenius"]["log10_prefactor"] == pytest.approx(1.0, abs=0.02)
    assert found["comparisons"] == []


def test_two_systems_are_compared_at_each_temperature_and_fitted_each(call, files):
    a = [files(f"peo-{k}", k, *law(k) * np.array([0.9, 1.0, 1.1])) for k in (333, 373)]
    b = [files(f"ppo-{k}", k, *law(k, 2.0) * np.array([0.9, 1.0, 1.1])) for k in (333, 373)]
    found = call("table", *a, "+", *b, "--json").json
    assert [one["system"] for one in found["fits"]] == ["peo", "ppo"]
    assert [(one["temperature_k"], one["first"], one["second"]) for one in found["comparisons"]] == [
        (333, "peo", "ppo"),
        (373, "peo", "ppo"),
    ]
    for one in found["comparisons"]:
        assert one["ratio"] == pytest.approx(5, rel=0.05)
        assert one["ratio_low"] < 5 < one["ratio_high"]
        assert one["p_first_higher"] > 0.95
    assert "peo conducts 5.0 times as well as ppo at 373 K" in call("table", *a, "+", *b).out


def test_systems_are_called_by_their_files_up_to_the_temperature_or_as_asked_for(call, files):
    first, second = ([files(f"peo-eo{n}-{k}K", k, n * law(k)) for k in (333, 373)] for n in (20, 10))
    found = call("table", *first, "+", *second, "--json").json
    assert [one["system"] for one in found["fits"]] == ["peo-eo20", "peo-eo10"]
    assert [row["system"] for row in found["results"]] == ["peo-eo20"] * 2 + ["peo-eo10"] * 2
    named = call("table", *first, "+", *second, "--system", "A", "--system", "B")
    assert "A: activation energy 0.30" in named.out
    assert "B: activation energy 0.30" in named.out
    said = call("table", *first, "+", *second, "--system", "A")
    assert (said.code, said.err) == (2, "error: --system: 1 name for 2 systems; one for each\n")
    said = call("table", *first, "+", *second, "--system", "A", "--system", "A")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "two systems are called A; name them with --system" in said.err


def test_the_fit_is_of_the_conductivity_that_is_asked_for_and_uses_the_errors_of_points(call, tmp_path):
    name, paths = "conductivity_ne_s_per_cm", []
    for kelvin in (333, 353, 373):
        own = {name: law(kelvin, energy_ev=0.5), f"{name}_sem": 0.2 * law(kelvin, energy_ev=0.5)}
        paths.append(tmp_path / f"peo-{kelvin}.json")
        paths[-1].write_text(json.dumps({"temperature_k": kelvin, "conductivity_s_per_cm": law(kelvin)} | own))
    (fit,) = call("table", *paths, "--quantity", name, "--json").json["fits"]
    assert fit["quantity"] == name
    assert fit["arrhenius"]["activation_energy_ev"] == pytest.approx(0.5)
    # Error of a slope from equal errors of ordinates: 0.2 over the root of the sum of squares about the mean abscissa.
    x = 1 / (K_EV * np.array([333, 353, 373]))
    error = 0.2 / np.sqrt(((x - x.mean()) ** 2).sum())
    assert fit["arrhenius"]["activation_energy_ev_sem"] == pytest.approx(error, rel=1e-3)
    assert fit["told"].endswith("; conductivity (Nernst–Einstein)")
    (fit,) = call("table", *paths, "--json").json["fits"]
    assert (fit["quantity"], fit["arrhenius"]["activation_energy_ev"]) == ("conductivity_s_per_cm", pytest.approx(0.3))
    assert fit["arrhenius"]["activation_energy_ev_sem"] == pytest.approx(error, rel=1e-3)


def test_arrhenius_plots_hold_the_points_of_all_systems(call, files, tmp_path):
    given = [files(f"peo-{kelvin}", kelvin, law(kelvin)) for kelvin in (333, 353)]
    others = [files(f"ppo-{kelvin}", kelvin, law(kelvin, 2.0), law(kelvin, 2.2)) for kelvin in (333, 353)]
    said = call("table", *given, "+", *others, "--plots", tmp_path / "plots")
    assert said.code == 0, said.err
    assert (tmp_path / "plots" / "arrhenius-conductivity.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((tmp_path / "plots" / "arrhenius-conductivity.csv").open()))
    assert [(row["system"], float(row["temperature_k"])) for row in rows] == [
        ("peo", 333), ("peo", 353), ("ppo", 333), ("ppo", 353),
    ]  # fmt: skip
    assert float(rows[3]["conductivity_s_per_cm"]) == pytest.approx(law(353, 2.1))
    assert float(rows[3]["conductivity_s_per_cm_sem"]) == pytest.approx(law(353, 0.1))
    alone = call("table", files("a", 353, 1e-3), "--plots", tmp_path / "none")
    assert (alone.code, alone.err.count("\n")) == (2, 1)
    assert "give results of a system at two temperatures" in alone.err


def test_columns_are_explained_and_unlike_names_in_a_system_told(call, files):
    given = [files("peo-333", 333, 1e-3), "+", files("ppo-353", 353, 1e-3), files("peo-373", 373, 2e-3)]
    out = " ".join(call("table", *given).out.split())
    assert "σ: conductivity (cluster Nernst–Einstein)" in out
    assert "files of one system have unlike names (ppo-353, peo-373): is the + in its place?" in out
    assert "unlike" not in call("table", *given[2:3], files("ppo-373", 373, 2e-3)).out


def test_single_runs_at_one_temperature_are_systems_whose_ratio_is_uncertain(call, files):
    (one,) = call("table", files("a", 353, 2e-3), files("b", 353, 1e-3), "--json").json["comparisons"]
    # Scatter of 0.3 decades per build with two degrees of freedom: 4.30 standard errors of 0.42 decades.
    assert np.log10(one["ratio_high"] / one["ratio"]) > 1.5
    assert 0.5 < one["p_first_higher"] < 0.9


def test_csv_has_a_row_for_each_file_with_errors_over_its_runs(call, files):
    given = [files("a", 353, 1e-3, 3e-3), files("b", 353, 1e-3)]
    out = call("table", *given, "--csv", "--quantity", "conductivity_s_per_cm", "--quantity", "density_g_per_cm3").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["name"] for row in rows] == ["a", "b"]
    assert [row["runs"] for row in rows] == ["2", "1"]
    assert float(rows[0]["conductivity_s_per_cm"]) == pytest.approx(2e-3)
    assert float(rows[0]["conductivity_s_per_cm_sem"]) == pytest.approx(1e-3)
    assert rows[1]["conductivity_s_per_cm_sem"] == rows[1]["density_g_per_cm3"] == ""


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("a", "b", "hot"), "a and b are at 353 K both: put a + between systems"),
        (("a", "+"), "a + stands between two of them"),
        (("other",), "other.json: not the output of analyze --json"),
        (("text",), "text.json: not JSON"),
        (("missing",), "missing.json: No such file or directory"),
        (("a", "--quantity", "sigma"), "quantity 'sigma' is unknown"),
        (("a", "--json", "--csv"), "--json and --csv exclude each other"),
    ],
)
def test_what_cannot_be_tabulated_is_one_line(call, files, tmp_path, names, complaint):
    for name, kelvin in (("a", 353), ("b", 353), ("hot", 373)):
        files(name, kelvin, 1e-3)
    (tmp_path / "other.json").write_text('{"replicas": [3]}')
    (tmp_path / "text.json").write_text("quantity,value\n")
    known = ("a", "b", "hot", "other", "text", "missing")
    said = call("table", *(tmp_path / f"{name}.json" if name in known else name for name in names))
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert complaint in said.err
