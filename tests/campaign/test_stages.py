"""The stages that need no simulation, each called as the daemon calls it, with a real model and real chemistry."""

import dataclasses

import numpy as np
import pytest
import torch

from autodisco.campaign import load
from autodisco.campaign.budget import budget_spent
from autodisco.campaign.saturation import judge_last
from autodisco.campaign.setup import set_up
from autodisco.campaign.stages import STAGES
from autodisco.campaign.stages.filter import _objection
from autodisco.campaign.stages.simulate import plan_batch
from autodisco.campaign.states import Interrupted, advance
from autodisco.campaign.tasks import Tasks
from autodisco.campaign.training import evidence, load_model, train_model, training_set
from autodisco.decide import comparison, ranking
from autodisco.errors import AutodiscoError
from autodisco.generator import Generator
from autodisco.polymer import parse
from autodisco.simulation import protocols
from autodisco.store import Candidate, Store

PEO = parse("*OCC*").key


def _candidates(store):
    return [(row.iteration, row.draw, row.smiles, row.key, row.verdict) for row in store.candidates()]


def _draw_and_filter(campaign, store):
    while store.get("state") in ("generate", "filter"):
        STAGES.get(store.get("state")).run(campaign, store)


def test_prepare_labels_seeds_of_its_own_protocol_and_trains_a_model(prepared):
    campaign, store = prepared()
    assert (store.get("state"), store.get("iteration")) == ("generate", 1)
    assert {row.key for row in store.labels()} == {parse(s).key for s in ("*OCC*", "*OCCCC*", "*CC*", "*OCC(*)C")}
    rows = {row.smiles: row for row in store.training(0)}
    assert (rows["*OCC*"].label, rows["*OCC*"].weight) == ("high", 5.0)
    assert "the reference" in rows["*OCC*"].why
    assert rows["*CC*"].label == "low"
    assert (rows["*OCC(*)C"].label, rows["*OCC(*)C"].weight) == ("unlabelled", 1.0)
    assert campaign.model_path(0).is_file()
    assert 0 <= store.models()[0].metrics["validity"] <= 1
    assert store.replicas() == []


def test_prepare_asks_for_a_simulation_of_a_reference_without_label(begin):
    stop = []
    campaign, store = begin(seeds="")
    campaign = dataclasses.replace(campaign, interrupted=lambda: stop.append(1) or True)
    with pytest.raises(Interrupted):
        STAGES.get("prepare").run(campaign, store)
    assert [(row.key, row.status) for row in store.replicas()] == [(PEO, "waiting")]
    store.update_replica(PEO, "smoke", 0, status="failed", failure_code="nan")
    with pytest.raises(AutodiscoError, match=r"the reference polymer \*OCC\* has no value.*nan"):
        STAGES.get("prepare").run(campaign, store)
    # The next run starts it from another build.
    assert [(row.status, row.attempt) for row in store.replicas()] == [("waiting", 1)]


def _with_budget(campaign, simulations, **simulation):
    settings = campaign.settings
    budget = settings.budget.model_copy(update={"simulations": simulations})
    changed = {"budget": budget, "simulation": settings.simulation.model_copy(update=simulation)}
    return dataclasses.replace(campaign, settings=settings.model_copy(update=changed))


def test_simulations_that_are_only_planned_do_not_use_up_the_budget(begin):
    campaign, store = begin(seeds="")
    stop = []
    campaign = dataclasses.replace(campaign, interrupted=lambda: stop.append(1) or True)
    with pytest.raises(Interrupted):  # it begins to simulate
        STAGES.get("prepare").run(_with_budget(campaign, 1), store)
    assert [row.status for row in store.replicas()] == ["waiting"]


def test_a_budget_that_is_done_ends_the_campaign_before_more_work(begin):
    campaign, store = begin(seeds="")
    stop = []
    interrupted = dataclasses.replace(campaign, interrupted=lambda: stop.append(1) or True)
    with pytest.raises(Interrupted):
        STAGES.get("prepare").run(interrupted, store)
    for number, status in enumerate(("done", "failed")):
        store.plan_replica(PEO, "smoke", number, 0)
        store.update_replica(PEO, "smoke", number, status=status)
    assert budget_spent(_with_budget(campaign, 3), store) == ""
    STAGES.get("prepare").run(_with_budget(campaign, 2), store)
    assert (store.get("state"), store.get("resume_at")) == ("exhausted", "prepare")
    assert store.get("reason") == "2 simulations are done and the budget is 2"


