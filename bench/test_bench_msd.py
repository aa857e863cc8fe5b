"""Mean-squared displacement over all lags and origins, averaged over the ions, against the usual programs.

CPU time of one thread, float64 where the tool can; all results are checked to be the same.
"""

import time

import numpy as np
import pytest

from autodisco_kernels import msd

SIZES = {(100, 5000): 5, (1000, 5000): 3}  # ions, frames: rounds


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: "{} ions x {} frames".format(*size))
def walk(request):
    """Random walks (F, n, 3)."""
    n, n_frames = request.param
    return np.cumsum(np.random.default_rng(0).normal(size=(n_frames, n, 3)), axis=0)


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
    benchmark.group = f"displacement of {walk.shape[1]} ions, {walk.shape[0]} frames"
    curve = benchmark.pedantic(tool, args=(walk,), rounds=SIZES[walk.shape[1], walk.shape[0]], warmup_rounds=1)
    np.testing.assert_allclose(curve[1:], msd(walk)[1:], rtol=1e-5)
