"""Compiled kernels for ion transport on plain arrays: contacts, ion clusters, mean-squared displacements.

Depends on numpy and numba only and knows nothing of files or of autodisco. Lengths are in Å, arrays are
(frames, particles, 3); frames may be shared among threads because the compiled loops release the GIL.
"""

from autodisco_kernels.clusters import Population, clusters_from_contacts, ion_clusters, populations
from autodisco_kernels.displacements import end_to_end_msd, msd
from autodisco_kernels.neighbours import Contacts, contacts

__all__ = [
    "Contacts",
    "Population",
    "clusters_from_contacts",
    "contacts",
    "end_to_end_msd",
    "ion_clusters",
    "msd",
    "populations",
]
