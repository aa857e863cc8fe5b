"""A campaign with several objectives and a constraint: filter, judge, selection, end and exports follow them."""

import csv
import dataclasses
from pathlib import Path

import pytest

from autodisco.campaign import load
from autodisco.campaign.asked_settings import ask
from autodisco.campaign.campaign_folder import open_folder
from autodisco.campaign.export import export_tables
from autodisco.campaign.judging import judge
from autodisco.campaign.objective_settings import ObjectiveSettings
from autodisco.campaign.pool import choose_batch
from autodisco.campaign.settled import settled_chance, why_settled
from autodisco.campaign.stages import STAGES
from autodisco.campaign.states import advance
from autodisco.decide import objective_of, ranking, status
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.store import NOT_SELECTED, Candidate

HALOGENS = f"{Path(__file__).parents[2] / 'docs/examples/structure.py'}:HALOGENS"
DENSITIES = {"*OCC*": 1.1, "*CC*": 0.9, "*OCCCC*": 1.0}


@pytest.fixture
def several(prepared):
    """A prepared campaign with further tables `[[objective]]`, given as keys and values."""

    def one(*tables, **filter_settings):
        campaign, store = prepared()
        settings = campaign.settings
        changes = {
            "objective": [*settings.objective, *(ObjectiveSettings(**table) for table in tables)],
            "filter": settings.filter.model_copy(update={"selection": "chebyshev-ucb", **filter_settings}),
        }
        campaign = dataclasses.replace(campaign, settings=settings.model_copy(update=changes))
        store.set(settings=campaign.settings.model_dump())
        return campaign, store

    return one


def _simulated(store):
    """Give the seeds a density."""
    for smiles, density in DENSITIES.items():
        key = parse(smiles).key
        store.plan_replica(key, "smoke", 0, 0)
        value = {"*OCC*": 1e-2, "*OCCCC*": 5e-3, "*CC*": 1e-5}[smiles]
        properties = {"conductivity_s_per_cm": value, "density_g_per_cm3": density}
        store.update_replica(key, "smoke", 0, status="done", properties=properties)


def test_a_constraint_on_the_structure_rejects_before_a_simulation_and_the_value_is_kept(several):
    campaign, store = several({"name": HALOGENS, "aim": "constrain", "at_most": 0.2})
    strings = ["*C(F)(F)C(F)(F)*", "*CCCCOC(F)*", "*CCCCCCO*"]
    with store.transaction():
        store.add_candidates([Candidate(1, n, text, parse(text).key, "drawn") for n, text in enumerate(strings)])
        advance(store, "drawn")
    STAGES.get("filter").run(campaign, store)
    teflon, one, none = store.candidates(1)[:3]
    assert (teflon.verdict, one.verdict, none.verdict) == ("rejected", "new", "new")
    assert teflon.reason.startswith("constraint: halogen share at most 0.20, and it has 0.6")
    assert store.polymer(one.key).scores["halogen_share"] == pytest.approx(1 / 7)
    assert store.polymer(teflon.key) is None


def test_a_known_polymer_that_violates_such_a_constraint_is_excluded(several):
    _, store = several({"name": HALOGENS, "aim": "constrain", "at_most": 0.2})
    key = parse("*CC*").key
    store.write("UPDATE polymers SET scores = '{\"halogen_share\": 0.5}' WHERE key = ?", key)
    found = {row.key: row for row in ranking(store)}
    assert (found[key].verdict, found[key].violated) == ("excluded", ["halogen share at most 0.20"])
    assert found[parse("*OCCCC*").key].violated == []


def test_the_judge_writes_the_front_and_readers_show_it(several, tmp_path):
    _, store = several({"name": "density", "aim": "minimise"})
    assert status(store).front is None  # nothing is known of the density yet
    _simulated(store)
    judge(store)
    front = status(store).front
    assert [one.wish for one in front.objectives] == ["higher is better", "lower is better"]
    leading = [row.monomer_smiles for row in front.leading]
    assert leading[0] == "*OCC*"
    assert "*CC*" in leading  # the lightest one conducts nothing
    assert status(store).to_dict()["front"]["of"] == front.of == len(ranking(store))
    files = {path.name: path for path in export_tables(store, tmp_path / "out", formats=["csv"])}
    with files["front.csv"].open() as handle:
        rows = {row["monomer_smiles"]: row for row in csv.DictReader(handle)}
    assert float(rows["*CC*"]["density_g_per_cm3_expected"]) == pytest.approx(0.9, abs=0.15)
    assert rows["*OCC*"]["on_front"] == "True"


