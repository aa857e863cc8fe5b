"""Mean-squared displacement over all lags and origins, averaged over the ions, against the usual programs.

CPU time of one thread, float64 where the tool can; all results are checked to be the same. For the larger size the
extra memory of ours is measured too, in a process of its own.
"""

import subprocess
import sys
import time

import numpy as np
import pytest

from autodisco_kernels import msd

SIZES = {(100, 5000): 5, (1000, 20000): 2}  # ions, frames: rounds

# The high-water mark of a process counts what compiled code and libraries allocate, which Python's own tracing misses.
# That of getrusage would begin with the parent's. The first call compiles.
PEAK = """
import numpy as np
from autodisco_kernels import msd

def peak():
    return next(int(line.split()[1]) / 1000 for line in open("/proc/self/status") if line.startswith("VmHWM"))

x = np.random.default_rng(0).normal(size=({1}, {0}, 3))
np.cumsum(x, axis=0, out=x)
msd(x[:50].copy())
before = peak()
msd(x)
print(peak() - before)
"""


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: "{} ions x {} frames".format(*size))
def walk(request):
    """Random walks (F, n, 3) and the curve they should give."""
    n, n_frames = request.param
    x = np.random.default_rng(0).normal(size=(n_frames, n, 3))
    np.cumsum(x, axis=0, out=x)
    return x, msd(x)


def with_numba(positions):
    return msd(positions)


def with_tidynamics(positions):
    tidynamics = pytest.importorskip("tidynamics")
    return np.mean([tidynamics.msd(positions[:, k]) for k in range(positions.shape[1])], axis=0)


def with_mdanalysis(positions):
    """In memory, so that no reading is timed; the universe itself costs little."""
    MDAnalysis = pytest.importorskip("MDAnalysis")
    from MDAnalysis.analysis.msd import EinsteinMSD

    universe = MDAnalysis.Universe.empty(positions.shape[1], trajectory=True)
    universe.load_new(positions.astype(np.float32), order="fac")
    return EinsteinMSD(universe, fft=True).run().results.timeseries


@pytest.mark.bench
@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("tool", [with_numba, with_tidynamics, with_mdanalysis], ids=lambda f: f.__name__)
def test_msd(benchmark, walk, tool):
    positions, expected = walk
    n_frames, n = positions.shape[:2]
    benchmark.group = f"displacement of {n} ions, {n_frames} frames"
    curve = benchmark.pedantic(tool, args=(positions,), rounds=SIZES[n, n_frames], warmup_rounds=1)
    if tool is with_numba and (n, n_frames) == max(SIZES):
        run = [sys.executable, "-c", PEAK.format(n, n_frames)]
        extra = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
        benchmark.extra_info["extra_memory_MB"] = extra
        assert extra < 250
    np.testing.assert_allclose(curve[1:], expected[1:], rtol=1e-5)
