"""The dump reader against Python's float, numpy and MDAnalysis, and with files that are cut, packed or broken."""

import contextlib
import gzip
import io
import re
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autodisco_kernels.dump import LammpsDump, is_unwrapped, position_columns, positions, text_column

ORTHORHOMBIC = "ITEM: BOX BOUNDS pp pp pp\n0 10\n-1 19\n2 32\n"


def frame(names, rows, step=0, box=ORTHORHOMBIC, before=""):
    """One frame as LAMMPS writes it, blank at the end of the lines included."""
    table = "".join(" ".join(row) + " \n" for row in rows)
    head = f"{before}ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(rows)}\n{box}ITEM: ATOMS {names} \n"
    return (head + table).encode()


def read(content, columns=None, chunk=1000):
    return list(LammpsDump(io.BytesIO(content), columns, chunk))


def bits(table):
    return np.asarray(table, dtype=np.float64).tobytes()


FORMATS = ["{:g}", "{:.3f}", "{:.6f}", "{:e}", "{:.9E}", "{:.15g}", "{!r}", "{:12.4f}", "{:<+9.2f}", "{:.25f}"]
WORDS = st.one_of(
    st.builds(str.format, st.sampled_from(FORMATS), st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(str.format, st.sampled_from(FORMATS), st.floats(-1000, 1000)),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"[-+]?([0-9]{1,12}\.?[0-9]{0,12}|\.[0-9]{1,12})([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["nan", "-nan", "inf", "-inf", "-0", "-0.000", "1e-400", "0e99999999999", "9007199254740993"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=30), st.sampled_from([1, 200, 5000]))
def test_numbers_are_those_of_python_to_the_last_bit(rows, chunk):
    found = read(frame("a b c", rows) * 2, chunk=chunk)
    assert [bits(f.values) for f in found] == [bits([[float(word) for word in row] for row in rows])] * 2


def test_many_short_decimals_are_those_of_python():
    rng = np.random.default_rng(0)
    scale = 10.0 ** rng.integers(-8, 8, (40_000, 5))
    x = rng.normal(size=(40_000, 5)) * scale
    rows = [(f"{a:g}", f"{b:.3f}", f"{c:.0f}", f"{d:.6e}", f"{e:.4g}") for a, b, c, d, e in x]
    (found,) = read(frame("a b c d e", rows), chunk=100_000)
    assert bits(found.values) == bits([[float(word) for word in row] for row in rows])


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.-+eE_xn\x00\x7fé/:", min_size=1, max_size=18))
@example("--5")
@example("-")
@example(".")
@example("1.2.3")
@example("5-3")
@example("1e")
@example("1_0")
@example("٣")
def test_a_word_is_a_number_when_python_says_so(word):
    content = frame("id a", [("1", "0"), ("2", word)])
    try:
        expected = None if "_" in word or not word.isascii() else float(word)
    except ValueError:
        expected = None
    if expected is None:
        with pytest.raises(ValueError, match=r"column a holds '.*' at step 0|has not the 2 columns|breaks off"):
            read(content)
    else:
        assert read(content)[0].values[1, 1] == expected


def test_tables_are_those_of_numpy_whatever_blanks_and_line_ends():
    rng = np.random.default_rng(1)
    table = np.column_stack([np.arange(1, 501), rng.normal(size=(500, 12)).round(5)])
    rows = [[f"{value:12.5f}" if k % 2 else f"\t{value:g}" for k, value in enumerate(row)] for row in table]
    content = frame(" ".join("abcdefghijklm"), rows)
    expected = np.loadtxt(content.decode().splitlines()[9:])
    for variant in (content, content.replace(b"\n", b"\r\n"), b"\n \n" + content + b"\r\n\n"):
        for chunk in (64, 777, 100_000):
            (found,) = read(variant, chunk=chunk)
            assert bits(found.values) == bits(expected)


def test_columns_come_as_asked_for_and_atoms_by_id():
    rng = np.random.default_rng(2)
    frames, expected = [], []
    for step in range(4):
        ids = rng.permutation(60)[: 30 + step] * 10**step + 3
        table = np.column_stack([rng.integers(1, 5, len(ids)), rng.normal(size=(len(ids), 3)).round(4)])
        words = [[f"{t:.0f}", "Li", f"{x:.4f}", f"{y:.4f}", f"{z:.4f}"] for t, x, y, z in table]
        rows = [[*row[:3], str(number), *row[3:]] for row, number in zip(words, ids, strict=True)]
        frames.append(frame("type element x id y z", rows, step))
        expected.append(np.column_stack([table, ids])[np.argsort(ids)])
    content = b"".join(frames)
    for names, columns in (("x y z", [1, 2, 3]), ("z type", [3, 0]), ("id y", [4, 2])):
        for found, table in zip(read(content, names.split()), expected, strict=True):
            assert (found.values == table[:, columns]).all()
            assert found.values.flags.c_contiguous
    dump = LammpsDump(io.BytesIO(content))
    assert dump.available == ("type", "element", "x", "id", "y", "z")
    assert dump.columns == ("type", "x", "id", "y", "z")


def test_without_ids_atoms_stay_as_they_are():
    assert read(frame("x", [["2"], ["1"], ["3"]]))[0].values.tolist() == [[2], [1], [3]]


def test_text_of_a_column_comes_by_id():
    rows = [("3", "Li"), ("1", "O"), ("20", "C")]
    stream = io.BytesIO(frame("id element", rows) + frame("id element", rows[:1], step=1))
    assert text_column(stream, "element") == ["O", "Li", "C"]
    with pytest.raises(ValueError, match=r"columns mol are missing; there are id element"):
        text_column(io.BytesIO(frame("id element", rows)), "mol")
    with pytest.raises(ValueError, match="breaks off after 2 of 3 atoms"):
        text_column(io.BytesIO(frame("id element", rows)[:-3]), "element")
    for cut in (-9, -30, -70):  # in its rows or in its header
        stream = io.BytesIO(frame("id element", rows)[:cut] + frame("id element", rows, step=1))
        assert text_column(stream, "element", lenient=True) == ["O", "Li", "C"]
    with pytest.raises(ValueError, match="breaks off"):
        text_column(io.BytesIO(frame("id element", rows)[:-3]), "element", lenient=True)


def test_a_mark_of_the_encoding_is_no_part_of_the_dump():
    (found,) = LammpsDump(io.BytesIO(b"\xef\xbb\xbf" + frame("id a", [("1", "2.5")])), ["a"], lenient=True)
    assert found.values.tolist() == [[2.5]]
    assert text_column(io.BytesIO(b"\xef\xbb\xbf" + frame("id e", [("1", "Li")])), "e") == ["Li"]


@pytest.mark.parametrize(
    "box",
    [
        "ITEM: BOX BOUNDS pp pp pp\n0 10\n19 -1\n2 32\n",
        "ITEM: BOX BOUNDS xy xz yz pp pp pp\n0 10 12\n-1 19 0\n2 32 0\n",
    ],
)
def test_a_box_of_negative_length_is_refused(box):
    with pytest.raises(ValueError, match="upper bounds are below the lower ones"):
        read(frame("id x y z", [("1", "1", "1", "1")], box=box))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two columns are named x at step 3; allowed is one"):
        read(frame("id x y z x", [("1", "1", "1", "1", "7")], step=3))


def test_atoms_and_columns_may_change_and_other_items_are_passed_over():
    before = "ITEM: UNITS\nreal\nITEM: TIME\n2.5\n"
    content = frame("id x", [("1", "5")], step=3, before=before) + frame("x id", [], step=4)
    content += frame("x q id", [("7", "0", "9"), ("8", "0", "2")], step=5, before="\nITEM: THING\nany\n\nkind\n")
    first, second, third = read(content, ["x"])
    assert (first.step, first.time, first.values.tolist()) == (3, 2.5, [[5]])
    assert (second.step, second.time, second.values.shape) == (4, None, (0, 1))
    assert (third.step, third.values.tolist()) == (5, [[8], [7]])


def whole_and_cut():
    """A dump of frames of different kinds, and where they end."""
    rng = np.random.default_rng(3)
    content, ends = b"", [0]
    for step, n in enumerate((3, 0, 5, 1)):
        rows = [(str(k + 1), f"{a:.3f}", f"{b:g}", str(k)) for k, (a, b) in enumerate(rng.normal(size=(n, 2)))]
        content += frame("id x y ix", rows, step, before=f"ITEM: TIME\n{step}.5\n")
        ends.append(len(content))
    return content, ends


@settings(max_examples=250, deadline=None)
@given(st.data(), st.sampled_from([1, 100, 10_000]), st.sampled_from([None, ["x"]]), st.booleans(), st.booleans())
def test_a_file_cut_anywhere_gives_its_whole_frames_and_then_an_error(data, chunk, columns, dos, lenient):
    content, ends = whole_and_cut()
    whole = read(content, columns)
    cut = data.draw(st.integers(0, len(content)))
    # The end of the last line may be missing; but for a frame without atoms, the line is that of its columns.
    complete = [end - 2 if len(frame.values) else end for end, frame in zip(ends[1:], whole, strict=True)]
    n = sum(end <= cut for end in complete)
    part = content[:cut].replace(b"\n", b"\r\n") if dos else content[:cut]
    seen, error, dump = [], None, None
    try:
        dump = LammpsDump(io.BytesIO(part), columns, chunk, lenient)
        for found in dump:
            seen.append(found)
    except ValueError as complaint:
        error = str(complaint)
    if lenient:
        assert error is None
        error = " ".join(dump.broken) or None
    assert [bits(a.values) for a in seen] == [bits(b.values) for b in whole[:n]]
    assert (error is None) == (cut in ends or (n > 0 and complete[n - 1] <= cut <= ends[n]))
    assert error is None or "breaks off" in error


def random_frame(rng, step, n=40):
    rows = [(str(k + 1), *(f"{v:.5f}" for v in rng.normal(size=3))) for k in range(n)]
    return frame("id x y z", rows, step, before=f"ITEM: TIME\n{step}.5\n")


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([1, 100, 10_000]))
def test_frames_that_a_killed_program_left_in_the_middle_are_left_out(data, chunk):
    rng = np.random.default_rng(1)
    first, second, third = (random_frame(rng, step) for step in range(3))
    # What is left of the second frame ends somewhere between its first and its last number.
    cut = data.draw(st.integers(1, second.rindex(b".")))
    content = first + second[:cut] + third
    dump = LammpsDump(io.BytesIO(content), ["x", "y", "z"], chunk, lenient=True)
    assert [bits(f.values) for f in dump] == [bits(read(part, ["x", "y", "z"])[0].values) for part in (first, third)]
    assert len(dump.broken) == 1
    assert "breaks off" in dump.broken[0]


@pytest.mark.parametrize("kept", range(1, 9))
def test_a_last_number_that_is_cut_is_told_from_a_line_end_that_is_missing(kept):
    content = random_frame(np.random.default_rng(2), 0).rstrip()
    last = b"-1.23457"
    part = content[: content.rindex(b" ") + 1] + last[:kept]
    found = list(LammpsDump(io.BytesIO(part), ["z"], lenient=True))
    # A digit or two less make no more than a rounding error.
    assert len(found) == (kept >= 6)
    assert not found or abs(found[0].values[-1, 0] - float(last)) < 1e-3


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=4), st.sampled_from([1, 10_000]))
def test_damage_ends_in_an_error_or_in_frames_and_never_elsewhere(damage, chunk):
    content = bytearray(whole_and_cut()[0])
    for place, new in damage:
        place %= len(content)
        content[place : place + len(new)] = new
    with contextlib.suppress(ValueError):
        read(bytes(content), chunk=chunk)


