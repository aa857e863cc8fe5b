"""A periodic box that fills up: places for rigid molecules, and how near a place is to what is there."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from autodisco.analysis.units import AVOGADRO
from autodisco.arrays import Floats

Bools = NDArray[np.bool_]

AVOGADRO_A3 = 1e-24 * AVOGADRO  # g/mol/Å³ of 1 g/cm³
HEAVY, HEAVY_HYDROGEN, HYDROGEN = 2.4, 1.9, 1.5  # least distances in Å between atoms not bound to each other
TRIES = 5000


def edge_of(mass: float, density_g_per_cm3: float) -> float:
    """Edge (Å) of a cube that holds `mass` (g/mol)."""
    return float((mass / (density_g_per_cm3 * AVOGADRO_A3)) ** (1 / 3))


class Space:
    """Atoms placed so far in a cubic periodic box."""

    def __init__(self, edge: float):
        self.edge = edge
        self._positions = np.zeros((0, 3))
        self._heavy = np.zeros(0, dtype=bool)
        self._tree: cKDTree | None = None

    def add(self, positions: Floats, heavy: Bools) -> None:
        self._positions = np.concatenate([self._positions, positions])
        self._heavy = np.concatenate([self._heavy, heavy])
        self._tree = cKDTree(np.mod(self._positions, self.edge) % self.edge, boxsize=self.edge)

    def clearance(self, positions: Floats, heavy: Bools) -> float:
        """Least distance to anything placed, as a share of the least distance allowed; at most 1."""
        if self._tree is None:
            return 1.0
        near = self._tree.query_ball_point(np.mod(positions, self.edge) % self.edge, HEAVY)
        others = sorted({j for group in near for j in group})
        return self.between(positions, heavy, self._positions[others], self._heavy[others])

    def between(
        self, first: Floats, first_heavy: Bools, second: Floats, second_heavy: Bools, scale: float = 1.0
    ) -> float:
        """The same between two sets of atoms, with the least distances multiplied by `scale`."""
        return float(self.between_each(first[None], first_heavy, second, second_heavy, scale)[0])

    def between_each(
        self,
        first: Floats,
        first_heavy: Bools,
        second: Floats,
        second_heavy: Bools,
        scale: float = 1.0,
        bound: Bools | None = None,
    ) -> Floats:
        """The same for each of m places (m, n, 3) of the first set, shape (m,); pairs that are `bound` do not count."""
        if not first.shape[1] or not len(second):
            return np.ones(len(first))
        distance = first[:, :, None] - second
        distance -= self.edge * np.round(distance / self.edge)
        both, either = first_heavy[:, None] & second_heavy[None], first_heavy[:, None] | second_heavy[None]
        limit = np.where(both, HEAVY, np.where(either, HEAVY_HYDROGEN, HYDROGEN)) * scale
        ratio = np.einsum("mijk,mijk->mij", distance, distance) / limit**2
        if bound is not None:
            ratio[:, bound] = 1.0
        return np.minimum(1.0, np.sqrt(ratio.min(axis=(1, 2))))


def anywhere(positions: Floats, space: Space, rng: np.random.Generator) -> Floats:
    """`positions` (n, 3) turned at random and put anywhere in the box."""
    return Rotation.random(rng=rng).apply(positions - np.nanmean(positions, axis=0)) + rng.random(3) * space.edge


def insert(template: Floats, heavy: Bools, space: Space, rng: np.random.Generator) -> Floats | None:
    """A rigid molecule where it clashes with nothing, or None when all tries failed."""
    for _ in range(TRIES):
        x = anywhere(template, space, rng)
        if space.clearance(x, heavy) == 1.0:
            return x
    return None
