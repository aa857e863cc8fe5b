"""Reading a LAMMPS text dump into float64, all columns or a few, against the readers one would otherwise pick.

The limit is copying the file out of the page cache (``raw read``), some ten times the speed at which numbers can be
made of text. CPU time of one thread; the file is in the page cache for everyone.
"""

import io
import time
import warnings

import numpy as np
import pytest

from autodisco_kernels import LammpsDump

ATOMS, FRAMES = 6440, 60
COLUMNS = "id mol type mass q x y z ix iy iz"


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """A file such as LAMMPS writes with its default format, six significant digits."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("dump") / "run.lammpstrj"
    box = 40.735
    masses = rng.choice([12.0112, 1.00797, 15.9994, 14.0067], ATOMS)
    charges = rng.choice([-0.32, 0.054, 0.053, 0.0], ATOMS)
    with open(path, "w") as file:
        for frame in range(FRAMES):
            file.write(f"ITEM: TIMESTEP\n{frame * 1000}\nITEM: NUMBER OF ATOMS\n{ATOMS}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write(f"0.0 {box}\n" * 3 + f"ITEM: ATOMS {COLUMNS} \n")
            x, image = rng.random((ATOMS, 3)) * box, rng.integers(-2, 3, (ATOMS, 3))
            for k in range(ATOMS):
                file.write(
                    f"{k + 1} {k // 60 + 1} {k % 95} {masses[k]:g} {charges[k]:g} "
                    f"{x[k, 0]:g} {x[k, 1]:g} {x[k, 2]:g} {image[k, 0]} {image[k, 1]} {image[k, 2]} \n"
                )
    return path


def with_numba(path):
    with open(path, "rb", buffering=0) as stream:
        return [frame.values for frame in LammpsDump(stream)][-1][:, 5:8]


def with_numba_five_columns(path):
    with open(path, "rb", buffering=0) as stream:
        return [frame.values for frame in LammpsDump(stream, ["id", "type", "x", "y", "z"])][-1][:, 2:5]


def with_mdanalysis(path):
    from MDAnalysis.coordinates.LAMMPS import DumpReader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in DumpReader(str(path)):
            positions = step.positions
    return positions


def with_pandas(path):
    pandas = pytest.importorskip("pandas")
    for chunk in blocks(path):
        table = pandas.read_csv(io.BytesIO(chunk), sep=" ", header=None, index_col=False, usecols=range(11)).to_numpy(
            float
        )
    return table[:, 5:8]


def with_numpy(path):
    for chunk in blocks(path):
        table = np.loadtxt(io.BytesIO(chunk))
    return table[:, 5:8]


def blocks(path):
    """The rows of frame after frame, found by a search for the headers."""
    for part in path.read_bytes().split(b"ITEM: TIMESTEP")[1:]:
        yield part[part.index(b"\n", part.index(b"ITEM: ATOMS")) + 1 :]


def raw_read(path):
    buffer = bytearray(1 << 20)
    with open(path, "rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


TOOLS = [with_numba, with_numba_five_columns, with_mdanalysis, with_pandas, with_numpy, raw_read]


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", TOOLS, ids=lambda f: f.__name__)
def test_dump(benchmark, dump, tool):
    benchmark.group = f"text dump, {ATOMS} atoms, 11 columns"
    benchmark.extra_info["megabytes"] = dump.stat().st_size / 1e6
    last = benchmark.pedantic(tool, args=(dump,), rounds=3, warmup_rounds=1)
    if last is not None:
        np.testing.assert_allclose(last, with_numba(dump), atol=1e-5)
