"""Radial distribution functions and running coordination numbers, accumulated over frames of any box."""

import numpy as np
from numpy.typing import ArrayLike

from autodisco_kernels.cells import Floats, as_cells
from autodisco_kernels.neighbours import Contacts, contacts


class RadialDistribution:
    """g(r) of one set of points about another, accumulated over chunks of frames.

    ``g(r) = ⟨V n(r)⟩ / (N M v(r))`` with n(r) the pairs in a shell, v(r) its volume and V the volume of each frame, so
    that boxes may change. A uniform gas gives 1 at every distance, beyond half the box as well: all images count.

    Parameters
    ----------
    n_points, n_others : sizes of the two sets
    r_max : Å
    bins : number of shells of equal thickness
    same : whether both sets are the same points; a point is then no neighbour of itself
    groups : (n_points,), group 0, 1, … of each point, for errors; without them there is no error
    """

    def __init__(
        self,
        n_points: int,
        n_others: int,
        r_max: float,
        bins: int = 200,
        same: bool = False,
        groups: ArrayLike | None = None,
    ) -> None:
        if not (r_max > 0 and bins > 0):
            raise ValueError(f"r_max {r_max} and bins {bins}; positive values expected")
        self.edges: Floats = np.linspace(0.0, r_max, bins + 1)
        self.n_frames = 0
        self._n_points, self._n_others, self._same = n_points, n_others, same
        self._group = np.zeros(n_points, np.int64) if groups is None else np.asarray(groups, dtype=np.int64)
        if self._group.shape != (n_points,) or (self._group < 0).any():
            raise ValueError(f"groups has shape {self._group.shape}; ({n_points},) whole numbers from 0 expected")
        self._sizes = np.bincount(self._group, minlength=1)
        self._pairs = np.zeros(bins)
        self._weighted = np.zeros((len(self._sizes), bins))

    def add(self, found: Contacts, box: ArrayLike) -> None:
        """Count contacts that reach to at least r_max, in the box (as for `contacts`) they were found in."""
        kept = found.distances < self.edges[-1]
        if self._same:
            kept &= (found.points != found.others) | (found.distances > 0)
        bins = len(self._pairs)
        shell = np.minimum((found.distances[kept] / self.edges[1]).astype(np.int64), bins - 1)
        volumes = np.abs(np.linalg.det(as_cells(box, found.n_frames)))
        self._pairs += np.bincount(shell, minlength=bins)
        place = self._group[found.points[kept]] * bins + shell
        weights = np.repeat(volumes, np.diff(found.frames))[kept]
        self._weighted += np.bincount(place, weights, minlength=self._weighted.size).reshape(self._weighted.shape)
        self.n_frames += found.n_frames

    @property
    def r(self) -> Floats:
        """Middle of each shell, Å."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def g(self) -> Floats:
        """g(r) in each shell, (bins,); zero without any pair of points."""
        return self._weighted.sum(axis=0) / self._ideal(self._n_points)

    @property
    def g_sem(self) -> Floats | None:
        """Standard error of g(r), (bins,), from the spread over groups of points of like size; None below two."""
        n = len(self._sizes)
        if n < 2 or not self._sizes.all():
            return None
        each = self._weighted / np.array([self._ideal(int(size)) for size in self._sizes])
        return np.asarray(each.std(axis=0, ddof=1) / np.sqrt(n))

    def _ideal(self, n_points: int) -> Floats:
        """What `n_points` points would count in an ideal gas of unit volume."""
        pairs = n_points * (self._n_others - self._same) * self.n_frames
        return np.asarray(max(pairs, 1) * 4 / 3 * np.pi * np.diff(self.edges**3))

    @property
    def coordination(self) -> Floats:
        """Mean number of others within the outer edge of each shell of a point, (bins,)."""
        return np.cumsum(self._pairs) / max(self._n_points * self.n_frames, 1)


def radial_distribution(
    points: ArrayLike,
    others: ArrayLike,
    box: ArrayLike,
    r_max: float,
    bins: int = 200,
    same: bool = False,
    threads: int = 1,
) -> RadialDistribution:
    """`RadialDistribution` of (F, m, 3) about (F, n, 3) in one call; arguments and errors as `contacts`."""
    result = RadialDistribution(np.shape(points)[-2], np.shape(others)[-2], r_max, bins, same)
    result.add(contacts(points, others, box, r_max, threads), box)
    return result
