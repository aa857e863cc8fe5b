"""Values of single replicas that stand for a mean and a standard error, where a file gives no more."""

import math

from autodisco.analysis.quantity import Scale


def stand_ins(mean: float, sem: float | None, n: int, scale: Scale) -> list[float]:
    """Values of `n` replicas that have this mean and standard error, the highest first.

    They are distributed normally on a linear scale, and log-normally on a logarithmic one, where no value is below
    zero: this caps the error at the mean, the most that values above zero can have. For two replicas they are the very
    values. Without an error it is one value, whatever `n`: nothing says that replicas agreed.
    """
    if n < 2 or sem is None:
        return [mean]
    import statistics  # takes long to import, and few labels need it

    if scale.floor is None:
        scores = [statistics.NormalDist().inv_cdf((n - k - 0.5) / n) for k in range(n)]
        return [mean + sem * math.sqrt(n) * score / statistics.stdev(scores) for score in scores]
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
