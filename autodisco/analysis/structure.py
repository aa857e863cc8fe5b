"""What observations say about composition and clusters, the same in every mode."""

import numpy as np

from autodisco.analysis.observe import Observations
from autodisco.analysis.statistics import Floats, series_error
from autodisco_kernels import Population

AVOGADRO = 6.02214076e23
CM3_PER_A3 = 1e-24
LEAST_DENSITY, MOST_DENSITY = 0.1, 8.0  # g/cm³


def free_cations(population: Population, seen: Observations) -> float:
    """Share of the cations that touch no anion."""
    positive = np.array([kind.charge > 0 for kind in seen.trajectory.who.species])
    alone = population.counts[:, ~positive].sum(axis=1) == 0
    n_cations = sum(kind.n for kind in seen.trajectory.who.cations)
    return float(population.counts[alone][:, positive].sum(axis=1) @ population.mean[alone]) / n_cations


def population_table(population: Population) -> dict[str, float]:
    """``"i,j"`` to α_ij, as plain types; one number per species."""
    return {
        ",".join(map(str, kind)): float(alpha)
        for kind, alpha in zip(population.counts.tolist(), population.mean, strict=True)
    }


def population_errors(blocks: list[Population]) -> dict[str, float | None] | None:
    """Standard error of every α_ij from the populations of consecutive blocks of time.

    None below two blocks, and for each where its blocks are too few or too alike (`series_error`).
    """
    if len(blocks) < 2:
        return None
    tables = [population_table(block) for block in blocks]
    names = sorted({name for table in tables for name in table})
    return {name: series_error([table.get(name, 0.0) for table in tables]) for name in names}


def densities(masses: Floats, volumes: Floats) -> Floats:
    """Densities in g/cm³ of atoms of these masses (n,), g/mol, at volumes (m,) in Å³."""
    return masses.sum() / AVOGADRO / (volumes * CM3_PER_A3)


def density(seen: Observations, volume: float) -> float:
    """Density in g/cm³ at a volume in Å³."""
    return float(densities(seen.trajectory.who.masses, np.array([volume]))[0])


def molality(seen: Observations) -> float | None:
    """Cations in mol per kg of polymer or solvent, None without any."""
    mass = seen.trajectory.matrix_mass or seen.trajectory.who.matrix_mass
    return 1000 * sum(kind.n for kind in seen.trajectory.who.cations) / mass if mass > 0 else None


def remarks(seen: Observations) -> list[str]:
    """What the readers said, and a density that no electrolyte has, for the warnings of every mode."""
    value = density(seen, seen.volume)
    strange = not LEAST_DENSITY <= value <= MOST_DENSITY
    return [
        *seen.trajectory.notes,
        *(
            [f"a density of {value:.3g} g/cm³: are lengths in Å, and is this the box of these atoms?"]
            if strange
            else []
        ),
    ]