def test_what_is_left_of_a_budget_is_used_by_a_smaller_batch(prepared):
    campaign, store = prepared(batch_size=5)
    campaign = _with_budget(campaign, 3, replicas=2)
    _draw_and_filter(campaign, store)
    assert len(store.candidates(1, "new")) == 2
    plan_batch(campaign, store)
    assert sorted(row.replica for row in store.replicas()) == [0, 0, 1]


def test_replicas_beyond_the_budget_wait(prepared):
    campaign, store = prepared(batch_size=3)
    _draw_and_filter(campaign, store)
    plan_batch(campaign, store)
    store.update_replica(store.replicas()[0].key, "smoke", 0, status="done")
    STAGES.get("simulate").run(_with_budget(campaign, 1), store)
    assert (store.get("state"), store.get("resume_at")) == ("exhausted", "simulate")
    assert sorted(row.status for row in store.replicas()) == ["done", "waiting", "waiting"]


def test_every_batch_of_draws_is_another(prepared):
    campaign, store = prepared(batch_size=300, max_draws=300, until="strings")
    STAGES.get("generate").run(campaign, store)
    strings = [row.smiles for row in store.candidates(1)]
    assert len(strings) == 300
    assert strings[:100] != strings[100:200] != strings[200:]


def test_a_model_file_that_is_another_than_the_recorded_one_is_trained_again(prepared):
    campaign, store = prepared()
    path = campaign.model_path(0)
    other = Generator.load(path)
    losses, other.losses = other.losses, []  # a sound model of this program, but not the one that was recorded
    other.save(path)
    assert load_model(campaign, store, 0).losses == losses
    assert Generator.load(path).losses == losses
    assert "its content has changed" in store.journal()[-2].why


def test_a_checkpoint_that_a_killed_process_left_is_removed(prepared):
    campaign, store = prepared()
    left = campaign.folder / "models" / "0.checkpoint"
    left.write_bytes(b"of a process that was killed behind its commit")
    train_model(campaign, store, 0)
    assert not left.exists()


def test_the_reference_gets_more_builds_than_the_others(begin):
    campaign, store = begin(seeds="", replicas=2, reference_replicas=0)
    campaign = dataclasses.replace(campaign, interrupted=lambda: True)
    with pytest.raises(Interrupted):
        STAGES.get("prepare").run(campaign, store)
    assert [row.key for row in store.replicas()] == [PEO] * 8


def test_a_label_of_the_reference_with_too_few_builds_is_no_substitute(begin):
    campaign, store = begin(reference_replicas=3)
    campaign = dataclasses.replace(campaign, interrupted=lambda: True)
    with pytest.raises(Interrupted):
        STAGES.get("prepare").run(campaign, store)
    assert [row.key for row in store.replicas()] == [PEO] * 3


@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
def test_training_that_was_interrupted_goes_on_to_the_same_model(prepared, begin):
    _, store = prepared()
    again, other = begin()
    asked = []
    interrupting = dataclasses.replace(again, interrupted=lambda: len(asked) > 20 or bool(asked.append(1)))
    with pytest.raises(Interrupted):
        STAGES.get("prepare").run(interrupting, other)
    assert other.get("state") == "prepare"
    STAGES.get("prepare").run(again, other)
    assert store.models()[0].metrics == other.models()[0].metrics
    assert store.training(0) == other.training(0)


def test_a_model_is_trained_on_as_many_cores_as_the_campaign_says(prepared):
    campaign, store = prepared()
    store.forget_model(0)
    settings = campaign.settings.model_copy(
        update={"generator": campaign.settings.generator.model_copy(update={"threads": 2})}
    )
    seen = []
    looking = dataclasses.replace(
        campaign, settings=settings, interrupted=lambda: bool(seen.append(torch.get_num_threads()) or seen)
    )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with pytest.raises(Interrupted):
            train_model(looking, store, 0)
    finally:
        torch.set_num_threads(before)
    assert seen == [2]


