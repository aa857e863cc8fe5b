"""The pool: what is not chosen is offered again, and nothing else in the campaign changes by it."""

import dataclasses

import pytest

from autodisco.campaign.campaign_file import check_names, load
from autodisco.campaign.campaign_folder import open_folder
from autodisco.campaign.objective_settings import ObjectiveSettings
from autodisco.campaign.pool import wanted_new
from autodisco.campaign.saturation import judge_last
from autodisco.campaign.settings import Settings
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.simulate import plan_batch
from autodisco.campaign.states import advance
from autodisco.decide.judge import further_aims
from autodisco.errors import InputError
from autodisco.polymer import parse
from autodisco.store import NOT_SELECTED, Candidate
from autodisco.store.store import Store


def _choosing(campaign, selection="random"):
    settings = campaign.settings
    chosen = settings.filter.model_copy(update={"selection": selection})
    return dataclasses.replace(campaign, settings=settings.model_copy(update={"filter": chosen}))


@pytest.fixture
def pooled(prepared):
    """A campaign that draws pools of ten and simulates two by chance."""

    def one(name="pool", **generate):
        campaign, store = prepared(name, **{"batch_size": 2, "pool": 10, **generate})
        return _choosing(campaign), store

    return one


def _to_simulate(campaign, store):
    while store.get("state") in ("generate", "filter"):
        STAGES.get(store.get("state")).run(campaign, store)


def _next_iteration(store, draws=()):
    """The next iteration with these draws, judged by no filter."""
    with store.transaction():
        for event in ("settled", "chosen"):
            advance(store, event)
        store.begin_iteration(2)
        advance(store, "go-on", iteration=2)
        store.add_candidates([Candidate(2, n, row.smiles, row.key, "duplicate-string") for n, row in enumerate(draws)])
        advance(store, "drawn")


def _batch(store, iteration):
    return {row.key for row in store.replicas(iteration)}


def test_an_iteration_draws_a_pool_and_simulates_a_batch_of_it(pooled):
    campaign, store = pooled()
    _to_simulate(campaign, store)
    assert len(store.candidates(1, "new")) == 10
    plan_batch(campaign, store)
    left = store.candidates(1, NOT_SELECTED)
    assert (len(_batch(store, 1)), len(left)) == (2, 8)
    assert left == store.waiting()
    assert _batch(store, 1) == {row.key for row in store.polymers("generated")}
    note = store.journal()[-1]
    assert (note.seen, note.decided, note.why) == ({"candidates": 10}, "simulate 2 polymers", "chosen by random")


def test_rounds_of_drawing_are_told_by_their_first_and_their_end(pooled):
    campaign, store = pooled()
    told = []
    _to_simulate(dataclasses.replace(campaign, say=told.append), store)
    rounds = [row for row in store.journal() if row.event == "drawn"]
    draws = len(store.candidates(1))
    assert len(rounds) > 1
    assert len(told) == 2
    assert told[0].endswith(" in iteration 1, 10 new strings for the filter")
    assert told[1].startswith(f"10 new polymers in {draws} draws of iteration 1, ")


def test_what_is_left_in_the_pool_is_offered_again_when_the_generator_finds_nothing(pooled):
    campaign, store = pooled(max_draws=10)
    store.set(state="generate")
    strings = [f"*{'C' * n}S*" for n in range(1, 6)]
    rows = [Candidate(1, n, text, parse(text).key, "new") for n, text in enumerate(strings)]
    store.add_candidates(rows)
    for row in rows:
        store.add_polymer(row.key, row.smiles, row.smiles, "generated", 1)
    advance(store, "drawn")
    advance(store, "filled")
    plan_batch(campaign, store)
    before, first = judge_last(campaign, store, 1), _batch(store, 1)
    _next_iteration(store, rows * 2)
    STAGES.get("filter").run(campaign, store)
    assert store.get("state") == "simulate"
    plan_batch(campaign, store)
    assert len(_batch(store, 2)) == 2
    assert not _batch(store, 2) & first
    assert len(store.waiting()) == 1
    # What the saturation rule sees of iteration 1 is as before; the verdicts of it stay.
    later = judge_last(campaign, store, 2)
    assert later[0] == before[0]
    # Iteration 1 left three of five polymers in the pool, which are new, and iteration 2 one, drawn twice.
    assert (later[0].known, later[0].draws, later[1].known, later[1].draws) == (0, 4, 8, 10)
    assert len(store.candidates(1, NOT_SELECTED)) == 3


def test_a_polymer_of_the_pool_belongs_to_the_iteration_that_simulates_it_until_that_is_taken_back(pooled):
    campaign, store = pooled()
    _to_simulate(campaign, store)
    plan_batch(campaign, store)
    waiting = {row.key for row in store.waiting()}
    _next_iteration(store)
    advance(store, "filled")
    plan_batch(campaign, store)
    later = store.polymers("generated", 2)
    assert {row.key for row in later} == _batch(store, 2) <= waiting
    assert all(row.scores for row in later)
    store.rewind(1)
    assert {row.key for row in store.waiting()} == waiting
    assert store.known_keys() >= waiting