def test_a_polymer_that_violates_a_constraint_is_not_on_the_front(several):
    _, store = several(
        {"name": "density", "aim": "minimise"},
        {"name": "density", "aim": "constrain", "at_least": 0.95},
    )
    _simulated(store)
    judge(store)
    found = status(store).front
    assert "*CC*" not in {row.monomer_smiles for row in found.rows}
    assert found.of == len(ranking(store)) - 1


def test_with_one_objective_there_is_no_front(several):
    _, store = several()
    judge(store)
    assert status(store).front is None
    assert status(store).to_dict()["front"] is None


def test_the_selection_knows_of_the_constraint_before_a_value(several, monkeypatch):
    seen = []
    monkeypatch.setattr("autodisco.campaign.pool.selected", lambda name, choice: seen.append(choice) or [])
    campaign, store = several({"name": "density", "aim": "constrain", "at_most": 0.95})
    _simulated(store)
    store.add_candidates([Candidate(1, n, s, parse(s).key, "new") for n, s in enumerate(["*CCC*", "*OCCOC*"])])
    choose_batch(campaign, store, seed=1)
    (aim,) = seen[0].constraints
    assert aim.objective.at_most == 0.95
    assert aim.posterior.predict(["*CC*"]).mean < aim.posterior.predict(["*OCC*"]).mean


def test_the_front_decides_whether_the_best_are_settled(several):
    campaign, store = several({"name": "density", "aim": "minimise"})
    _simulated(store)
    strings = ["*OCOC*", "*OCCOC*", "*OCCOCOC*", "*OCCCOC*"]
    store.add_candidates([Candidate(1, n, text, parse(text).key, NOT_SELECTED) for n, text in enumerate(strings)])
    rule = campaign.settings.saturation.model_copy(update={"settled": 0.5, "margin": 20.0})
    campaign = dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"saturation": rule}))
    assert settled_chance(campaign, store) == 1.0
    assert "belongs to the front of conductivity and density" in why_settled(campaign, 1.0)
    strict = campaign.settings.model_copy(update={"saturation": rule.model_copy(update={"margin": 0.0})})
    assert settled_chance(dataclasses.replace(campaign, settings=strict), store) < 1.0


def test_a_campaign_with_the_one_table_of_earlier_versions_goes_on(begin, tmp_path):
    campaign, store = begin()
    file = tmp_path / "small.toml"
    settings = {**store.get("settings"), "objective": {"name": "density", "constraints": [], "further": []}}
    store.set(settings=settings)
    assert objective_of(store).column == "density_g_per_cm3"
    assert open_folder(campaign.folder).objective.column == "density_g_per_cm3"
    file.write_text(file.read_text() + '[objective]\nname = "density"\n')
    assert load(file, tmp_path / "runs").objective.column == "density_g_per_cm3"
    file.write_text(file.read_text().replace('name = "density"', 'name = "efficacy"'))
    with pytest.raises(InputError, match=r"objective\.0\.name = 'efficacy', but .* was started with 'density'"):
        load(file, tmp_path / "runs")


def test_objectives_do_not_change_in_a_campaign_that_has_begun(begin):
    campaign, _ = begin()
    with pytest.raises(InputError, match=r"objective\.0\.name = 'density': fixed since the campaign began"):
        ask(campaign.folder, {"objective.0.name": "density"})
    with pytest.raises(InputError, match=r"objective\.name: objective is no table of settings"):
        ask(campaign.folder, {"objective.name": "density"})


WRITES = """
import functools, os, sqlite3
from autodisco.decide import Objective

@functools.cache
def value(smiles):
    other = sqlite3.connect(os.environ["STORE"], timeout=0, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.close()
    return 1.0

WRITES = Objective("writes", "writes", "writes", "w", structure=value)
"""


def test_others_can_write_while_a_value_of_the_structure_is_calculated(several, tmp_path, monkeypatch):
    (tmp_path / "writes.py").write_text(WRITES)
    campaign, store = several({"name": f"{tmp_path / 'writes.py'}:WRITES", "aim": "constrain", "at_least": 0.5})
    monkeypatch.setenv("STORE", str(store.folder / "state.db"))
    with store.transaction():
        store.add_candidates([Candidate(1, 0, "*CCCCCCO*", parse("*CCCCCCO*").key, "drawn")])
        store.set(state="filter", iteration=1)
    STAGES.get("filter").run(campaign, store)
    (row,) = store.candidates(1)
    assert (row.verdict, row.reason) == ("new", "not known before")
