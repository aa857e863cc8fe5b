"""Whether a series has come to rest: its last quarter against the one before, with an error from blocks.

Errors come from blocks because neighbouring values are alike (Flyvbjerg and Petersen, J. Chem. Phys. 1989, 91, 461).
"""

from collections.abc import Sequence

import numpy as np

from autodisco.analysis.trajectory import Floats

BLOCKS = 4  # per quarter
LEAST_VALUES = 4 * BLOCKS


def drift(values: Sequence[float] | Floats) -> tuple[float, float]:
    """Difference of the means of the last and the third quarter of `values`, and its standard error from blocks.

    Raises ValueError below `LEAST_VALUES` values.
    """
    quarter = len(values) // 4
    if quarter < BLOCKS:
        raise ValueError(f"{len(values)} values; at least {LEAST_VALUES} are needed")
    third, last = np.array(values[-2 * quarter : -quarter]), np.array(values[-quarter:])
    means = [[part.mean() for part in np.array_split(half, BLOCKS)] for half in (third, last)]
    error = np.sqrt(sum(np.var(m, ddof=1) / BLOCKS for m in means))
    return float(last.mean() - third.mean()), float(error)