GOOD = frame("id x", [("1", "2.5"), ("2", "3.5")])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (GOOD.replace(b"2.5", b"2.5x"), "column x holds '2.5x' at step 0; a number expected"),
        (GOOD.replace(b"2.5", b"C"), "column x holds 'C' at step 0"),
        (GOOD.replace(b" 2.5", b""), "a row of step 0 has not the 2 columns of its header: '1'"),
        (GOOD.replace(b"1 2.5 \n", b"1\n\n"), "a row of step 0 has not the 2 columns of its header: '1'"),
        (GOOD.replace(b"2.5", b"2.5 1"), "a row of step 0 has not the 2 columns of its header: '1 2.5 1'"),
        (GOOD.replace(b"\n2\n", b"\n3\n"), "step 0 breaks off after 2 of 3 atoms"),
        (GOOD.replace(b"\n2\n", b"\n3\n") * 2, "step 0 breaks off after 2 of 3 atoms"),
        (GOOD.replace(b"\n2\n", b"\n1\n"), "step 0 goes on after its 1 atoms: 'ITEM: …' expected, found '2 3.5'"),
        (GOOD.replace(b"2 3.5", b"1 3.5"), "two atoms of step 0 have the same id"),
        (GOOD.replace(b"2 3.5", b"nan 3.5"), "two atoms of step 0 have the same id"),
        (GOOD.replace(b"0 10\n", b"0 ten\n"), "2 numbers expected in the header of a frame, found '0 ten'"),
        (GOOD.replace(b"STEP\n0", b"STEP\n0.5"), "a frame of 2 atoms at step 0.5"),
        (GOOD.replace(b"\n2\n", b"\n-2\n"), "a frame of -2 atoms"),
        (GOOD.replace(b"\n2\n", b"\n2e15\n"), "2000000000000000 atoms of step 0 do not fit into memory"),
        (GOOD.replace(b"ITEM: TIMESTEP\n0\n", b""), "a frame lacks its time step, number of atoms or box"),
        (b"# comment\n" + GOOD, "not a LAMMPS text dump: 'ITEM: …' expected, found '# comment'"),
        (b"ITEM: TIMESTEP\n0\n1\n" + GOOD, "not a LAMMPS text dump: 'ITEM: …' expected, found '1'"),
        (GOOD[:-4] + bytes(50) + GOOD, "step 0 breaks off after 1 of 2 atoms"),
        (GOOD + bytes(50) + GOOD, "step 0 goes on after its 2 atoms: 'ITEM: …' expected, found '\x00'"),
        (GOOD[:17], "a frame breaks off in its header, after '0'"),
        (bytes(range(256)) * 10, "not a LAMMPS text dump"),
        (b"5" * 3_000_000, "not a LAMMPS text dump: 1048576 bytes without the end of a line"),
        (b"1 2 3\n" * 500_000, "not a LAMMPS text dump"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(content, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        read(content, chunk=5000) and read(content, ["id", "x"])


def test_boundaries_are_those_of_the_header():
    for title, known in (
        ("pp ff mm", ("pp", "ff", "mm")),
        ("xy xz yz pp pp fs", ("pp", "pp", "fs")),
        ("abc origin pp pp pp", ("pp", "pp", "pp")),
        ("", ()),
    ):
        rows = "0 9 0\n" * 3 if title[:1] == "x" else "9 0 0 0\n0 9 0 0\n0 0 9 0\n" if title[:1] == "a" else "0 9\n" * 3
        (found,) = read(frame("id x", [("1", "5")], box=f"ITEM: BOX BOUNDS {title}\n{rows}"))
        assert found.boundaries == known


def test_columns_that_are_missing_or_text_are_named():
    content = frame("id element x", [("1", "C", "0")])
    with pytest.raises(ValueError, match=r"columns vx, q are missing; there are id element x"):
        read(content, ["x", "vx", "q"])
    with pytest.raises(ValueError, match="column element holds 'C'"):
        read(content, ["x", "element"])
    with pytest.raises(ValueError, match="no column"):
        read(content, [])
    later = iter(LammpsDump(io.BytesIO(content + frame("id y", [("1", "0")], step=1)), ["x"]))
    assert next(later).values.tolist() == [[0]]
    with pytest.raises(ValueError, match=r"columns x are missing; there are id y"):
        next(later)
    assert next(later, None) is None


def test_an_empty_file_has_no_frames():
    for content in (b"", b"\n \r\n"):
        dump = LammpsDump(io.BytesIO(content))
        assert (dump.available, list(dump)) == ((), [])


class OnlyRead:
    """A stream that hands out what it likes and cannot read into a buffer."""

    def __init__(self, content):
        self._stream, self._sizes = io.BytesIO(content), iter(np.random.default_rng(4).integers(1, 300, 10**6).tolist())

    def read(self, n):
        return self._stream.read(min(n, next(self._sizes)))


def test_packed_and_slow_streams_give_the_same():
    zstandard = pytest.importorskip("zstandard")
    rng = np.random.default_rng(5)
    rows = [(str(k + 1), *(f"{v:.5f}" for v in rng.normal(size=3))) for k in range(400)]
    content = b"".join(frame("id x y z", rows, step) for step in range(15))
    plain = read(content, chunk=10**7)
    for stream in (
        gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(content))),
        zstandard.ZstdDecompressor().stream_reader(io.BytesIO(zstandard.ZstdCompressor().compress(content))),
        OnlyRead(content),
    ):
        found = list(LammpsDump(stream, chunk_bytes=5000))
        assert [f.step for f in found] == list(range(15))
        assert all(bits(a.values) == bits(b.values) for a, b in zip(found, plain, strict=True))


