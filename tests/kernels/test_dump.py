"""The dump reader against Python's own numbers, numpy and MDAnalysis, and against files cut anywhere."""

import contextlib
import gzip
import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodisco_kernels import LammpsDump, is_unwrapped, position_columns, positions, text_column

HEAD = (
    "ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS pp pp pp\n"
    "0 10\n-1 19\n2 32\nITEM: ATOMS {names}\n"
)


def text(names, frames):
    """Frames of rows of words as a dump."""
    parts = []
    for step, rows in enumerate(frames):
        parts.append(HEAD.format(step=10 * step, n=len(rows), names=" ".join(names)))
        parts.extend(" ".join(row) + " \n" for row in rows)
    return "".join(parts).encode()


def read(content, *arguments, **options):
    return list(LammpsDump(io.BytesIO(content), *arguments, **options))


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.3f}"),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:g}"),
    st.floats(-1e4, 1e4).map(lambda x: f"{x:.8e}"),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        "0 -0 +1.5 .5 5. -.25 1e5 1E-7 2.5e+03 inf -inf 1e-400 0e99999999 123456789012345678901 9007199254740993 0.1 "
        "12345678 1234567. -1234567".split()
    ),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=20), st.sampled_from([64, 100, 1000]))
def test_every_number_is_the_float_that_python_reads(rows, chunk):
    found = read(text(["a", "b", "c"], [rows, rows]), chunk_bytes=chunk)
    expected = np.array([[float(word) for word in row] for row in rows])
    for frame in found:
        assert frame.values.tobytes() == expected.tobytes()
    assert [frame.step for frame in found] == [0, 10]


def test_columns_come_in_the_order_asked_for_and_atoms_in_that_of_their_ids():
    rng = np.random.default_rng(0)
    frames, tables = [], []
    for _ in range(5):
        order = rng.permutation(40) + 7
        table = np.column_stack([order, rng.integers(1, 5, 40), rng.normal(size=(40, 3)).round(4)])
        tables.append(table[np.argsort(order)])
        frames.append([[str(int(r[0])), "Li", str(int(r[1])), *(f"{v:.4f}" for v in r[2:])] for r in table])
    content = text(["id", "element", "type", "x", "y", "z"], frames)
    for frame, table in zip(read(content, ["z", "type", "x"], chunk_bytes=200), tables, strict=True):
        assert (frame.values == table[:, [4, 1, 2]]).all()
    assert LammpsDump(io.BytesIO(content)).columns == ("id", "type", "x", "y", "z")
    assert text_column(io.BytesIO(content), "element") == ["Li"] * 40


def test_ids_far_apart_are_sorted_and_equal_ones_refused():
    rows = [["900000000", "1"], ["5", "2"], ["70000", "3"]]
    assert read(text(["id", "a"], [rows]), ["a"])[0].values[:, 0].tolist() == [2, 3, 1]
    with pytest.raises(ValueError, match="two atoms of step 0 have the same id"):
        read(text(["id", "a"], [[["3", "1"], ["2", "1"], ["3", "2"]]]))


@settings(max_examples=120, deadline=None)
@given(cut=st.integers(0, 1000), chunk=st.sampled_from([64, 90, 4000]))
def test_file_cut_anywhere_gives_whole_frames_and_then_says_so(cut, chunk):
    rng = np.random.default_rng(1)
    rows = [[[str(k + 1), *(f"{v:.3f}" for v in rng.normal(size=3))] for k in range(4)] for _ in range(4)]
    content = text(["id", "x", "y", "z"], rows)
    whole = read(content)
    ends = [0]
    for k in range(1, 5):
        ends.append(len(text(["id", "x", "y", "z"], rows[:k])))
    cut = min(cut, len(content))
    seen = []
    at_a_frame = contextlib.nullcontext() if cut in ends else pytest.raises(ValueError, match=r"breaks off|expected")
    with at_a_frame:
        for frame in LammpsDump(io.BytesIO(content[:cut]), chunk_bytes=chunk):
            seen.append(frame)
    assert len(seen) == sum(end <= cut for end in ends[1:])
    for frame, known in zip(seen, whole, strict=False):
        assert (frame.values == known.values).all()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.replace(b"2.5", b"2.5x"), "column x holds '2.5x' at step 0"),
        (lambda t: t.replace(b"2.5", b"2_5"), "column x holds '2_5' at step 0"),
        (lambda t: t.replace(b" 2.5", b""), "has not the 2 columns"),
        (lambda t: t.replace(b"2.5", b"2.5 7"), "has not the 2 columns"),
        (lambda t: b"# hello\n" + t, "not a LAMMPS text dump"),
        (lambda t: t.replace(b"0 10\n", b"0 ten\n"), "2 numbers expected in the header"),
        (lambda t: t.replace(b"ITEM: NUMBER OF ATOMS\n1\n", b""), "lacks its time step, number of atoms or box"),
    ],
)
def test_broken_dump_is_explained(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        read(change(text(["id", "x"], [[["1", "2.5"]]])), ["id", "x"])


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match=r"columns vx, q are missing; there are id x"):
        read(text(["id", "x"], [[["1", "2.5"]]]), ["x", "vx", "q"])


