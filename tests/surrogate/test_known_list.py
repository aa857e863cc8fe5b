"""Lists of known polymers: found by the infinite chain, the nearest row by its environments, at any length."""

import numpy as np
import pytest

from autodisco.polymer import parse, units_from_grammar
from autodisco.surrogate import known_list, similarity
from autodisco.surrogate.known_list import KnownList, write_list

ROWS = [(2, "*CC(*)C#N"), (3, "no unit"), (4, "*COCCOC*"), (5, "*CC(*)c1ccccc1"), (6, "*OCC*")]


@pytest.fixture(scope="module")
def grammar():
    """Distinct repeat units."""
    units = units_from_grammar(400, np.random.default_rng(3))
    return list({parse(text).key: text for text in units}.values())


def test_a_polymer_is_found_in_another_spelling_and_the_first_such_row_counts():
    found = KnownList.of_rows(ROWS).nearest(["*CCO*", "*C(C#N)C*", "*CC(*)(C)C#N"])
    assert found[0] == (4, 1.0, True)
    assert found[1] == (2, 1.0, True)
    row, alike, same = found[2]
    assert (row, same) == (2, False)
    assert 0.2 < alike < 0.95


def test_rows_that_are_no_repeat_unit_are_counted():
    known = KnownList.of_rows(ROWS)
    assert known.n_invalid == 1
    assert known.rows.tolist() == [2, 4, 5, 6]


def test_an_empty_list_has_no_nearest_row():
    assert KnownList.of_rows([(1, "none")]).nearest(["*OCC*"]) == [(None, 0.0, False)]


def test_the_nearest_row_is_that_of_the_similarity_of_the_posterior(grammar):
    wanted, others = grammar[:40], grammar[40:]
    found = KnownList.of_rows(enumerate(others)).nearest(wanted)
    table = similarity(wanted, others)
    assert [one.similarity for one in found] == pytest.approx(table.max(axis=1).tolist(), abs=1e-6)
    assert all(table[n, one.row] == pytest.approx(table[n].max(), abs=1e-6) for n, one in enumerate(found))


def test_a_list_on_disk_says_the_same_whatever_the_size_of_its_blocks(grammar, tmp_path, monkeypatch):
    wanted, rows = grammar[:40], list(enumerate(grammar[20:]))
    whole = KnownList.of_rows(rows).nearest(wanted)
    assert sum(one.same for one in whole) == 20
    told = []
    write_list(rows, tmp_path / "index", progress=told.append)
    monkeypatch.setattr(known_list, "ROWS_AT_ONCE", 7)
    assert KnownList.read(tmp_path / "index").nearest(wanted) == whole
    assert told[-1] == len(rows)
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_list_that_cannot_be_read_leaves_nothing_behind(tmp_path):
    def broken():
        yield 1, "*OCC*"
        raise RuntimeError("disk")

    with pytest.raises(RuntimeError):
        write_list(broken(), tmp_path / "index")
    assert list(tmp_path.iterdir()) == []