def test_memory_is_that_of_a_frame_and_the_buffer():
    one = frame("id x", [(str(k), f"{k / 7:.4f}") for k in range(4000)])
    stream = io.BytesIO(one * 100)
    list(LammpsDump(io.BytesIO(one)))
    tracemalloc.start()
    for _ in LammpsDump(stream, chunk_bytes=20_000):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Two frames of 64 kB are alive at once, the one before and the one that is read.
    assert peak < 300_000 < len(one) * 100 / 8


CELLS = {
    "orthorhombic": ("pp pp pp", [[9, 0, 0], [0, 20, 0], [0, 0, 30]]),
    "triclinic": ("xy xz yz pp pp pp", [[9, 0, 0], [2, 20, 0], [-3, 4, 30]]),
    "triclinic, tilted back": ("xy xz yz pp pp pp", [[9, 0, 0], [-2, 20, 0], [-1, -4, 30]]),
    "general": ("abc origin pp pp pp", [[8, 1, 0.5], [2, 19, -1], [-3, 4, 30]]),
}


@pytest.mark.parametrize("kind", CELLS)
def test_every_kind_of_coordinates_gives_the_same_positions(tmp_path, kind):
    title, rows = CELLS[kind]
    cell, origin = np.array(rows, dtype=float), np.array([-3.0, 5.0, 7.0])
    tilts = [cell[1, 0], cell[2, 0], cell[2, 1]]
    # The corners of the box are what LAMMPS would write: the extremes over the eight corners of the cell.
    corners = origin + np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T @ cell
    low, high = corners.min(axis=0), corners.max(axis=0)
    tail = {"pp": [], "xy": [tilts], "ab": []}[title[:2]]
    bounds = np.column_stack([cell, origin]) if kind == "general" else np.column_stack([low, high, *tail])
    box = f"ITEM: BOX BOUNDS {title}\n" + "".join(" ".join(map(repr, row)) + "\n" for row in bounds.tolist())

    rng = np.random.default_rng(6)
    fractions, images = rng.random((12, 3)), rng.integers(-2, 3, (12, 3))
    wrapped = origin + sum(fractions[:, [k]] * cell[k] for k in range(3))
    whole = wrapped + sum(images[:, [k]] * cell[k] for k in range(3))
    kinds = {
        "xu yu zu": whole, "x y z ix iy iz": np.column_stack([wrapped, images]), "xsu ysu zsu": fractions + images,
        "xs ys zs ix iy iz": np.column_stack([fractions, images]), "x y z": wrapped, "xs ys zs": fractions,
    }  # fmt: skip
    for names, table in kinds.items():
        content = frame(f"id {names}", [(str(k), *map(repr, row)) for k, row in enumerate(table.tolist())], box=box)
        used = position_columns(["id", *names.split()])
        (found,) = read(content, used)
        expected = whole if is_unwrapped(used) else wrapped
        assert is_unwrapped(used) == (names not in ("x y z", "xs ys zs"))
        np.testing.assert_allclose(found.cell, cell, atol=1e-12)
        np.testing.assert_allclose(found.origin, origin, atol=1e-12)
        np.testing.assert_allclose(positions(found.values, used, found.cell, found.origin), expected, atol=1e-12)
        if kind != "general" and names in ("xu yu zu", "x y z"):
            (tmp_path / "run.lammpstrj").write_bytes(content)
            assert_same_as_mdanalysis(tmp_path / "run.lammpstrj", expected - origin, cell)


def assert_same_as_mdanalysis(path, expected, cell):
    """MDAnalysis moves the corner of the box to zero and holds single precision."""
    reader = pytest.importorskip("MDAnalysis.coordinates.LAMMPS").DumpReader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (step,) = reader(str(path))
        np.testing.assert_allclose(step.positions, expected, atol=2e-5)
        np.testing.assert_allclose(step.triclinic_dimensions, cell, atol=2e-5)


def test_the_best_columns_for_positions_are_chosen():
    everything = "id xs ys zs xsu ysu zsu x y z ix iy iz xu yu zu".split()
    assert position_columns(everything) == ("xu", "yu", "zu")
    assert position_columns(everything[:-3]) == ("x", "y", "z", "ix", "iy", "iz")
    assert position_columns(["xs", "ys", "zs", "x", "y", "z"]) == ("x", "y", "z")
    with pytest.raises(ValueError, match="no positions among the columns id x y"):
        position_columns(["id", "x", "y"])
