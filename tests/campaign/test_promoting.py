"""Which builds at further tiers a campaign asks for, and why: decided from its store."""

import numpy as np
import pytest

from autodisco.campaign import load
from autodisco.campaign.copies import write_copies_of_files
from autodisco.campaign.fork import fork
from autodisco.campaign.judging import judge
from autodisco.campaign.promoting import Promotions, weigh_tiers
from autodisco.campaign.setup import set_up
from autodisco.decide.promotion import ENOUGH
from autodisco.polymer import parse, units_from_grammar
from autodisco.store import Store
from tests.campaign.test_tiers import LONG

SIGMA = "conductivity_s_per_cm"
UNITS = [
    parse(text) for text in units_from_grammar(30, np.random.default_rng(3)) if parse(text).key != parse("*OCC*").key
]
FILE = """\
name = "c"
[simulation]
workers = 3
[surrogate]
prior_mean = false
[[tier]]
protocol = "smoke"
replicas = 1
reference_replicas = 2
[[tier]]
protocol = "long.toml"
replicas = 2
builds_below = 4
"""


def value(unit, seed, slope=1.0):
    """Oxygen conducts."""
    share = unit.smiles.count("O") / len(unit.smiles.replace("*", ""))
    return 10 ** (-3 + slope * 2 * share + 0.05 * np.random.default_rng(seed).normal())


@pytest.fixture
def begun(tmp_path):
    """Begins a campaign of two tiers, whose reference has its builds at the first one; gives it and its store."""
    stores = []

    def begin(more=""):
        (tmp_path / "long.toml").write_text(LONG)
        (tmp_path / "c.toml").write_text(FILE + more)
        campaign = load(tmp_path / "c.toml", tmp_path / "runs")
        store = Store.create(campaign.folder)
        stores.append(store)
        set_up(campaign, store)
        store.set(state="simulate", iteration=1)
        done(store, parse("*OCC*"), "smoke", 2, source="seed")
        return campaign, store

    yield begin
    for store in stores:
        store.close()


def done(store, unit, protocol, builds, source="generated", slope=1.0):
    store.add_polymer(unit.key, unit.smiles, unit.given, source, 1)
    for number in range(builds):
        store.plan_replica(unit.key, protocol, number, 1)
        found = {SIGMA: value(unit, number, slope)}
        store.update_replica(unit.key, protocol, number, status="done", properties=found, cpu_s=3.0, ended=1.0 + number)


def finish(store, row):
    smiles = {polymer.key: polymer.smiles for polymer in store.polymers()}
    found = {SIGMA: value(parse(smiles[row.key]), row.replica)}
    store.update_replica(row.key, row.protocol, row.replica, status="done", properties=found, cpu_s=30.0, ended=9.0)


def promoted(store):
    return [(row.subject, row.decided) for row in store.journal() if row.event == "promote"]


def test_a_further_tier_has_its_turn_after_so_many_builds_and_the_reference_comes_first(begun):
    campaign, store = begun()
    done(store, UNITS[0], "smoke", 1)
    assert Promotions(campaign, store).next() is None  # three builds of four
    done(store, UNITS[1], "smoke", 1)
    row = Promotions(campaign, store).next()
    assert (row.key, row.protocol, row.replica, row.status) == (parse("*OCC*").key, "long", 0, "waiting")
    (note,) = [row for row in store.journal() if row.event == "promote"]
    assert note.subject == "*OCC*"
    assert note.decided == "build 1 at long"
    assert "the reference comes first" in note.why
    assert note.seen["cpu_s"] > 3  # of a build there is none yet: estimated from the protocols
    assert {"score", "expected_s_per_cm", "expected_low_s_per_cm", "expected_high_s_per_cm"} <= note.seen.keys()


def test_what_was_chosen_waits_and_is_not_chosen_twice(begun):
    campaign, store = begun()
    for unit in UNITS[:2]:
        done(store, unit, "smoke", 1)
    first = Promotions(campaign, store).next()
    assert Promotions(campaign, store).next() == first  # another process, after a kill
    store.update_replica(first.key, first.protocol, first.replica, status="running")
    assert Promotions(campaign, store).next() is None
    assert len(promoted(store)) == 1


def test_the_most_promising_polymer_is_promoted(begun):
    campaign, store = begun()
    for unit in UNITS[:10]:
        done(store, unit, "smoke", 1)
    promotions = Promotions(campaign, store)
    finish(store, promotions.next())
    finish(store, promotions.next())  # the reference has its two
    row = promotions.next()
    best = max(UNITS[:10], key=lambda unit: value(unit, 0))
    assert row.key == best.key
    assert "highest mean plus standard deviation of" in store.journal()[-1].why
    assert store.get("iteration") == row.iteration


