"""Several objectives at once: which points none surpasses in all of them, and the volume that these dominate.

A point dominates another if it is at least as good in every objective and better in one. Larger is better throughout.
"""

import numpy as np

from autodisco.arrays import Bools, Floats, Indices


def front(points: Floats) -> Floats:
    """The points that no other dominates, by falling first coordinate and each once; (n, d) to (k, d)."""
    found: Floats = points[front_places(points)]
    return found


def front_places(points: Floats) -> Indices:
    """Places of these points, (n, d) to (k,)."""
    order: Indices = np.lexsort(-points.T[::-1])  # those that could dominate a point come before it
    if points.shape[1] == 2:
        second = points[order, 1]
        found: Indices = order[second > np.maximum.accumulate(np.concatenate([[-np.inf], second[:-1]]))]
        return found
    kept: list[int] = []
    for place in order.tolist():
        if not (points[kept] >= points[place]).all(axis=1).any():
            kept.append(place)
    return np.array(kept, dtype=np.int64)


def dominating(points: Floats, others: Floats) -> Bools:
    """Whether each of `points` (n, d) dominates each of `others` (m, d); shape (n, m)."""
    no_worse, better = np.ones((len(points), len(others)), dtype=bool), np.zeros((len(points), len(others)), dtype=bool)
    for mine, theirs in zip(points.T, others.T, strict=True):
        no_worse &= mine[:, None] >= theirs
        better |= mine[:, None] > theirs
    return no_worse & better


def ranks(points: Floats) -> Indices:
    """Number of the front of each point, (n, d) to (n,): 0 for what no point dominates, 1 for what only those of front
    0 dominate, and so on (Deb et al., IEEE Trans. Evol. Comput. 2002, 6, 182)."""
    n = len(points)
    dominates = dominating(points, points)
    left, found, open_ = dominates.sum(axis=0), np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    for number in range(n):
        if not open_.any():
            break
        now = open_ & (left == 0)
        found[now], open_ = number, open_ & ~now
        left = left - dominates[now].sum(axis=0)
    return found


def best_by_rank(points: Floats, most: int) -> Bools:
    """Which points are among the best `most`, (n, d) to (n,): those of every front before which fewer than `most`
    points lie. All of a front are, so that they may be more; with one objective they are the `most` largest."""
    found = ranks(points)
    sizes = np.bincount(found, minlength=1)
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    best: Bools = before[found] < most
    return best


def hypervolume(points: Floats, origin: Floats) -> float:
    """The volume between `origin` and the front of `points`, (n, d) with d of 2 or more; an area for two objectives.

    Points below the origin in a coordinate add none. More than two objectives are cut into slices along the last one.
    """
    above = points[(points > origin).all(axis=1)]
    if not len(above):
        return 0.0
    edge = front(above)
    if points.shape[1] == 2:
        heights = np.diff(np.concatenate([[origin[1]], edge[:, 1]]))
        return float(((edge[:, 0] - origin[0]) * heights).sum())
    edge = edge[np.argsort(-edge[:, -1], kind="stable")]
    depths = edge[:, -1] - np.concatenate([edge[1:, -1], origin[-1:]])
    slices = (hypervolume(edge[:n, :-1], origin[:-1]) for n in range(1, len(edge) + 1))
    return float(sum(depth * area for depth, area in zip(depths, slices, strict=True)))


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
