"""Two objectives at once: the front of what none surpasses in both, and the area that it dominates."""

import numpy as np

from autodisco.arrays import Floats


def front(points: Floats) -> Floats:
    """The points that no other surpasses in both coordinates, by falling first coordinate; (n, 2) to (k, 2)."""
    order = points[np.lexsort((-points[:, 1], -points[:, 0]))]
    below = np.maximum.accumulate(np.concatenate([[-np.inf], order[:-1, 1]]))
    return order[order[:, 1] > below]


def hypervolume(points: Floats, origin: Floats) -> float:
    """The area between `origin` and the front of `points`; points below the origin in a coordinate add none."""
    above = points[(points > origin).all(axis=1)]
    if not len(above):
        return 0.0
    edge = front(above)
    heights = np.diff(np.concatenate([[origin[1]], edge[:, 1]]))
    return float(((edge[:, 0] - origin[0]) * heights).sum())


def improvements(points: Floats, edge: Floats, origin: Floats) -> Floats:
    """By how much each of `points` (n, 2) would enlarge the hypervolume of the front `edge` (k, 2); shape (n,).

    Along the first coordinate the front is a staircase: between the coordinates of two of its points it is as high as
    the one that lies further. What a point adds is, for each stair, the width below it times the height above.
    """
    stairs = edge[(edge > origin).all(axis=1)][::-1]  # by rising first coordinate, so that heights fall
    begins = np.concatenate([[origin[0]], stairs[:, 0]])
    ends = np.concatenate([stairs[:, 0], [np.inf]])
    heights = np.concatenate([stairs[:, 1], [origin[1]]])
    widths = np.maximum(np.minimum(points[:, :1], ends) - begins, 0.0)
    added: Floats = (widths * np.maximum(points[:, 1:] - heights, 0.0)).sum(axis=1)
    return added
