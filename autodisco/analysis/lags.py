"""Lags at which curves over time are evaluated."""

import numpy as np

from autodisco.arrays import Indices


def spread_lags(n_frames: int, n: int = 40) -> Indices:
    """About `n` lags from 1 to half the run, in frames, evenly spread over its decades; none for a single frame."""
    last = max(1, n_frames // 2)
    return np.unique(np.geomspace(1, last, n).round().astype(np.int64)) if n_frames > 1 else np.zeros(0, np.int64)
