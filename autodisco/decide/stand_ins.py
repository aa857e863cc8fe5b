"""Values of single replicas that stand for a mean and a standard error, where a file gives no more."""

import math
import statistics


def stand_ins(mean: float, sem: float | None, n: int) -> list[float]:
    """Replica values (S/cm), log-normal about their middle, that have this mean and standard error; the highest first.

    For two replicas these are the very ones. No value is below zero, which caps the error at the mean, the most that
    values above zero can have. Without an error it is one value, whatever `n`: nothing says that replicas agreed.
    """
    if n < 2 or sem is None:
        return [mean]
    if sem >= mean:
        return [n * mean, *[0.0] * (n - 1)]
    scores = [statistics.NormalDist().inv_cdf((n - k - 0.5) / n) for k in range(n)]
    low, high, values = 0.0, 50.0, [mean] * n
    for _ in range(60):  # halves until the width of the distribution is that of the error
        width = (low + high) / 2
        shape = [math.exp(width * (score - scores[0])) for score in scores]
        values = [mean * one * n / sum(shape) for one in shape]
        if statistics.stdev(values) / math.sqrt(n) < sem:
            low = width
        else:
            high = width
    return values