def test_the_same_seed_chooses_the_same_and_a_second_start_chooses_no_more(pooled):
    batches = []
    for name in ("one", "two"):
        campaign, store = pooled(name)
        _to_simulate(campaign, store)
        plan_batch(campaign, store)
        again = store.candidates()
        plan_batch(campaign, store)
        assert store.candidates() == again
        batches.append(_batch(store, 1))
    assert batches[0] == batches[1]


def test_a_process_killed_while_it_chooses_leaves_the_pool_as_it_was(pooled, monkeypatch):
    campaign, store = pooled()
    _to_simulate(campaign, store)
    before = store.candidates()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "plan_replica", killed)
    with pytest.raises(KeyboardInterrupt):
        plan_batch(campaign, store)
    assert store.candidates() == before
    assert len(store.polymers("generated")) == 10


def test_the_papers_rule_draws_no_pool_and_its_old_name_means_the_same(prepared):
    campaign, store = prepared(batch_size=3)
    assert wanted_new(campaign, store) == 3
    _to_simulate(campaign, store)
    plan_batch(campaign, store)
    assert len(_batch(store, 1)) == 3
    assert store.waiting() == []
    assert Settings(name="x", filter={"selection": "all"}) == Settings(name="x", filter={"selection": "paper"})


FURTHER = """
from autodisco.decide import of_quantity
TRANSFERENCE = of_quantity("transference", "transference_number")
DENSITY = of_quantity("density", "density_g_per_cm3", direction="lower")
"""


def _two_objectives(campaign, folder, selection, *names):
    (folder / "further.py").write_text(FURTHER)
    settings = _choosing(campaign, selection).settings
    paths = [f"{folder / 'further.py'}:{name}" for name in names]
    aims = [*settings.objective, *(ObjectiveSettings(name=path) for path in paths)]
    return dataclasses.replace(campaign, settings=settings.model_copy(update={"objective": aims}))


@pytest.mark.parametrize("selection", ["ehvi", "chebyshev-ucb"])
def test_a_further_objective_has_a_say_in_what_is_chosen(selection, pooled, tmp_path):
    campaign, store = pooled()
    campaign = _two_objectives(campaign, tmp_path, selection, "DENSITY")
    store.set(settings=campaign.settings.model_dump())
    _to_simulate(campaign, store)
    assert further_aims(store) == []  # nothing is known of the density yet
    for smiles, density in {"*OCC*": 1.1, "*CC*": 0.9, "*OCCCC*": 1.0}.items():
        key = parse(smiles).key
        store.plan_replica(key, "smoke", 0, 0)
        properties = {"conductivity_s_per_cm": 1e-3, "density_g_per_cm3": density}
        store.update_replica(key, "smoke", 0, status="done", properties=properties)
    (aim,) = further_aims(store)
    assert aim.objective.lower_is_better
    assert aim.posterior.predict(["*CC*"]).mean < aim.posterior.predict(["*CCO*"]).mean
    plan_batch(campaign, store)
    assert len(_batch(store, 1)) == 2
    check_names("file.toml", campaign.settings)


def test_further_objectives_that_no_selection_weighs_are_refused(pooled, tmp_path):
    campaign, _ = pooled()
    with pytest.raises(
        InputError, match=r"file.toml: objective: 1 beside the first, and selection 'greedy' weighs 0; ehvi"
    ):
        check_names("file.toml", _two_objectives(campaign, tmp_path, "greedy", "DENSITY").settings)
    with pytest.raises(InputError, match="2 beside the first, and selection 'ehvi' weighs 1"):
        check_names("file.toml", _two_objectives(campaign, tmp_path, "ehvi", "DENSITY", "TRANSFERENCE").settings)
    with pytest.raises(InputError, match="0 beside the first, and selection 'ehvi' weighs 1"):
        check_names("file.toml", _two_objectives(campaign, tmp_path, "ehvi").settings)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"batch": 5}, "max_draws = 4: allowed is 5 or more, because generate.batch_size is 5"),
        ({"pool": 9}, "max_draws = 4: allowed is 9 or more, because generate.pool is 9"),
        (
            {"selection": "greedy"},
            "max_draws = 4: allowed is 300 or more, because generate.pool is 300, the default of selection 'greedy'",
        ),
    ],
)
def test_an_iteration_may_draw_as_often_as_it_has_to(campaign_file, tmp_path, changes, complaint):
    file = campaign_file(max_draws=4, **changes)
    with pytest.raises(InputError) as refused:
        load(file, tmp_path / "runs")
    assert str(refused.value) == f"{file}: generate.{complaint}"


def test_a_begun_campaign_goes_on_with_fewer_draws_than_its_pool(begin, campaign_file, tmp_path):
    campaign, store = begin(max_draws=4, pool=4)
    generate = {**store.get("settings")["generate"], "pool": 9}  # as earlier versions took it
    store.set(settings={**store.get("settings"), "generate": generate})
    assert open_folder(campaign.folder).settings.generate.pool == 9
    assert load(campaign_file(max_draws=4, pool=9), tmp_path / "runs").settings.generate.max_draws == 4