def test_drawing_goes_on_until_enough_candidates_survive(prepared):
    campaign, store = prepared(batch_size=5)
    _draw_and_filter(campaign, store)
    survivors = store.candidates(1, "new")
    assert store.get("state") == "simulate"
    assert len(survivors) == 5
    assert store.replicas() == []
    plan_batch(campaign, store)
    assert {row.key for row in survivors} == {row.key for row in store.replicas()}
    assert {row.key for row in survivors} == {row.key for row in store.polymers("generated")}
    assert [row.draw for row in store.candidates(1)] == list(range(len(store.candidates(1))))


def test_a_batch_of_strings_counts_symmetry_duplicates_as_the_paper_does(prepared):
    campaign, store = prepared(batch_size=12, until="strings")
    _draw_and_filter(campaign, store)
    counts = store.verdicts()[1]
    assert counts["new"] + counts.get("duplicate-symmetry", 0) == 12
    assert store.candidates(1)[-1].verdict in ("new", "duplicate-symmetry")


@pytest.mark.fault("SIGTERM, SIGINT (a service that is stopped, a machine that shuts down)")
def test_the_same_seed_draws_the_same_however_often_it_is_interrupted(prepared, record_property):
    campaign, store = prepared("one", batch_size=25)
    _draw_and_filter(campaign, store)
    again, other = prepared("two", batch_size=25)
    cut = 0
    while other.get("state") in ("generate", "filter"):
        # As after a crash between two batches of draws, or with another size of batch: any prefix may be there.
        asked = []
        once = dataclasses.replace(again, interrupted=lambda asked=asked: len(asked) > 0 or bool(asked.append(1)))
        try:
            STAGES.get(other.get("state")).run(once, other)
        except Interrupted:
            cut += 1
            last = other.candidates()[-1]
            if last.verdict == "drawn" and cut < 4:
                other.write("DELETE FROM candidates WHERE draw > ?", last.draw - 7)
    record_property("injections", cut)
    assert cut > 0
    assert _candidates(other) == _candidates(store)


def test_another_seed_draws_other_strings(prepared):
    results = []
    for seed in (1, 2):
        campaign, store = prepared(f"copy{seed}", seed=seed)
        _draw_and_filter(campaign, store)
        results.append([row.smiles for row in store.candidates()])
    assert results[0] != results[1]


@pytest.fixture
def at_filter(begin):
    """A campaign in its first filter stage, with the draws that a test gives."""

    def with_draws(strings, **changes):
        campaign, store = begin(**changes)
        store.add_polymer(PEO, parse("*OCC*").smiles, "*OCC*", "seed", name="PEO")
        store.begin_iteration(1)
        advance(store, "ready", iteration=1)
        advance(store, "drawn")
        rows = [Candidate(1, n, s, parse(s).key, "drawn") for n, s in enumerate(strings)]
        store.add_candidates(rows)
        return campaign, store

    return with_draws


def test_every_candidate_gets_a_verdict_with_a_reason(at_filter):
    campaign, store = at_filter(["*COC*", "*CSC*", "*SCC*", "*OCCN*"], until="strings")
    STAGES.get("filter").run(campaign, store)
    assert [(row.verdict, row.reason) for row in store.candidates(1)] == [
        ("duplicate-symmetry", "the same polymer as *OCC* (PEO)"),
        ("new", "not known before"),
        ("duplicate-symmetry", "the same polymer as *CSC* (iteration 1)"),
        ("new", "not known before"),
    ]
    assert store.get("state") == "simulate"


def test_an_unstable_bond_at_the_junction_is_flagged_or_rejected(at_filter):
    campaign, store = at_filter(["*OCCN*"], until="strings")
    STAGES.get("filter").run(campaign, store)
    (flagged,) = store.polymers("generated")
    assert any("N" in flag["name"].upper() for flag in flagged.flags)


def test_polymers_for_which_the_force_field_is_weak_are_rejected_on_request(at_filter):
    campaign, store = at_filter(["*NN*", "*CC(=O)OC*"], until="strings")
    chosen = campaign.settings.filter.model_copy(update={"weak_groups": "reject"})
    settings = campaign.settings.model_copy(update={"filter": chosen})
    STAGES.get("filter").run(dataclasses.replace(campaign, settings=settings), store)
    hydrazine, ester = store.candidates(1)
    assert (hydrazine.verdict, ester.verdict) == ("rejected", "new")
    assert "weak group of the force field, hydrazine: " in hydrazine.reason
    # With another force field the list says nothing.
    other = settings.model_copy(update={"simulation": settings.simulation.model_copy(update={"force_field": "mine"})})
    assert _objection(dataclasses.replace(campaign, settings=other), parse("*NN*"), [], {}) is None


