"""The conductivity formulas, apart from how diffusivities and populations were measured.

Diffusivities are in cm²/s, volumes in Å³, conductivities in S/cm.
"""

from dataclasses import dataclass

import numpy as np

from autodisco_kernels import Population

CM3_PER_A3 = 1e-24
CM2_PER_S_PER_A2_PER_PS = 1e-4
AVOGADRO = 6.02214076e23


@dataclass(frozen=True)
class Units:
    """Elementary charge in C and Boltzmann constant in J/K."""

    e: float = 1.602176634e-19
    k_boltzmann: float = 1.380649e-23


def nernst_einstein(
    ions: list[tuple[int, float, float]], volume: float, temperature_k: float, units: Units | None = None
) -> float:
    """Conductivity ``e²/(V k T) Σ N z² D`` of independent ions; (number N, charge z, diffusivity D) per species."""
    return _prefactor(volume, temperature_k, units) * sum(n * z**2 * d for n, z, d in ions)


def cluster_nernst_einstein(
    population: Population,
    charges: tuple[float, float],
    diffusivities: tuple[float, float],
    volume: float,
    temperature_k: float,
    largest: int | None = None,
    units: Units | None = None,
) -> tuple[float, float | None]:
    """Conductivity and cation transference number of ion clusters that move as units.

    ``σ = e²/(V k T) Σ (i z₊ + j z₋)² α_ij D_ij`` and
    ``t₊ = Σ i z₊ (i z₊ + j z₋) α_ij D_ij / Σ (i z₊ + j z₋)² α_ij D_ij``, where D_ij is the cation's diffusivity for
    net-positive clusters and the anion's for net-negative ones (France-Lanord & Grossman, Phys. Rev. Lett. 2019,
    122, 136001).

    Parameters
    ----------
    charges, diffusivities : of the cation and of the anion
    largest : clusters with more cations or more anions than this are left out, None keeps all

    Returns
    -------
    conductivity in S/cm, and the transference number or None where nothing conducts
    """
    i, j, alpha = population.cations, population.anions, population.mean
    if largest is not None:
        kept = (i <= largest) & (j <= largest)
        i, j, alpha = i[kept], j[kept], alpha[kept]
    net = i * charges[0] + j * charges[1]
    weight = net * alpha * np.where(net > 0, diffusivities[0], diffusivities[1])
    total = float(np.sum(net * weight))
    carried = float(np.sum(i * charges[0] * weight))
    return _prefactor(volume, temperature_k, units) * total, carried / total if total > 0 else None


def einstein(collective_slope: float, volume: float, temperature_k: float) -> float:
    """Conductivity ``e²/(6 V k T) d⟨|Σ z r|²⟩/dt`` with the slope of the charge displacement in Å²/ps, charges in e."""
    return _prefactor(volume, temperature_k, None) * collective_slope / 6 * CM2_PER_S_PER_A2_PER_PS


def density(mass_g_per_mol: float, volume: float) -> float:
    """Density in g/cm³ of a box with this molar mass and volume."""
    return mass_g_per_mol / AVOGADRO / (volume * CM3_PER_A3)


def _prefactor(volume: float, temperature_k: float, units: Units | None) -> float:
    constants = units or Units()
    return constants.e**2 / (volume * CM3_PER_A3 * constants.k_boltzmann * temperature_k)
