"""Ion clusters: cations and whole anions that touch, directly or through others, in one frame.

An anion is one unit however many of its atoms coordinate, so union-find runs over ions rather than atoms.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from autodisco_kernels.neighbours import Contacts, Floats, Ints, contacts


@dataclass(frozen=True)
class Population:
    """The non-zero elements of the population matrix α_ij, which has no size limit this way.

    Attributes
    ----------
    cations, anions : int64 (n,)
        Numbers i of cations and j of anions in a kind of cluster, sorted by i, then j.
    mean : float64 (n,)
        α_ij, the mean number of such clusters per frame.
    """

    cations: np.ndarray
    anions: np.ndarray
    mean: Floats

    def matrix(self) -> Floats:
        """α as a dense matrix, just large enough for the largest cluster."""
        dense = np.zeros((int(self.cations.max(initial=0)) + 1, int(self.anions.max(initial=0)) + 1))
        dense[self.cations, self.anions] = self.mean
        return dense


def ion_clusters(
    cations: ArrayLike,
    anion_atoms: ArrayLike,
    anion_of: ArrayLike,
    box: ArrayLike,
    cutoff: float,
    threads: int = 1,
) -> Ints:
    """Cluster label of every ion in every frame.

    Two ions are joined when the cation lies within `cutoff` of a coordinating atom of the anion
    (France-Lanord & Grossman, Phys. Rev. Lett. 2019, 122, 136001).

    Parameters
    ----------
    cations : (F, n_cations, 3), Å
    anion_atoms : (F, n_atoms, 3), Å
        The coordinating atoms of all anions; a monatomic anion is its own coordinating atom.
    anion_of : (n_atoms,) integers
        Which anion, 0 … n_anions - 1, each of these atoms belongs to.
    box, cutoff, threads : as in `contacts`

    Returns
    -------
    int32 (F, n_cations + n_anions)
        Cations first; the label is the lowest index among the ions of the cluster.

    Raises
    ------
    ValueError
        As `contacts`, and when `anion_of` does not number the anions from 0 without a gap.
    """
    found = contacts(cations, anion_atoms, box, cutoff, threads)
    return clusters_from_contacts(found, np.shape(cations)[-2], anion_of)


def clusters_from_contacts(found: Contacts, n_cations: int, anion_of: ArrayLike) -> Ints:
    """`ion_clusters` from contacts (cation, anion atom) that are already known; same result and errors."""
    owner = np.ascontiguousarray(anion_of, dtype=np.int32)
    n_anions = int(owner.max(initial=-1)) + 1
    if owner.ndim != 1 or len(np.unique(owner)) != n_anions or owner.min(initial=0) < 0:
        raise ValueError("anion_of does not number the anions from 0 without a gap")
    if len(found.others) and (found.others.max() >= len(owner) or found.points.max() >= n_cations):
        raise ValueError("contacts name atoms that anion_of or n_cations does not cover")
    return _join(found.points, found.others, found.frames, owner, n_cations, n_anions)


def populations(labels: ArrayLike, n_cations: int) -> Population:
    """Population matrix from the labels of `ion_clusters` (F, n_ions), averaged over the frames."""
    given = np.asarray(labels, dtype=np.int64)
    n_frames, n_ions = given.shape
    keys = given + np.arange(n_frames)[:, None] * n_ions
    i = np.bincount(keys[:, :n_cations].ravel(), minlength=n_frames * n_ions)
    j = np.bincount(keys[:, n_cations:].ravel(), minlength=n_frames * n_ions)
    kinds, counts = np.unique((i * (n_ions + 1) + j)[(i + j) > 0], return_counts=True)
    return Population(kinds // (n_ions + 1), kinds % (n_ions + 1), counts / n_frames)


@njit(cache=True, nogil=True)
def _root(parent, i):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def _join(points, others, frames, owner, n_cations, n_anions):  # type: ignore[no-untyped-def]
    n_frames, n_ions = len(frames) - 1, n_cations + n_anions
    labels = np.empty((n_frames, n_ions), np.int32)
    for frame in range(n_frames):
        parent = labels[frame]
        for i in range(n_ions):
            parent[i] = i
        for k in range(frames[frame], frames[frame + 1]):
            a = _root(parent, points[k])
            b = _root(parent, n_cations + owner[others[k]])
            # The lower index wins, so that labels do not depend on the order of the contacts.
            if a < b:
                parent[b] = a
            elif b < a:
                parent[a] = b
        # Parents point downwards, hence one pass in order reaches every root.
        for i in range(n_ions):
            parent[i] = parent[parent[i]]
    return labels
