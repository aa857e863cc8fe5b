"""Ranking and status say what the tables hold."""

import json
import math
import statistics
import time

import pytest

from autodisco.analysis import combine
from autodisco.analysis.quantity import CONDUCTIVITY_SCALE
from autodisco.campaign.judging import judge
from autodisco.decide import LatestStandings, comparison, ranking, status, value_of
from autodisco.decide.stand_ins import stand_ins
from autodisco.polymer import parse
from autodisco.store import Store

SIGMA = "conductivity_s_per_cm"


def test_the_best_come_first_with_mean_and_error(store):
    rows = ranking(store)
    values = [row.value for row in rows]
    assert values == sorted(values, reverse=True)
    assert [row.rank for row in rows] == list(range(1, len(rows) + 1))
    best = rows[0]
    assert best.monomer_smiles == "*COCOC*"
    assert best.value == pytest.approx((0.051 + 0.043) / 2)
    assert best.sem == pytest.approx((0.051 - 0.043) / 2)


def test_polymers_are_compared_with_the_reference(store):
    # One polymer that conducts in one build only makes the pooled spread so wide that everything is a tie.
    (wide,) = {row.key for row in store.replicas() if row.properties == {**(row.properties or {}), SIGMA: 0.0}}
    for replica in range(2):
        store.update_replica(wide, "quick", replica, status="failed")
    rows = {row.monomer_smiles: row for row in ranking(store)}
    assert rows["*OCC*"].verdict == "reference"
    assert rows["*COCOC*"].verdict == "better"
    assert rows["*COCOC*"].p_better > 0.8
    assert rows["*OCCCO*"].verdict == "tie"
    assert rows["*SCC*"].verdict == "worse"


def test_nothing_is_better_or_worse_before_the_posterior_of_the_campaign_has_judged(store):
    (wide,) = {row.key for row in store.replicas() if row.properties == {**(row.properties or {}), SIGMA: 0.0}}
    for replica in range(2):
        store.update_replica(wide, "quick", replica, status="failed")
    assert {row.verdict for row in ranking(store)} > {"better", "worse"}  # a campaign without a posterior
    store.set(settings={**store.get("settings"), "surrogate": {"kind": "posterior", "best": 3}})
    assert {row.verdict for row in ranking(store)} == {"reference", None}
    assert status(store).n_better == status(store).n_tied == 0
    for row in store.polymers():  # canonical, as the filter writes them
        store.write("UPDATE polymers SET smiles = ? WHERE key = ?", parse(row.given.replace("<b>", "")).smiles, row.key)
    judge(store)
    assert {row.verdict for row in ranking(store)} > {"reference", "tie"}
    assert None not in {row.verdict for row in ranking(store)}


def test_every_replica_enters_the_comparison(store):
    rows = {row.monomer_smiles: row for row in ranking(store)}
    assert rows["*COCOC*"].values == [0.051, 0.043]
    # A second build that conducts far less draws the polymer down, also what is believed of it.
    key, before = rows["*COCOC*"].key, rows["*COCOC*"]
    store.update_replica(key, "quick", 1, status="done", properties={SIGMA: 1e-3})
    after = next(row for row in ranking(store) if row.key == key)
    assert after.values == [0.051, 1e-3]
    assert after.expected < 0.8 * before.expected
    assert after.p_better < before.p_better


def test_the_expected_value_stands_beside_the_measured_one_with_its_interval(store):
    for row in ranking(store):
        assert row.expected_low <= row.expected <= row.expected_high
        assert row.value == pytest.approx(sum(row.values) / len(row.values))


def test_the_scatter_and_the_probability_asked_for_are_those_of_the_campaign(store):
    def seen(**facts):
        store.set(**facts)
        return next(row for row in ranking(store) if row.monomer_smiles == "*COCOC*")

    for replica in range(2):  # without the one build that conducts nothing
        store.update_replica("key-6", "quick", replica, status="failed")
    narrow = seen(tiers=[{"protocol": "quick", "scatter": {"decades": 0.05, "degrees": 20.0}}])
    wide = seen(tiers=[{"protocol": "quick", "scatter": {"decades": 1.5, "degrees": 20.0}}])
    assert narrow.p_better > 0.99 > wide.p_better
    assert wide.verdict == "tie"
    lenient = {"acquire": {"better_probability": 0.51}}
    assert seen(settings={**store.get("settings"), **lenient}).verdict == "better"


