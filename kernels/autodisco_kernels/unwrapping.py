"""Particles followed across periodic boundaries, in cells that may change, and freed from the drift of the whole."""

import itertools

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels.cells import Floats, as_cells, as_positions


class Unwrapper:
    """Unwraps a trajectory chunk by chunk; the chunks together equal one call of `unwrap`.

    Parameters
    ----------
    continuous : bool
        Whether whole cells have been added to the positions already, as programs that count images do. They are then
        kept as they are, however far a particle moves between two frames.

    Notes
    -----
    In a constant cell, a displacement is that to the nearest image. From a cell ``h`` to another cell ``h'`` it is
    ``Δs (h + h') / 2`` with ``Δs`` the change of the fractional position, to the nearest image: the motion relative to
    the cell, without the dilation that a barostat gives to all positions (the velocity ``p / m`` of Martyna, Tobias
    and Klein, J. Chem. Phys. 1994, 101, 4177). The result depends neither on the origin of the cell, but for a motion
    of the whole, nor on which image of a particle a frame holds. Schemes that subtract positions in Å do depend on
    both: a particle that hovers at a face, or has travelled far, then diffuses by the breathing of the cell alone
    (von Bülow, Bullerjahn and Hummer, J. Chem. Phys. 2020, 153, 021101, on whole images of the present cell).
    """

    def __init__(self, continuous: bool = False) -> None:
        self._continuous = continuous
        self._wrapped: Floats | None = None
        self._shift = np.zeros((0, 3))
        self._cell = np.zeros((3, 3))

    def next(self, wrapped: ArrayLike, box: ArrayLike) -> Floats:
        """Unwrapped positions of the frames that follow; arguments and result as for `unwrap`.

        Raises ValueError also if the number of particles is not that of the chunks before.
        """
        given = as_positions(wrapped, "wrapped")
        cells = as_cells(box, len(given))
        if len(given) == 0:
            return given
        if self._wrapped is None:
            self._wrapped, self._shift, self._cell = given[0].copy(), np.zeros_like(given[0]), cells[0].copy()
        if self._wrapped.shape != given[0].shape:
            raise ValueError(f"wrapped has {given.shape[1]} particles; {len(self._wrapped)} in the chunks before")
        result = np.empty_like(given)
        changes = np.flatnonzero((cells != np.concatenate([self._cell[None], cells[:-1]])).any(axis=(1, 2)))
        edges = np.unique([0, *changes, *(changes + 1), len(cells)])
        for low, high in itertools.pairwise(edges):
            part = given[low:high]
            if (cells[low] != self._cell).any():
                self._change_cell(part[0], cells[low])
                result[low] = part[0] + self._shift
            elif self._continuous:
                result[low:high] = part + self._shift
                self._wrapped = part[-1].copy()
            else:
                result[low:high] = _follow(part, self._cell, np.linalg.inv(self._cell), self._wrapped, self._shift)
        return result

    def _change_cell(self, x: Floats, cell: Floats) -> None:
        assert self._wrapped is not None
        # A skewed cell may have been flipped: other vectors, the same lattice.
        lattice = np.rint(cell @ np.linalg.inv(self._cell))
        before = lattice @ self._cell if abs(abs(np.linalg.det(lattice)) - 1) < 1e-6 else self._cell
        step = x @ np.linalg.inv(cell) - self._wrapped @ np.linalg.inv(before)
        if not self._continuous:
            step -= np.rint(step)
        self._shift += step @ ((cell + before) / 2) - (x - self._wrapped)
        self._cell, self._wrapped = cell.copy(), x.copy()


def unwrap(wrapped: ArrayLike, box: ArrayLike) -> Floats:
    """Continuous positions from wrapped ones; the first frame is kept as it is.

    Parameters
    ----------
    wrapped : (F, n, 3), Å
        With any origin of the cell. Between two frames a particle has to move by less than half the narrowest width
        of the cell (the distance between two opposite faces); one that moves further cannot be told from its image.
    box : see `as_cells`
        Orthorhombic or triclinic, constant or one per frame, Å.

    Returns
    -------
    float64 (F, n, 3), Å

    Raises
    ------
    ValueError
        For shapes that do not fit together, or coordinates that are not finite.

    Notes
    -----
    See `Unwrapper` for the method, and for trajectories that do not fit into memory.
    """
    return Unwrapper().next(wrapped, box)


def without_drift(positions: ArrayLike, masses: ArrayLike) -> Floats:
    """Positions relative to the centre of mass of their frame.

    Parameters
    ----------
    positions : (F, n, 3), Å
        Unwrapped, of all particles of the system.
    masses : (n,), any unit

    Returns
    -------
    float64 (F, n, 3), Å

    Raises
    ------
    ValueError
        For masses that do not fit the positions, are negative or add up to nothing.
    """
    given = as_positions(positions, "positions")
    weights = np.asarray(masses, dtype=np.float64)
    if weights.shape != (given.shape[1],):
        raise ValueError(f"masses has shape {weights.shape}; ({given.shape[1]},) expected")
    if not ((weights >= 0).all() and 0 < weights.sum() < np.inf):
        raise ValueError("masses hold a negative or infinite value, or nothing but zeros")
    return given - np.einsum("fnk,n->fk", given, weights / weights.sum())[:, None]


@njit(cache=True, nogil=True)
def _follow(wrapped, cell, inverse, last, shift):
    """Unwrap frames of one cell; `last` and `shift`, what to add to a wrapped position, are carried on."""
    result = np.empty_like(wrapped)
    for t in range(wrapped.shape[0]):
        for i in range(wrapped.shape[1]):
            dx = wrapped[t, i, 0] - last[i, 0]
            dy = wrapped[t, i, 1] - last[i, 1]
            dz = wrapped[t, i, 2] - last[i, 2]
            for k in range(3):
                image = np.floor(dx * inverse[0, k] + dy * inverse[1, k] + dz * inverse[2, k] + 0.5)
                # The shift changes at a crossing alone, so that rounding does not add up over the frames.
                if image != 0.0:
                    shift[i, 0] -= image * cell[k, 0]
                    shift[i, 1] -= image * cell[k, 1]
                    shift[i, 2] -= image * cell[k, 2]
            for k in range(3):
                last[i, k] = wrapped[t, i, k]
                result[t, i, k] = wrapped[t, i, k] + shift[i, k]
    return result