def test_rejected_candidates_are_not_simulated_and_not_forgotten(at_filter):
    campaign, store = at_filter(["*OCCN*", "*NOCC*", "*CSC*"], until="strings", unstable="reject")
    STAGES.get("filter").run(campaign, store)
    first, second, third = store.candidates(1)
    assert (first.verdict, third.verdict) == ("rejected", "new")
    assert second.reason == "the same polymer as *OCCN* (rejected in iteration 1)"
    plan_batch(campaign, store)
    assert [row.key for row in store.replicas()] == [third.key]
    assert [row.event for row in store.journal()].count("reject") == 1


def test_a_batch_of_known_polymers_does_not_end_the_campaign(at_filter):
    campaign, store = at_filter(["*COC*", "*OCCOCC*"], until="strings", max_draws=20_000)
    STAGES.get("filter").run(campaign, store)
    assert store.get("state") == "generate"
    assert store.journal()[-1].decided == "draw for 2 more"


def test_a_generator_that_only_repeats_is_judged_by_the_rule_alone(at_filter):
    campaign, store = at_filter(["*COC*", "*OCCOCC*"], max_draws=2)
    STAGES.get("filter").run(campaign, store)
    assert store.get("state") == "acquire"
    assert "none of 2 draws of iteration 1 is a new polymer" in store.journal()[-1].why
    (judgement,) = judge_last(campaign, store, 1)
    assert (judgement.known, judgement.draws, judgement.chance_new, judgement.short) == (2, 2, 0.0, True)
    assert judgement.reachable == 1.0  # both strings are the one polymer
    assert not judgement.high  # two draws are not enough


def test_a_campaign_whose_generator_knows_few_polymers_ends_saturated_when_they_are_found(campaign_file, tmp_path):
    file = campaign_file(iterations=0, batch=50, until="strings", max_draws=400)
    text = file.read_text().replace("[generator]\n", '[generator]\nkind = "random"\nmax_tokens = 4\n')
    file.write_text(f"{text}[saturation]\npatience = 1\n")
    campaign = load(file, tmp_path / "runs")
    with Store.create(campaign.folder) as store:
        set_up(campaign, store)
        states = []
        while store.get("state") in store.loop_states():
            states.append(store.get("state"))
            if store.get("state") == "simulate":  # values made up here
                plan_batch(campaign, store)
                for row in store.replicas(1):
                    properties = {"conductivity_s_per_cm": 1e-3}
                    store.update_replica(row.key, "smoke", 0, status="done", properties=properties)
                advance(store, "settled")
            else:
                STAGES.get(store.get("state")).run(campaign, store)
        assert states == ["prepare", "generate", "filter", "simulate", "acquire", "retrain"]
        assert store.get("state") == "saturated"
        assert "400 of 400 valid draws in iteration 1 are known polymers" in store.get("reason")
        assert store.iterations()[0].saturation["chance_new"] == 0.0
        # Every polymer that the grammar can write in two characters was found or known before.
        found = {row.key for row in store.candidates(1)}
        assert {parse(text).key for text in ("*C*", "*CO*", "*CS*")} <= found


def test_a_generator_that_writes_nothing_usable_ends_the_campaign_exhausted(at_filter):
    campaign, store = at_filter([], max_draws=3)
    store.add_candidates([Candidate(1, n, "*(", None, "invalid") for n in range(3)])
    STAGES.get("filter").run(campaign, store)
    assert store.get("state") == "exhausted"
    assert "3 invalid" in store.get("reason")


@pytest.fixture
def at_acquire(at_filter):
    """A campaign without posterior whose candidates have values (made up here); reference 1e-2 S/cm, twice."""

    def with_values(values):
        campaign, store = at_filter(list(values), until="strings")
        acquire = campaign.settings.acquire.model_copy(update={"labelling": "top-fraction"})
        campaign = dataclasses.replace(campaign, settings=campaign.settings.model_copy(update={"acquire": acquire}))
        store.set(settings={**store.get("settings"), "surrogate": {"kind": "none"}}, judgement=None)
        store.write_estimates([])
        STAGES.get("filter").run(campaign, store)
        advance(store, "settled")
        for smiles, results in {"*OCC*": (1e-2, 1e-2), **values}.items():
            for replica, value in enumerate(results):
                store.plan_replica(parse(smiles).key, "smoke", replica, 1)
                store.update_replica(
                    parse(smiles).key, "smoke", replica, status="done" if value is not None else "failed",
                    properties=None if value is None else {"conductivity_s_per_cm": value},
                )  # fmt: skip
        return campaign, store

    return with_values


