"""Training sets are stored as what changes between them, and each is read as it was written."""

import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodisco.store import VERSION, Candidate, Store, TrainingEntry
from autodisco.store.schema import FILES, TABLES

KEYS = "abcd"
ROWS = st.builds(
    lambda key, label, weight: TrainingEntry(f"*{key}*", key, label, weight, why=label),
    st.sampled_from(KEYS),
    st.sampled_from(["high", "low", "unlabelled"]),
    st.sampled_from([1.0, 5.0]),
)
SETS = st.lists(ROWS, max_size=len(KEYS), unique_by=lambda row: row.key)


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "run") as opened:
        yield opened


def by_key(rows):
    return sorted(rows, key=lambda row: row.key)


def row(key, label="low", weight=1.0):
    return TrainingEntry(f"*{key}*", key, label, weight, why="made up")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), SETS), max_size=12), st.integers(-1, 6))
def test_each_set_is_read_as_it_was_last_written_whatever_was_written_before_and_after(writes, end):
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder)) as store:
        expected = {}
        with store.transaction():
            for iteration, rows in writes:
                store.write_training(iteration, rows)
                expected[iteration] = by_key(rows)
        for iteration in range(8):
            assert store.training(iteration) == expected.get(iteration, [])
        learnt = {
            (iteration, key): TrainingEntry(span.smiles, key, span.label, span.weight, span.why)
            for key in KEYS
            for span in store.training_of([key])
            for iteration in range(span.first, span.last + 1)
        }
        assert learnt == {(iteration, row.key): row for iteration, rows in expected.items() for row in rows}
        store.rewind(end)
        for iteration in range(8):
            assert store.training(iteration) == (expected.get(iteration, []) if iteration <= end else [])


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.integers(0, 8), SETS))
def test_an_older_database_keeps_every_set(sets):
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "state.db")
        connection.executescript(TABLES + FILES)
        for iteration, rows in sets.items():
            connection.executemany(
                f"INSERT INTO training VALUES ({iteration}, :smiles, :key, :label, :weight, :why)",
                [row.to_dict() for row in rows],
            )
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
        connection.close()
        with Store.open(Path(folder)) as migrated, Store.create(Path(folder) / "new") as written:
            assert migrated.rows("PRAGMA user_version") == [{"user_version": VERSION}]
            for iteration in range(10):
                assert migrated.training(iteration) == by_key(sets.get(iteration, []))
            for iteration in sorted(sets):
                written.write_training(iteration, sets[iteration])
            for key in KEYS:  # the same rows as if this program had written them
                assert migrated.training_of([key]) == written.training_of([key])


def test_what_stays_takes_no_room(store):
    known = [row(f"k{number}") for number in range(50)]
    for iteration in range(40):
        store.write_training(iteration, [*known, row(f"new{iteration}")])
    (entries,) = store.rows("SELECT count(*) AS n FROM training")
    assert entries["n"] == 50 + 40


def test_a_set_written_again_after_a_crash_is_stored_the_same(store):
    sets = [[row("a"), row("b")], [row("a"), row("b", "high", 5.0), row("c")]]
    store.write_training(0, sets[0])
    before = store.rows("SELECT * FROM training")
    with pytest.raises(RuntimeError, match="killed"):
        _write_and_die(store, sets[1])
    assert store.rows("SELECT * FROM training") == before
    store.write_training(1, sets[1])
    stored = store.rows("SELECT * FROM training")
    store.write_training(1, sets[1])
    assert store.rows("SELECT * FROM training") == stored


def _write_and_die(store, rows):
    with store.transaction():
        store.write_training(1, rows)
        raise RuntimeError("killed")


def test_one_iteration_is_found_without_reading_the_others(store):
    def steps(read):
        count = []
        store._connection.set_progress_handler(lambda: count.append(1), 1)
        read()
        store._connection.set_progress_handler(None, 0)
        return len(count)

    def fill(iterations):
        for n in iterations:
            store.add_polymer(f"k{n}", f"*{n}*", f"*{n}*", "generated", n)
            store.plan_replica(f"k{n}", "quick", 0, n)
            store.add_candidates([Candidate(n, 0, f"*{n}*", f"k{n}", "new")])

    reads = (
        lambda: store.candidates(3),
        lambda: store.replicas(3),
        lambda: store.replicas(key="k3"),
        lambda: store.polymers("generated", 3),
    )
    with store.transaction():
        fill(range(10))
        few = [steps(read) for read in reads]
        fill(range(10, 200))
        assert [steps(read) for read in reads] == few
