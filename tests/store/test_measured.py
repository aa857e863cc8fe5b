"""The quantities that are kept at hand are those of the replicas, whatever happens to these in whatever order."""

import json
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodisco.decide import keep_at_hand, ranking, with_properties
from autodisco.decide.measured import quantities_at_hand
from autodisco.store import Measurements, Store
from tests.filled_store import fill

NAMES = ("a", "b")

replicas = st.tuples(st.sampled_from("kl"), st.sampled_from(("quick", "long")), st.integers(0, 2))
properties = st.dictionaries(st.sampled_from(("a", "b", "c")), st.none() | st.floats(-1, 1), max_size=3)
steps = st.one_of(
    st.tuples(st.just("end"), replicas, properties),
    st.tuples(st.just("fail"), replicas, st.none()),
    st.tuples(st.just("again"), replicas, st.none()),
    st.tuples(st.just("rewind"), st.integers(1, 3), st.none()),
    st.tuples(st.just("keep"), st.sets(st.sampled_from("abc")), st.none()),
)


def take(store, step):
    """One thing that happens to a campaign."""
    what, subject, found = step
    if what == "rewind":
        store.rewind(subject)
        return
    if what == "keep":
        store.keep_at_hand(subject)
        return
    store.plan_replica(*subject, 1 + subject[2])
    status = {"end": "done", "fail": "failed", "again": "waiting"}[what]
    store.update_replica(*subject, status=status, **({"properties": found} if what == "end" else {}))


def from_replicas(store, names):
    """What the table has to say."""
    groups = defaultdict(list)
    for row in store.replicas():
        if row.status in ("done", "failed"):
            groups[row.key, row.protocol].append(row)
    rows = [
        Measurements(
            key,
            protocol,
            ended[0].iteration,
            sum(row.status == "failed" for row in ended),
            [
                {name: value for name, value in row.properties.items() if name in names}
                for row in ended
                if row.status == "done" and row.properties is not None
            ],
        )
        for (key, protocol), ended in groups.items()
    ]
    return sorted(rows, key=lambda row: (row.iteration, row.key, row.protocol))


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with Store.create(tmp_path_factory.mktemp("run")) as store:
        store._connection.execute("PRAGMA synchronous = OFF")
        yield store


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=25))
def test_the_table_agrees_with_the_replicas(empty, story):
    empty.rewind(0)
    for key in "kl":
        empty.add_polymer(key, f"*{key}*", f"*{key}*", "seed")
    empty.keep_at_hand(NAMES)
    for step in story:
        take(empty, step)
    kept = empty.get("at_hand")
    assert list(empty.measured(kept)) == from_replicas(empty, kept)
    assert list(empty.measured("abc")) == from_replicas(empty, {*kept, *"abc"})
    assert list(empty.measured(kept, key="k")) == [row for row in from_replicas(empty, kept) if row.key == "k"]


def test_the_ranking_is_the_same_with_and_without_the_table(tmp_path):
    with fill(tmp_path) as store:
        before = ranking(store)
        keep_at_hand(store)
        assert ranking(store) == before
        assert (
            store.rows("SELECT count(*) AS n FROM measured")[0]["n"] == len({row.key for row in store.replicas()}) - 1
        )


def test_a_row_with_all_properties_has_them_combined_over_its_replicas(tmp_path):
    with fill(tmp_path) as store:
        (row,) = (one for one in ranking(store) if one.monomer_smiles == "*COCOC*")
        assert "density_g_per_cm3" not in row.properties
        (whole,) = with_properties(store, [row])
        assert whole.properties["density_g_per_cm3"] == pytest.approx(1.12)
        assert {**whole.properties, **row.properties} == whole.properties


def test_only_the_quantities_that_rank_are_read_for_the_ranking(tmp_path):
    with fill(tmp_path) as store:
        keep_at_hand(store)
        seen = []
        store._connection.set_trace_callback(seen.append)
        ranking(store)
        assert not any("properties" in text for text in seen)
        kept = store.rows("SELECT done FROM measured")
        assert {name for row in kept for one in json.loads(row["done"]) for name in one} <= quantities_at_hand(store)