def test_builds_that_run_count_as_made(begun):
    """The next promotion is another polymer, or the same one only if it is far ahead."""
    campaign, store = begun()
    for unit in UNITS[:10]:
        done(store, unit, "smoke", 1)
    store.update_replica(UNITS[0].key, "smoke", 0, status="running")
    promotions = Promotions(campaign, store)
    for _ in range(3):
        row = promotions.next()
        if row:
            store.update_replica(row.key, row.protocol, row.replica, status="running")
    running = [row for row in store.open_replicas() if row.protocol == "long"]
    assert len(running) == 3
    assert len({(row.key, row.replica) for row in running}) == 3
    assert promotions.next() is None  # twelve builds below, three here


def test_a_budget_of_simulations_is_not_exceeded(begun):
    campaign, store = begun("[budget]\nsimulations = 5\n")
    for unit in UNITS[:3]:
        done(store, unit, "smoke", 1)
    assert Promotions(campaign, store).next() is None


def test_without_a_polymer_that_may_be_built_the_batch_goes_on(begun):
    campaign, store = begun()
    store.plan_replica(parse("*OCC*").key, "long", 0, 1)
    store.plan_replica(parse("*OCC*").key, "long", 1, 1)
    for number in range(2):
        store.update_replica(parse("*OCC*").key, "long", number, status="failed", failure_code="nan")
    for number in range(12):
        store.plan_replica(parse("*OCC*").key, "smoke", 2 + number, 1)
        store.update_replica(parse("*OCC*").key, "smoke", 2 + number, status="done", properties={SIGMA: 1e-3})
    assert Promotions(campaign, store).next() is None


def test_a_tier_that_contributes_nothing_is_starved_and_the_journal_says_so(begun):
    campaign, store = begun()
    rng = np.random.default_rng(0)
    with store.transaction():
        for unit in UNITS[:20]:
            done(store, unit, "smoke", 1)
            store.update_replica(unit.key, "smoke", 0, properties={SIGMA: 10 ** (-3 + 0.8 * rng.normal())})
        for unit in UNITS[: ENOUGH - 1]:
            done(store, unit, "long", 1)
        weigh_tiers(store)
    assert store.starved() == frozenset()
    assert "too few values of long" in store.journal()[-1].why
    with store.transaction():
        for unit in UNITS[ENOUGH - 1 : 20]:
            done(store, unit, "long", 1)
        weigh_tiers(store)
    note = store.journal()[-1]
    assert note.event == "tiers"
    assert note.seen["CPU-seconds of long"] == 60
    gain = note.seen["contribution of smoke"]
    assert store.starved() == (frozenset({"smoke"}) if gain <= 0 else frozenset())
    assert gain < 0.1
    judge(store)
    store.set(starved=["smoke"])
    row = Promotions(campaign, store).next()  # one for each build below, which there are more of
    assert row.protocol == "long"


def test_a_fork_begins_a_build_that_the_old_campaign_runs_anew(begun):
    campaign, store = begun()
    done(store, UNITS[0], "smoke", 1)
    with store.transaction():
        store.begin_iteration(1)
        store.end_iteration(1, {}, None)
        store.add_model(1, "models/1.safetensors", {}, 1.0)
    (campaign.folder / "models").mkdir()
    (campaign.folder / "models" / "1.safetensors").touch()
    store.plan_replica(UNITS[0].key, "long", 0, 1)
    store.update_replica(UNITS[0].key, "long", 0, status="running", executor="local", handle="7")
    folder = store.replica_folder(UNITS[0].key, "long", 0)
    folder.mkdir(parents=True)
    (folder / "restart.1").touch()
    write_copies_of_files(store, campaign.settings)
    other = campaign.folder.parent / "other"
    fork(store, other, 1, {})
    with Store.open_readonly(other) as copy:
        (row,) = copy.replicas(protocol="long")
        assert (row.status, row.handle) == ("waiting", None)
        assert not copy.replica_folder(row.key, "long", 0).exists()
    assert store.replicas(protocol="long")[0].handle == "7"


def test_tiers_of_a_campaign_without_any_value_promote_nothing(begun):
    campaign, store = begun()
    for number in range(2):
        store.update_replica(parse("*OCC*").key, "smoke", number, status="failed", failure_code="nan", properties=None)
    for unit in UNITS[:4]:
        store.add_polymer(unit.key, unit.smiles, unit.given, "generated", 1)
        store.plan_replica(unit.key, "smoke", 0, 1)
        store.update_replica(unit.key, "smoke", 0, status="failed", failure_code="nan")
    assert Promotions(campaign, store).next() is None
