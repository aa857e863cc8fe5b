"""The example of an objective: a campaign ranks by t₊ × σ, and everything that shows values says so."""

import csv
import json
import re

import pytest

from autodisco.campaign import load
from autodisco.campaign.seeds import read_seeds
from autodisco.campaign.setup import full_runs, set_up
from autodisco.campaign.tasks import Tasks
from autodisco.decide import ranking
from autodisco.errors import InputError
from autodisco.simulation import protocols
from autodisco.store import Store
from tests.campaign.conftest import write_campaign
from tests.extending.conftest import write_parts


def test_polymers_are_ranked_by_the_objective(campaign):
    with Store.open_readonly(campaign.folder) as store:
        rows = {row.monomer_smiles: row for row in ranking(store)}
        (replica,) = store.replicas()
    assert (rows["*OCC*"].value, rows["*OCC*"].verdict, rows["*OCC*"].origin) == (2e-3, "reference", "seeds.csv")
    found = next(row for row in rows.values() if row.origin == "simulated")
    transference, conductivity = (replica.properties[name] for name in campaign.objective.quantities)
    assert found.value == pytest.approx((transference or 0.0) * conductivity)
    expected = [row.expected for row in rows.values()]
    assert expected == sorted(expected, reverse=True)


@pytest.mark.parametrize("of_conductivity", [False, True])
def test_early_stops_are_off_for_another_objective_and_the_campaign_says_so(tmp_path, of_conductivity):
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    text = text.replace("timestep_fs = 2.0\n", "timestep_fs = 2.0\ncheckpoint_every_ps = 0.5\n", 1)
    (tmp_path / "mine.toml").write_text(text + "stop_at_relative_error = 0.1\n")
    file = write_campaign(tmp_path) if of_conductivity else write_parts(tmp_path)
    file.write_text(file.read_text().replace('protocol = "smoke"', 'protocol = "mine.toml"'))
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        store.add_polymer("abc", "*OCC*", "*OCC*", "seed", 0)
        store.plan_replica("abc", store.get("protocol"), 0, 0)
        assert Tasks(campaign, store).of(store.replicas()[0]).may_stop_early == of_conductivity
        told = [row.why for row in store.journal() if row.event == "no early stops"]
    why = "early stops of protocol mine are off: they are tested for a high conductivity alone, not for efficacy"
    assert told == ([] if of_conductivity else [why])
    assert full_runs(campaign) == ("" if of_conductivity else why)


def test_status_monitor_and_report_show_its_name_and_unit(campaign, call):
    status = call("status", campaign.folder, "--json").json
    assert status["objective"]["label"] == "efficacy (transference number times conductivity)"
    assert {"efficacy_s_per_cm", "efficacy_s_per_cm_sem", "expected_s_per_cm"} <= status["best"][0].keys()
    assert "t₊σ, mS/cm" in call("monitor", campaign.folder, "--once", "--width", 110).out
    said = call("report", campaign.folder)
    assert "mS/cm" in said.out
    page = (campaign.folder / "report" / "index.html").read_text()
    headings = {re.sub("<[^>]*>", "", text) for text in re.findall("<th>.*?</th>", page)}
    assert {"smoke: t₊σ, mS/cm", "posterior (90 %), mS/cm"} <= headings
    assert "efficacy, mS/cm" in page  # an axis
    with (campaign.folder / "report" / "ranking.csv").open() as handle:
        values = [float(row["expected_s_per_cm"]) for row in csv.DictReader(handle)]
    assert values == sorted(values, reverse=True)
    assert json.loads((campaign.folder / "report" / "ranking.json").read_text())["polymers"][0]["efficacy_s_per_cm"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("objective.py:EFFICACY", "objective.py:EFICACY", "objective.0: .*has no object 'EFICACY'"),
        ("parts/objective.py:EFFICACY", "eficacy", "objective.0: objective 'eficacy' does not exist"),
        (
            "parts/objective.py:EFFICACY",
            "parts/selection.py:Diverse",
            "objective.0: .* is not an instance of Objective",
        ),
    ],
)
def test_a_wrong_name_is_one_line(tmp_path, call, old, new, said):
    file = write_parts(tmp_path)
    file.write_text(file.read_text().replace(old, new))
    found = call("run", file)
    assert found.code == 2
    assert len(found.err.splitlines()) == 1
    with pytest.raises(InputError, match=said):
        raise InputError(found.err)


def test_a_seed_file_of_another_quantity_gives_polymers_without_a_value(tmp_path, call):
    file = write_parts(tmp_path)
    seeds = tmp_path / "seeds.csv"
    efficacy = load(file, tmp_path / "runs").objective
    rows = read_seeds(seeds, efficacy).seeds
    assert any(row.value is not None for row in rows)
    seeds.write_text(seeds.read_text().replace("efficacy_s_per_cm", "conductivity_s_per_cm"))
    other = read_seeds(seeds, efficacy).seeds
    assert [row.unit for row in other] == [row.unit for row in rows]
    assert {row.value for row in other} == {None}
    seeds.write_text(seeds.read_text().replace("conductivity_s_per_cm", "conductivty_s_per_cm"))
    assert "unknown column 'conductivty_s_per_cm'" in call("run", file).err
