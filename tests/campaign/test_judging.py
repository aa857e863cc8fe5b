"""A campaign judges by its posterior: before the first model, when it chooses, after each iteration, and at its end."""

import pytest

from autodisco.campaign import load, run
from autodisco.campaign.judging import judge
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.simulate import plan_batch
from autodisco.decide import ranking, status
from autodisco.store import NOT_SELECTED, Store


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A finished campaign that drew a pool of five and simulated one of them."""
    from tests.campaign.conftest import write_campaign

    folder = tmp_path_factory.mktemp("judged")
    campaign = load(write_campaign(folder, batch=1, pool=5, selection="batch-ucb"), folder / "runs")
    assert run(campaign) == 0
    return campaign


def test_the_selection_takes_what_the_posterior_judged(judged):
    with Store.open_readonly(judged.folder) as store:
        (chosen,) = store.polymers("generated")
        waiting = store.candidates(1, NOT_SELECTED)
        assert len(waiting) == 4
        said = store.estimates()
        assert {chosen.key, *(row.key for row in waiting)} <= said.keys()
        events = [row.event for row in store.journal()]
        assert events.count("judged") == 2
        assert events.index("judged") < events.index("trained") < events.index("selected")
        assert [(row.key, row.source) for row in store.forecasts()] in ([], [(chosen.key, "smoke")])


def test_ranking_and_status_are_those_of_the_posterior(judged):
    with Store.open_readonly(judged.folder) as store:
        rows, seen = ranking(store), status(store)
        assert all(row.judged for row in rows)
        assert {row.expected_from for row in rows} == {"posterior at 353 K, reference protocol"}
        assert seen.to_dict()["judgement"]["target"] == "htp-md"
        told = {row["name"]: row["labels"] for row in seen.judgement["sources"]}
        assert told["htp-md"] == 1  # the label of another protocol in the seed file
        assert told["smoke"] >= 3
        assert [row.expected for row in rows] == sorted((row.expected for row in rows), reverse=True)


def test_values_of_smoke_have_next_to_no_weight_beside_the_prior_mean(judged):
    from autodisco.decide.judge import judged as judge_of

    with Store.open_readonly(judged.folder) as store:
        found = judge_of(store)
    without = found.refit([label for label in found.labels if label.source != "smoke"])
    units = ["*OCC*", *{label.smiles for label in found.labels}]
    moved = abs(found.posterior.predict(units).contributions["smoke"])
    assert moved.max() < 0.02  # decades
    assert abs(found.posterior.predict(units).mean - without.predict(units).mean).max() < 0.05


def test_values_count_in_the_ranking_of_a_campaign_that_ends_in_the_middle_of_an_iteration(begin):
    campaign, store = begin(batch=1, pool=3, selection="batch-ucb")
    STAGES.get("prepare").run(campaign, store)
    while store.get("state") in ("generate", "filter"):
        STAGES.get(store.get("state")).run(campaign, store)
    plan_batch(campaign, store)
    (row,) = store.replicas(1)
    before = store.estimates()[row.key]
    properties = {campaign.objective.column: 1e-5}
    store.update_replica(row.key, row.protocol, 0, status="done", properties=properties, ended=1.0)
    assert next(one.expected for one in ranking(store) if one.key == row.key) > 1e-5
    judge(store)
    after = store.estimates()[row.key]
    assert after.mean < before.mean
    assert -1 < store.forecasts()[0].z < 0  # a protocol whose values mean nothing surprises nobody


def test_a_campaign_that_an_older_version_began_goes_on_without_a_posterior(campaign_file, tmp_path):
    file = campaign_file()
    file.write_text(file.read_text().replace('selection = "paper"\n', ""))
    campaign = load(file, tmp_path / "runs")
    assert campaign.settings.filter.selection == "batch-ucb"
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        older = store.get("settings")
        del older["surrogate"]
        older["filter"]["selection"], older["acquire"]["labelling"] = "all", "top-fraction"
        store.set(settings=older)
    settings = load(file, tmp_path / "runs").settings
    assert (settings.surrogate.kind, settings.filter.selection) == ("none", "paper")
    assert settings.acquire.labelling == "top-fraction"


def test_without_a_posterior_the_rules_of_the_paper_are_the_default(campaign_file, tmp_path):
    file = campaign_file()
    text = file.read_text().replace('selection = "paper"\n', "")
    file.write_text(text + '[surrogate]\nkind = "none"\n')
    settings = load(file, tmp_path / "runs").settings
    assert (settings.filter.selection, settings.acquire.labelling) == ("paper", "top-fraction")
