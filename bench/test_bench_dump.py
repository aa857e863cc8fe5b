"""Reading a LAMMPS text dump into float64, all columns or some, against the readers one would otherwise pick.

The limit is the copy of the file out of the page cache into a buffer (`raw_read`): six to seven GB/s, ten times the
speed at which eleven columns of text become numbers, so that the disk or the decompression decides only for the
fastest files. CPU time of one thread; the file is in the page cache for everyone; megabytes are those of the text.
"""

import io
import time
import warnings

import numpy as np
import pytest

from autodisco_kernels.dump import LammpsDump

N_ATOMS, N_FRAMES, BOX = 6440, 100, 40.735
COLUMNS = "id mol type mass q x y z ix iy iz".split()
SOME = ["id", "type", "x", "y", "z"]


@pytest.fixture(scope="module", params=["sorted", "shuffled"])
def dump(tmp_path_factory, request):
    """A file as LAMMPS writes it with its default format, six significant digits."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("dump") / "run.lammpstrj"
    kind = rng.integers(0, 5, N_ATOMS)
    masses = np.array(["12.0112", "1.00797", "15.9994", "14.0067", "6.94"])[kind]
    charges = np.array(["-0.32", "0.054", "-0.0533", "0.1217", "0.7"])[kind]
    with open(path, "w") as file:
        for step in range(N_FRAMES):
            file.write(f"ITEM: TIMESTEP\n{step * 1000}\nITEM: NUMBER OF ATOMS\n{N_ATOMS}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write(f"0.0000000000000000e+00 {BOX:.16e}\n" * 3 + f"ITEM: ATOMS {' '.join(COLUMNS)} \n")
            x, image = rng.random((N_ATOMS, 3)) * BOX, rng.integers(-2, 3, (N_ATOMS, 3))
            order = range(N_ATOMS) if request.param == "sorted" else rng.permutation(N_ATOMS)
            file.writelines(
                f"{k + 1} {k // 60 + 1} {k % 95 + 1} {masses[k]} {charges[k]} {x[k, 0]:g} {x[k, 1]:g} {x[k, 2]:g} "
                f"{image[k, 0]} {image[k, 1]} {image[k, 2]} \n"
                for k in order
            )
    return path


def read(path, columns, where):
    with open(path, "rb", buffering=0) as stream:
        for frame in LammpsDump(stream, columns):
            last = frame.values
    return last[:, where]


def with_numba(path):
    return read(path, None, slice(5, 8))


def with_numba_some_columns(path):
    return read(path, SOME, slice(2, 5))


def with_numba_one_column(path):
    return read(path, ["x"], slice(0, 1))


def with_mdanalysis(path):
    """Positions only, in single precision."""
    DumpReader = pytest.importorskip("MDAnalysis.coordinates.LAMMPS").DumpReader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with DumpReader(str(path)) as reader:
            for step in reader:
                positions = step.positions
    return positions


def tables(path):
    """The text of the atoms, frame after frame, for readers that know nothing of dumps."""
    with open(path, "rb") as stream:
        while stream.readline():
            for _ in range(8):
                stream.readline()
            yield io.BytesIO(b"".join(stream.readline() for _ in range(N_ATOMS)))


def with_pandas(path):
    pandas = pytest.importorskip("pandas")
    for text in tables(path):
        last = pandas.read_csv(text, sep=" ", header=None, usecols=range(11), dtype=np.float64).to_numpy()
    return last[np.argsort(last[:, 0]), 5:8]


def with_polars(path):
    polars = pytest.importorskip("polars")
    schema = dict.fromkeys([*COLUMNS, "end"], polars.Float64)
    for text in tables(path):
        last = polars.read_csv(text, separator=" ", has_header=False, schema=schema).to_numpy()
    return last[np.argsort(last[:, 0]), 5:8]


def with_numpy(path):
    for text in tables(path):
        last = np.loadtxt(text)
    return last[np.argsort(last[:, 0]), 5:8]


def raw_read(path):
    buffer = bytearray(1 << 18)
    with open(path, "rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


TOOLS = [
    with_numba,
    with_numba_some_columns,
    with_numba_one_column,
    with_mdanalysis,
    with_pandas,
    with_polars,
    with_numpy,
]


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", [*TOOLS, raw_read], ids=lambda f: f.__name__)
def test_dump(benchmark, dump, request, tool):
    kind = request.node.callspec.params["dump"]
    benchmark.group = f"text dump of {N_ATOMS} atoms, {kind}, {len(COLUMNS)} columns"
    benchmark.extra_info["megabytes"] = dump.stat().st_size / 1e6
    ours = tool.__name__.startswith("with_numba") or tool is raw_read
    found = benchmark.pedantic(tool, args=(dump,), rounds=7 if ours else 2, warmup_rounds=1 if ours else 0)
    if found is not None:
        np.testing.assert_allclose(found, with_numba(dump)[:, : found.shape[1]], atol=1e-5)