def test_a_protocol_that_may_stop_below_the_reference_is_told_its_value(at_acquire, tmp_path):
    campaign, store = at_acquire({"*CSC*": (5e-2, 6e-2)})
    text = (protocols.SHIPPED / "smoke.toml").read_text().replace('name = "smoke"', 'name = "mine"')
    text = text.replace("timestep_fs = 2.0\n", "timestep_fs = 2.0\ncheckpoint_every_ps = 0.5\n", 1)
    (tmp_path / "mine.toml").write_text(text + "stop_below_with_confidence = 0.95\n")
    # its mean over two builds, corrected for how few they are, as every comparison does
    with store.hiding([parse("*CSC*").key]):  # of the same batch: it depends on chance which values are there
        place, _ = comparison(store, "smoke").place(PEO)
    assert 1e-2 < 10**place < 1.2e-2
    for protocol, told in (("smoke", None), (str(tmp_path / "mine.toml"), 10**place)):
        simulation = campaign.settings.simulation.model_copy(update={"protocol": protocol})
        settings = campaign.settings.model_copy(update={"simulation": simulation})
        other = dataclasses.replace(campaign, settings=settings)
        (tier,) = other.tiers
        store.set(protocol=tier.protocol, tiers=[tier.to_dict()])
        for table in ("replicas", "measured", "labels"):
            store.write(f"UPDATE {table} SET protocol = ? WHERE protocol = 'smoke'", tier.protocol)
        tasks = {row.key: Tasks(other, store).of(row) for row in store.replicas()}
        benchmark = tasks[parse("*CSC*").key].benchmark
        assert (benchmark and benchmark.s_per_cm) == told
        assert tasks[PEO].benchmark is None
    assert 0 < benchmark.error_decades < benchmark.scatter_decades  # two builds of the reference
    assert benchmark.degrees > 1


def test_what_beats_the_reference_weighs_as_much_as_the_reference(at_acquire):
    campaign, store = at_acquire(
        {"*CSC*": (5e-2, 6e-2), "*COCOC*": (8e-3, 9e-3), "*CCC*": (1e-6, 2e-6), "*CNC*": (None, None)}
    )
    STAGES.get("acquire").run(campaign, store)
    rows = {row.smiles: row for row in store.training(1)}
    assert {smiles: (row.label, row.weight) for smiles, row in rows.items()} == {
        "*OCC*": ("high", 5.0),
        "*CSC*": ("high", 5.0),
        "*COCOC*": ("low", 1.0),
        "*CCC*": ("low", 1.0),
        "*CNC*": ("unlabelled", 1.0),
    }
    assert "better than the reference with a probability of 95% or more" in rows["*CSC*"].why
    assert rows["*CNC*"].why == "simulated without a value"
    assert store.get("state") == "retrain"
    assert [row.subject for row in store.journal() if row.event == "acquire"] == sorted(
        ["*CSC*", "*COCOC*", "*CCC*", "*CNC*"], key=lambda smiles: parse(smiles).key
    )


def test_what_is_learnt_of_a_polymer_is_stored_again_only_where_it_changed(at_acquire):
    def border():
        return np.quantile([row.expected for row in ranking(store)], 0.8)

    campaign, store = at_acquire({"*CSC*": (5e-2, 6e-2), "*CCC*": (1e-6, 2e-6)})
    borders = [border()]
    STAGES.get("acquire").run(campaign, store)
    unit = parse("*CCCSC*")
    store.add_polymer(unit.key, unit.smiles, unit.given, "generated", 2)
    store.plan_replica(unit.key, "smoke", 0, 2)
    store.update_replica(unit.key, "smoke", 0, status="done", properties={"conductivity_s_per_cm": 1e-5})
    store.set(state="acquire", iteration=2)
    borders.append(border())
    STAGES.get("acquire").run(campaign, store)
    spans = {
        smiles: [(row.first, row.last) for row in store.training_of([parse(smiles).key])]
        for smiles in ("*OCC*", "*CCC*", "*CCCSC*")
    }
    assert spans == {"*OCC*": [(1, 2)], "*CCC*": [(1, 2)], "*CCCSC*": [(2, 2)]}
    notes = [row.why for row in store.journal() if row.event == "training set"]
    assert notes == [
        f"the top 20% of {n} begins at an expected value of {campaign.objective.exact(at)}"
        for n, at in zip((3, 4), borders, strict=True)
    ]
    assert all(1e-2 < at < 5e-2 for at in borders)


