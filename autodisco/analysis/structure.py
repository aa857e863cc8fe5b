"""Who touches whom: clusters, free cations and coordination numbers, the same in every mode."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.trajectory import IonTrajectory
from autodisco_kernels import Population, clusters_from_contacts, contacts, populations

CLUSTER_CUTOFF = 3.4
COORDINATION_CUTOFF = 2.8


@dataclass(frozen=True)
class Structure:
    """Cluster labels (F, n_ions), the population over all frames, and mean neighbours of a cation within 2.8 Å."""

    labels: NDArray[np.int32]
    n_cations: int
    population: Population
    polymer_coordination: float
    anion_coordination: float

    def blocks(self, n_blocks: int) -> list[Population]:
        """Populations of consecutive blocks of frames of (nearly) equal length."""
        return [populations(part, self.n_cations) for part in np.array_split(self.labels, n_blocks)]


def structure(trajectory: IonTrajectory) -> Structure:
    """Ions are one cluster when a cation lies within 3.4 Å of a coordinating atom of an anion."""
    t = trajectory
    n_cations = t.cations.shape[1]
    anion_atoms = contacts(t.cations, t.anion_atoms, t.cells, CLUSTER_CUTOFF)
    labels = clusters_from_contacts(anion_atoms, n_cations, t.anion_of)
    polymer = contacts(t.cations, t.polymer_atoms, t.cells, COORDINATION_CUTOFF) if t.polymer_coordinates else None
    seen = t.n_frames * n_cations
    return Structure(
        labels=labels,
        n_cations=n_cations,
        population=populations(labels, n_cations),
        polymer_coordination=len(polymer.points) / seen if polymer else 0.0,
        anion_coordination=int(np.sum(anion_atoms.distances <= COORDINATION_CUTOFF)) / seen,
    )


def free_cations(population: Population, n_cations: int) -> float:
    """Share of the cations that touch no anion."""
    alone = (population.cations == 1) & (population.anions == 0)
    return float(population.mean[alone].sum()) / n_cations


def population_table(population: Population) -> dict[str, float]:
    """``"i,j"`` to α_ij, as plain types."""
    kinds = zip(population.cations, population.anions, population.mean, strict=True)
    return {f"{i},{j}": float(alpha) for i, j, alpha in kinds}
