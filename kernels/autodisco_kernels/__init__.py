"""Compiled kernels for ion transport on plain arrays: clusters, contacts, displacements, lifetimes, conductivities.

Depends on numpy and numba only and knows nothing of files or of autodisco, except that it parses LAMMPS text dumps.
Lengths are in Å, arrays are (frames, particles, 3); frames may be shared among threads because the compiled loops
release the GIL, and no result depends on how many there are.
"""

from autodisco_kernels.clusters import Population, ion_clusters, populations
from autodisco_kernels.conductivity import (
    CM2_PER_S_PER_A2_PER_PS,
    CM3_PER_A3,
    Units,
    cluster_nernst_einstein,
    einstein,
    nernst_einstein,
)
from autodisco_kernels.displacements import (
    DisplacementSum,
    cross_displacement,
    displacement_moments,
    end_to_end_msd,
    msd,
    non_gaussian,
    non_gaussian_from_moments,
)
from autodisco_kernels.distributions import RadialDistribution, radial_distribution
from autodisco_kernels.dump import (
    DumpFrame,
    LammpsDump,
    is_unwrapped,
    position_columns,
    positions,
    text_column,
)
from autodisco_kernels.dump_header import BrokenOff
from autodisco_kernels.lifetimes import SpellRecorder, Spells, cluster_names, once_per_frame
from autodisco_kernels.neighbours import Contacts, contacts
from autodisco_kernels.unwrapping import Unwrapper, unwrap, without_drift

__all__ = [
    "CM2_PER_S_PER_A2_PER_PS",
    "CM3_PER_A3",
    "BrokenOff",
    "Contacts",
    "DisplacementSum",
    "DumpFrame",
    "LammpsDump",
    "Population",
    "RadialDistribution",
    "SpellRecorder",
    "Spells",
    "Units",
    "Unwrapper",
    "cluster_names",
    "cluster_nernst_einstein",
    "contacts",
    "cross_displacement",
    "displacement_moments",
    "einstein",
    "end_to_end_msd",
    "ion_clusters",
    "is_unwrapped",
    "msd",
    "nernst_einstein",
    "non_gaussian",
    "non_gaussian_from_moments",
    "once_per_frame",
    "populations",
    "position_columns",
    "positions",
    "radial_distribution",
    "text_column",
    "unwrap",
    "without_drift",
]