def test_a_polymer_without_a_finished_replica_has_no_rank(store):
    assert "*OCCSC*" not in {row.monomer_smiles for row in ranking(store)}
    assert store.replicas(key="key-running")
    assert value_of(store, "key-running", "quick") is None


def test_the_value_of_one_polymer_is_that_of_the_ranking(store):
    rows = ranking(store)
    assert {row.origin for row in rows} == {"simulated", "known.csv"}
    assert [value_of(store, row.key, "quick") for row in rows] == [row.value for row in rows]


def test_labels_count_only_under_the_protocol_and_force_field_of_the_campaign(store):
    for key, protocol, field, value in (
        ("a", "quick", "pcff+", 2e-3),
        ("b", "htp-md", "pcff+", 2e-3),
        ("c", "quick", "other", 2e-3),
        ("d", "quick", "pcff+", None),
    ):
        store.add_polymer(key, f"*{key}*", f"*{key}*", "seed")
        store.set_label(key, SIGMA, value, 1e-4, 2, protocol=protocol, force_field=field, origin="seeds.csv")
    rows = {row.key: row for row in ranking(store)}
    assert not rows.keys() & {"b", "c", "d"}
    assert (rows["a"].origin, rows["a"].n_replicas) == ("seeds.csv", 2)
    assert sorted(rows["a"].values) == pytest.approx([1.9e-3, 2.1e-3])


@pytest.mark.parametrize(("mean", "sem", "n"), [(3.0, 0.5, 2), (3.0, 0.5, 3), (3.0, 0.2, 5), (3.0, 2.0, 6)])
def test_stand_ins_have_the_mean_and_error_of_the_label(mean, sem, n):
    values = stand_ins(mean, sem, n, CONDUCTIVITY_SCALE)
    combined = combine([{"conductivity_s_per_cm": value} for value in values])
    assert len(values) == n
    assert combined["conductivity_s_per_cm"] == pytest.approx(mean)
    assert combined["conductivity_s_per_cm_sem"] == pytest.approx(sem)


def test_stand_ins_of_many_replicas_scatter_as_log_normal_ones():
    # Eight builds of 0.3 decades: the relative error of their mean is √((exp(0.3² ln²10) - 1)/8).
    relative = math.sqrt(math.expm1((0.3 * math.log(10)) ** 2) / 8)
    logs = [math.log10(value) for value in stand_ins(1e-2, 1e-2 * relative, 8, CONDUCTIVITY_SCALE)]
    assert statistics.stdev(logs) == pytest.approx(0.3, rel=0.15)


def test_stand_ins_are_never_negative():
    assert stand_ins(1.0, 5.0, 3, CONDUCTIVITY_SCALE) == [3.0, 0.0, 0.0]


def test_a_label_without_an_error_does_not_count_as_replicas_that_agree():
    assert stand_ins(1.0, None, 3, CONDUCTIVITY_SCALE) == [1.0]


def test_status_is_json_and_counts_the_batch(store):
    seen = json.loads(json.dumps(status(store).to_dict(), allow_nan=False))
    simulations = seen["simulations"]
    replicas = store.replicas(iteration=2)
    assert simulations["total"] == len(replicas)
    assert simulations["running"] == 1
    assert simulations["done"] + simulations["failed"] + simulations["waiting"] + 1 == simulations["total"]
    assert simulations["running_replicas"][0]["step_name"] == "production"
    assert simulations["mean_wall_s"] == pytest.approx(60.0)
    assert simulations["eta_s"] == pytest.approx(3600 * (simulations["waiting"] + 0.57) / simulations["rate_per_hour"])
    assert seen["alive"]
    assert seen["reference"]["monomer_smiles"] == "*OCC*"


def test_status_of_an_empty_campaign_is_possible(tmp_path):
    with Store.create(tmp_path) as store:
        seen = status(store)
    assert seen.state is None
    assert seen.best == []
    assert math.isclose(seen.simulations.total, 0)


