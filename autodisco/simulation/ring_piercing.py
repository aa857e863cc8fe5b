"""Bonds that pass through rings. Molecular dynamics at usual temperatures does not remove them."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

LONGEST_BOND = 2.5  # Å


def pierced_rings(
    rings: list[tuple[int, ...]], bonds: NDArray[np.int64], positions: NDArray[np.float64], box: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """Pairs (ring, bond) of which the bond crosses the surface spanned between the ring's atoms and their centre.

    `rings` are atom indices in order, `bonds` (b, 2), `positions` (n, 3) unwrapped, `box` (3,) the periodic edges, Å.
    Bonds that begin or end at the ring do not count.
    """
    if not rings:
        return []
    middles = positions[bonds].mean(axis=1)
    tree = cKDTree(np.mod(middles, box) % box, boxsize=box)
    found = []
    for number, ring in enumerate(rings):
        corners = positions[list(ring)]
        centre = corners.mean(axis=0)
        corners = corners - centre
        reach = np.linalg.norm(corners, axis=1).max() + LONGEST_BOND / 2
        near = np.array(tree.query_ball_point(np.mod(centre, box) % box, reach), dtype=np.int64)
        near = near[~np.isin(bonds[near], ring).any(axis=1)]
        if not len(near):
            continue
        shift = middles[near] - centre
        shift -= box * np.round(shift / box)
        ends = positions[bonds[near]] - middles[near][:, None] + shift[:, None]
        crossing = _crosses(ends[:, 0], ends[:, 1], corners, np.roll(corners, -1, axis=0))
        found += [(number, int(bond)) for bond in near[crossing]]
    return found


def _crosses(
    begin: NDArray[np.float64], end: NDArray[np.float64], second: NDArray[np.float64], third: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which segments (b, 3) cross any of the triangles (t, 3) between the origin and two corners."""
    along = (end - begin)[:, None]
    normal = np.cross(along, third)  # (b, t, 3)
    determinant = np.einsum("tk,btk->bt", second, normal)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.einsum("bk,btk->bt", begin, normal) / determinant
        across = np.cross(begin[:, None], second)
        v = np.einsum("bok,btk->bt", along, across) / determinant
        t = np.einsum("tk,btk->bt", third, across) / determinant
        inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= 0) & (t <= 1)
    return np.asarray((inside & np.isfinite(determinant) & (determinant != 0)).any(axis=1))
