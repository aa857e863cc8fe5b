"""Conductivity formulas, apart from how diffusivities and populations were measured.

Diffusivities are in cm²/s, volumes in Å³, conductivities in S/cm, charges in e.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from autodisco_kernels.cells import Floats
from autodisco_kernels.clusters import Population

CM3_PER_A3 = 1e-24
CM2_PER_S_PER_A2_PER_PS = 1e-4


@dataclass(frozen=True)
class Units:
    """Elementary charge in C and Boltzmann constant in J/K (exact SI values)."""

    e: float = 1.602176634e-19
    k_boltzmann: float = 1.380649e-23


SI = Units()


def nernst_einstein(
    ions: Sequence[tuple[int, float, float]], volume: float, temperature_k: float, units: Units = SI
) -> float:
    """Conductivity ``e²/(V k T) Σ N z² D`` of independent ions; (number N, charge z, diffusivity D) per species."""
    return _prefactor(volume, temperature_k, units) * sum(n * z**2 * d for n, z, d in ions)


def cluster_nernst_einstein(
    population: Population,
    charges: ArrayLike,
    diffusivities: ArrayLike,
    volume: float,
    temperature_k: float,
    largest: int | None = None,
    units: Units = SI,
) -> tuple[float, Floats | None]:
    """Conductivity and transference numbers of ion clusters that move as units.

    ``σ = e²/(V k T) Σ (i z₊ + j z₋)² α_ij D_ij`` and
    ``t₊ = Σ i z₊ (i z₊ + j z₋) α_ij D_ij / Σ (i z₊ + j z₋)² α_ij D_ij``, where D_ij is the cation's diffusivity for
    net-positive clusters and the anion's for net-negative ones (France-Lanord & Grossman, Phys. Rev. Lett. 2019,
    122, 136001). With several species of cations (or anions) in a cluster, D_ij is their mean weighted by charge.

    Parameters
    ----------
    charges, diffusivities : (S,), one per species of the population
    largest : clusters with more ions of any species than this are left out, None keeps all

    Returns
    -------
    conductivity in S/cm, and the transference number of each species (S,) or None where nothing conducts
    """
    z, d = np.asarray(charges, dtype=np.float64), np.asarray(diffusivities, dtype=np.float64)
    counts, alpha = population.counts, population.mean
    if largest is not None:
        kept = (counts <= largest).all(axis=1)
        counts, alpha = counts[kept], alpha[kept]
    carried = counts * z
    net = carried.sum(axis=1)
    # A cluster moves like those of its ions that decide the sign of its charge.
    leading = np.where(carried * net[:, None] > 0, np.abs(carried), 0.0)
    weights = leading.sum(axis=1)
    moving = np.divide(leading @ d, weights, out=np.zeros_like(weights), where=weights > 0)
    parts = ((net * alpha * moving)[:, None] * carried).sum(axis=0)
    total = float(parts.sum())
    return _prefactor(volume, temperature_k, units) * total, parts / total if total > 0 else None


def einstein(collective_slope: float, volume: float, temperature_k: float, units: Units = SI) -> float:
    """Conductivity ``e²/(6 V k T) d⟨Δp·Δq⟩/dt`` in S/cm from the slope in e² Å²/ps.

    With p = q = Σ z r over all ions it is the Einstein (Green–Kubo) conductivity; with p and q those of two species,
    their element ``z_i z_j e² L_ij`` of the Onsager matrix, and the elements add up to the whole (Fong et al.,
    Macromolecules 2020, 53, 9503).
    """
    return _prefactor(volume, temperature_k, units) * collective_slope / 6 * CM2_PER_S_PER_A2_PER_PS


def _prefactor(volume: float, temperature_k: float, units: Units) -> float:
    return units.e**2 / (volume * CM3_PER_A3 * units.k_boltzmann * temperature_k)