def test_empty_file_has_no_frame_and_blank_lines_and_carriage_returns_are_harmless():
    assert read(b"") == []
    content = text(["id", "x"], [[["2", "2.5"], ["1", "-3"]]] * 2)
    messy = b"\n" + content.replace(b"\n", b"\r\n").replace(b"ITEM: TIMESTEP", b"\nITEM: UNITS\nreal\nITEM: TIMESTEP")
    assert [frame.values.tolist() for frame in read(messy)] == [frame.values.tolist() for frame in read(content)]


def test_number_of_atoms_and_columns_may_change_between_frames():
    content = text(["id", "x"], [[["1", "2"]]]) + text(["x", "id"], [[["5", "2"], ["4", "1"]]])
    assert [frame.values.tolist() for frame in read(content, ["x"])] == [[[2.0]], [[4.0], [5.0]]]


def test_compressed_streams_are_the_same():
    zstandard = pytest.importorskip("zstandard")
    rng = np.random.default_rng(2)
    rows = [[str(k), *(f"{v:.5f}" for v in rng.normal(size=3))] for k in range(500)]
    content = text(["id", "x", "y", "z"], [rows] * 20)
    plain = read(content, chunk_bytes=5000)
    packed = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(content)))
    other = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(zstandard.ZstdCompressor().compress(content)))
    for stream in (packed, other):
        found = list(LammpsDump(stream, chunk_bytes=5000))
        assert all((a.values == b.values).all() for a, b in zip(found, plain, strict=True))


@pytest.mark.parametrize("tilt", [None, (2.0, -3.0, 4.0)])
def test_all_kinds_of_coordinates_give_the_same_positions_as_mdanalysis(tmp_path, tilt):
    mda = pytest.importorskip("MDAnalysis")
    rng = np.random.default_rng(3)
    xy, xz, yz = tilt or (0.0, 0.0, 0.0)
    cell = np.array([[10.0, 0, 0], [xy, 20, 0], [xz, yz, 30]])
    origin = np.array([-3.0, 5, 7])
    scaled, image = rng.random((12, 3)), rng.integers(-2, 3, (12, 3))
    wrapped = scaled @ cell + origin
    whole = wrapped + image @ cell
    columns = {
        "xu yu zu": whole, "xsu ysu zsu": scaled + image, "x y z ix iy iz": np.column_stack([wrapped, image]),
        "xs ys zs ix iy iz": np.column_stack([scaled, image]), "x y z": wrapped, "xs ys zs": scaled,
    }  # fmt: skip
    low = origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = origin + np.diag(cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0]
    bounds = np.column_stack([low, high, [xy, xz, yz]] if tilt else [low, high])
    for names, table in columns.items():
        rows = "".join(f"{k + 1} 1 {' '.join(f'{v:.9f}' for v in row)}\n" for k, row in enumerate(table))
        content = (
            "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n12\nITEM: BOX BOUNDS "
            + ("xy xz yz " if tilt else "") + "pp pp pp\n"
            + "".join(" ".join(f"{v:.9f}" for v in row) + "\n" for row in bounds)
            + f"ITEM: ATOMS id type {names}\n" + rows
        )  # fmt: skip
        used = position_columns(["id", "type", *names.split()])
        assert used == tuple(names.split())
        frame = read(content.encode(), used)[0]
        expected = whole if is_unwrapped(used) else wrapped
        np.testing.assert_allclose(positions(frame.values, used, frame.cell, frame.origin), expected, atol=1e-7)
        np.testing.assert_allclose(frame.cell, cell, atol=1e-9)
        if names in ("xu yu zu", "xs ys zs", "x y z"):
            (tmp_path / "a.lammpstrj").write_text(content)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                other = mda.Universe(str(tmp_path / "a.lammpstrj"), format="LAMMPSDUMP")
            # MDAnalysis moves the corner of the box to the origin for some columns and not for others.
            moved = other.atoms.positions - other.atoms.positions[0]
            np.testing.assert_allclose(moved, expected - expected[0], atol=2e-5)
            np.testing.assert_allclose(other.trajectory.ts.triclinic_dimensions, cell, atol=2e-5)


def test_no_positions_are_named():
    with pytest.raises(ValueError, match="no positions among the columns id q"):
        position_columns(["id", "q"])