def test_acquiring_ranks_once(at_acquire):
    campaign, store = at_acquire({"*CSC*": (5e-2, 6e-2)})
    asked = []
    store._connection.set_trace_callback(asked.append)
    STAGES.get("acquire").run(campaign, store)
    assert sum("FROM measured" in sql for sql in asked) == 1
    assert not any("JOIN properties" in sql and "'done'" in sql for sql in asked)


def test_what_conducts_nothing_is_low_even_when_most_do_not(at_acquire):
    campaign, store = at_acquire({f"*{'C' * n}S*": (0.0, 0.0) for n in range(3, 9)})
    STAGES.get("acquire").run(campaign, store)
    rows = {row.smiles: row.label for row in store.training(1)}
    assert rows == {"*OCC*": "high", **{f"*{'C' * n}S*": "low" for n in range(3, 9)}}


def test_a_polymer_given_in_another_notation_is_learnt_in_canonical_form(at_filter):
    campaign, store = at_filter([])
    unit = parse("[*:1]CCCS[*:2]")
    store.add_polymer(unit.key, unit.smiles, unit.given, "seed")
    assert {row.smiles for row in training_set(campaign, store, evidence(campaign, store, ranking(store)))} == {
        "*OCC*",
        unit.smiles,
    }


def test_a_data_set_keeps_its_own_scale(begin, tmp_path):
    (tmp_path / "data.csv").write_text(
        "monomer_smiles,conductivity\n" + "".join(f"*{'C' * n}O*,{n}e-5\n" for n in range(3, 13))
    )
    campaign, store = begin(seeds='file = "seeds.csv"\ndataset = "data.csv"')
    STAGES.get("prepare").run(campaign, store)
    rows = {row.key: row for row in store.training(0)}
    high = {n for n in range(3, 13) if rows[parse(f"*{'C' * n}O*").key].label == "high"}
    # *CCCCO* is a seed with a value of the campaign's protocol, which counts instead.
    assert high == {11, 12}
    assert "in data.csv" in rows[parse("*CCCCCO*").key].why
    assert rows[parse("*OCCCC*").key].why.startswith("5.00 mS/cm (seeds.csv)")


@pytest.mark.parametrize(("cells", "high"), [((1, 1, 0, 0), {3, 4}), ((4e-5, 3e-5, 2e-5, 1e-5), set())])
def test_a_data_set_gives_another_objective_its_classes_only(begin, tmp_path, cells, high):
    (tmp_path / "dense.py").write_text(
        "from autodisco.decide import of_quantity\nDENSE = of_quantity('density', 'density_g_per_cm3')\n"
    )
    (tmp_path / "data.csv").write_text(
        "monomer_smiles,conductivity\n" + "".join(f"*{'C' * n}S*,{cells[n - 3]}\n" for n in range(3, 7))
    )
    (tmp_path / "dense.csv").write_text(
        "name,monomer_smiles,density_g_per_cm3,protocol,force_field,n_replicas\nPEO,*OCC*,1.1,smoke,pcff+,1\n"
    )
    campaign, store = begin(
        seeds='file = "dense.csv"\ndataset = "data.csv"', iterations='1\n[objective]\nname = "dense.py:DENSE"'
    )
    STAGES.get("prepare").run(campaign, store)
    rows = {row.key: row.label for row in store.training(0)}
    found = {n: rows[parse(f"*{'C' * n}S*").key] for n in range(3, 7)}
    assert {n for n, label in found.items() if label == "high"} == high
    assert {found[5], found[6]} == {"low" if high else "unlabelled"}
    (loaded,) = [row for row in store.journal() if row.event == "loaded"]
    assert loaded.why.endswith("; conductivities of the data set do not count for density")