def statements(store, look):
    """The SQL that `look` makes a store run."""
    seen = []
    store._connection.set_trace_callback(seen.append)
    look()
    store._connection.set_trace_callback(None)
    return [text for text in seen if text.startswith("SELECT")]


def test_the_ranking_of_who_looks_often_is_made_again_only_after_a_replica_has_ended(store):
    latest = LatestStandings(store)

    def ranked():
        return latest().rows()

    assert ranked() == ranking(store)
    assert not any("JOIN properties" in text for text in statements(store, latest))
    store.update_replica("key-running", "quick", 0, status="done", properties={SIGMA: 0.5}, ended=time.time())
    assert ranked()[0].key == "key-running"
    assert ranked() == ranking(store)
    store.set_label("key-running", SIGMA, 1.0, protocol="another", force_field="", origin="x")
    store.set(reference_key="key-running")
    assert ranked() == ranking(store)


def _tiered(tmp_path, **done):
    """A campaign of two tiers with builds of one polymer and the reference, by protocol."""
    store = Store.create(tmp_path)
    tiers = [{"protocol": "quick"}, {"protocol": "long"}]
    store.set(protocol="quick", tiers=tiers, force_field="pcff+", reference_key="peo", settings={})
    for key, smiles in (("peo", "*OCC*"), ("new", "*COC*")):
        store.add_polymer(key, smiles, smiles, "seed" if key == "peo" else "generated")
        for protocol, values in done.items():
            for number, value in enumerate(values):
                store.plan_replica(key, protocol, number, 1)
                properties = {"conductivity_s_per_cm": value}
                store.update_replica(key, protocol, number, status="done", properties=properties, ended=1.0)
    return store


def test_values_of_two_protocols_never_mix(tmp_path):
    with _tiered(tmp_path, quick=(0.03, 0.05), long=(0.002,)) as store:
        row = next(row for row in ranking(store) if row.key == "new")
        assert (row.protocol, row.value, row.n_replicas, row.values) == ("long", 0.002, 1, [0.002])
        assert (row.at("quick").value, row.at("quick").n_replicas) == (pytest.approx(0.04), 2)
        assert row.at("htp-md") is None
        assert [one["protocol"] for one in row.to_dict()["tiers"]] == ["quick", "long"]
        assert value_of(store, "new", "quick") == pytest.approx(0.04)
        assert comparison(store, "long").keys == comparison(store, "quick").keys
        assert comparison(store, "long").places()[0][0] < comparison(store, "quick").places()[0][0] - 1


def test_before_the_first_judgement_only_values_of_the_first_tier_are_compared(tmp_path):
    with _tiered(tmp_path, long=(0.002, 0.003)) as store:
        assert ranking(store) == []


def test_the_course_names_who_led_in_each_iteration_by_what_is_believed_now(store):
    seen = status(store)
    rows = {row.key: row for row in ranking(store)}
    first, second = seen.course.leaders
    assert (rows[first.key].monomer_smiles, first.iteration) == ("*OCOCCOC*", 1)
    assert (rows[second.key].monomer_smiles, second.iteration) == ("*COCOC*", 2)
    assert (first.low, first.expected, first.high) == (
        rows[first.key].expected_low, rows[first.key].expected, rows[first.key].expected_high,
    )  # fmt: skip
    store.update_replica(first.key, "quick", 0, status="done", properties={SIGMA: 0.2})
    assert [row.key for row in status(store).course.leaders] == [first.key]


def test_the_chance_of_a_new_polymer_is_read_from_the_judgements(store):
    assert status(store).course.chances == []
    store.end_iteration(1, {}, {"chance_new": 0.4, "chance_new_low": 0.3, "chance_new_high": 0.5})
    store.end_iteration(2, {}, {"chance_new": None})
    assert [(row.iteration, row.low, row.chance, row.high) for row in status(store).course.chances] == [
        (1, 0.3, 0.4, 0.5)
    ]


def test_a_reader_may_ask_for_the_last_iterations_only(store):
    every, last = status(store), status(store, iterations=1)
    assert [row.n for row in every.iterations] == [1, 2]
    assert last.iterations == every.iterations[1:]
    assert last.iterations_ended == every.iterations_ended == 1
    assert every.failures == {"build-overlap": 2}
