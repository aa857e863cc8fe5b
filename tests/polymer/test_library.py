"""Groups of equal polymers, however many there are and whoever reads them."""

import random
import tracemalloc

import numpy as np
import pytest

from autodisco.polymer import Library, library, parse, units_from_grammar


@pytest.fixture(scope="module")
def units():
    return units_from_grammar(600, np.random.default_rng(0))


def doubled(text):
    return text[:-1] + text[1:]


def test_groups_are_those_of_the_keys_in_the_order_of_their_first_rows(units):
    texts = [*units, *map(doubled, units[:300]), "*C", *units[:100]]
    random.Random(1).shuffle(texts)
    rows = list(enumerate(texts, 1))
    with Library(rows) as found:
        groups, refused = list(found.groups()), list(found.refusals())
        assert (found.n_rows, found.n_groups, found.n_invalid) == (1001, 600, 1)
    expected = {}
    for line, text in rows:
        if text != "*C":
            expected.setdefault(parse(text).key, []).append((line, text))
    assert [(group.key, list(group.members)) for group in groups] == list(expected.items())
    assert all(parse(group.canonical).key == group.key for group in groups)
    assert [(row.given, row.code) for row in refused] == [("*C", "ends")]


def test_more_processes_give_the_same(units, monkeypatch):
    monkeypatch.setattr(library, "CHUNK", 100)
    rows = list(enumerate([*units, *map(doubled, units)], 1))
    with Library(rows) as alone, Library(rows, workers=2) as together:
        assert list(alone.groups()) == list(together.groups())


def test_rows_are_read_as_a_stream(units, monkeypatch):
    monkeypatch.setattr(library, "BUCKETS", 16)
    monkeypatch.setattr(library, "CHUNK", 500)

    def rows(n):
        for number in range(n):
            yield number, units[number % len(units)]

    def peak(n):
        tracemalloc.start()
        with Library(rows(n)) as found:
            assert found.n_rows == n
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1000)  # fills the caches
    # To hold all rows, grouped, would take some 400 bytes for each; here it is a sixteenth of them at a time.
    assert peak(9_000) - peak(3_000) < 6_000 * 150


def test_nothing_stays_behind_and_an_interruption_cleans_up(tmp_path, monkeypatch, units):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with Library([(1, "*CC*")]) as found:
        assert list(tmp_path.iterdir())
        assert found.n_groups == 1

    def broken():
        yield 1, "*CC*"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Library(broken())
    assert not list(tmp_path.iterdir())


def test_an_empty_library_has_no_groups():
    with Library([]) as found:
        assert list(found.groups()) == list(found.refusals()) == []
