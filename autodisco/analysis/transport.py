"""The default analysis: diffusivities from the diffusive part of the displacement, clusters without a size limit.

Displacements are averaged over all time origins and fitted between 15 and 50 % of the run: early lags are not yet
diffusive, late ones have few independent origins.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from autodisco.analysis.conductivity import (
    CM2_PER_S_PER_A2_PER_PS,
    cluster_nernst_einstein,
    density,
    einstein,
    nernst_einstein,
)
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.structure import free_cations, population_table, structure
from autodisco.analysis.trajectory import Floats, IonTrajectory
from autodisco.errors import InputError
from autodisco_kernels import Population, msd

FIT_WINDOW = (0.15, 0.50)
N_BLOCKS = 5
LEAST_FRAMES = 7
SUB_DIFFUSIVE_BELOW = 0.8


@dataclass(frozen=True)
class Diffusivity:
    """Self-diffusivity and its error over particles in cm²/s, and the log–log slope over the fitted lags."""

    value: float
    sem: float | None
    exponent: float | None


def diffusivity(positions: Floats, frame_interval_ps: float, errors: bool = True) -> Diffusivity:
    """Diffusivity of particles (F, n, 3) in Å, with the spread over particles as error when there are at least two.

    A slope below zero, which noise can give, counts as no diffusion.
    """
    mean = msd(positions)
    value = max(0.0, _slope(mean, frame_interval_ps)) / 6 * CM2_PER_S_PER_A2_PER_PS
    n = positions.shape[1]
    sem = None
    if errors and n > 1:
        slopes = [_slope(msd(positions[:, [k]]), frame_interval_ps) for k in range(n)]
        sem = float(np.std(slopes, ddof=1) / np.sqrt(n)) / 6 * CM2_PER_S_PER_A2_PER_PS
    window = _window(len(mean))
    moved = mean[window]
    exponent = None
    if (moved > 0).all():
        exponent = float(np.polyfit(np.log(np.arange(len(mean))[window]), np.log(moved), 1)[0])
    return Diffusivity(value, sem, exponent)


def analyze(trajectory: IonTrajectory) -> TransportProperties:
    """Transport properties with this program's conventions.

    Errors of diffusivities are the spread over ions; those of populations the spread over five blocks of time; both
    are propagated into the conductivities and transference numbers.

    Raises InputError for fewer than seven frames.
    """
    t = trajectory
    if t.n_frames < LEAST_FRAMES:
        raise InputError(f"{t.source}: {t.n_frames} frames; a fit needs at least {LEAST_FRAMES}")
    dt = t.frame_interval_ps
    cation, anion = diffusivity(t.cations, dt), diffusivity(t.anions, dt)
    polymer = diffusivity(t.polymer_atoms, dt, errors=False) if t.polymer_atoms.shape[1] else None
    n_cations, n_anions = t.cations.shape[1], t.anions.shape[1]
    charges = (t.cation_charge, t.anion_charge)
    volume = float(np.abs(np.linalg.det(t.cells)).mean())
    found = structure(t)
    blocks = found.blocks(N_BLOCKS) if t.n_frames >= 2 * N_BLOCKS else []
    current = charges[0] * t.cations.sum(axis=1) + charges[1] * t.anions.sum(axis=1)
    collective = _slope(msd(current[:, None]), dt)

    def clustered(population: Population, d_cation: float, d_anion: float) -> tuple[float, float | None]:
        return cluster_nernst_einstein(population, charges, (d_cation, d_anion), volume, t.temperature_k)

    def independent(population: Population, d_cation: float, d_anion: float) -> tuple[float, float | None]:
        ions = [(n_cations, charges[0], d_cation), (n_anions, charges[1], d_anion)]
        total = nernst_einstein(ions, volume, t.temperature_k)
        return total, nernst_einstein(ions[:1], volume, t.temperature_k) / total if total > 0 else None

    sigma, transference = clustered(found.population, cation.value, anion.value)
    sigma_ne, transference_ne = independent(found.population, cation.value, anion.value)
    sigma_sem, transference_sem = _propagated(clustered, found.population, blocks, cation, anion)
    sigma_ne_sem, _ = _propagated(independent, found.population, [], cation, anion)
    free = [free_cations(block, n_cations) for block in blocks]
    return TransportProperties(
        mode="default",
        monomer_smiles=t.monomer_smiles,
        temperature_k=t.temperature_k,
        frames=t.n_frames,
        length_ns=t.length_ps / 1000,
        conductivity_s_per_cm=sigma,
        conductivity_s_per_cm_sem=sigma_sem,
        conductivity_ne_s_per_cm=sigma_ne,
        conductivity_ne_s_per_cm_sem=sigma_ne_sem,
        conductivity_einstein_s_per_cm=einstein(max(0.0, collective), volume, t.temperature_k),
        transference_number=transference,
        transference_number_sem=transference_sem,
        transference_number_ne=transference_ne,
        cation_diffusivity_cm2_per_s=cation.value,
        cation_diffusivity_cm2_per_s_sem=cation.sem,
        anion_diffusivity_cm2_per_s=anion.value,
        anion_diffusivity_cm2_per_s_sem=anion.sem,
        polymer_diffusivity_cm2_per_s=polymer.value if polymer else None,
        diffusive_exponent_cation=cation.exponent,
        diffusive_exponent_anion=anion.exponent,
        free_cation_fraction=free_cations(found.population, n_cations),
        free_cation_fraction_sem=_standard_error(free),
        li_polymer_coordination=found.polymer_coordination,
        li_anion_coordination=found.anion_coordination,
        density_g_per_cm3=density(t.mass_g_per_mol, volume),
        concentration_actual_molal=t.concentration_molal,
        cluster_population=population_table(found.population),
        warnings=_warnings(cation, anion, collective, t.n_frames),
    )


def _window(n_frames: int) -> slice:
    """Lags, in frames, between 15 and 50 % of the run."""
    length = n_frames - 1
    return slice(max(1, int(np.ceil(FIT_WINDOW[0] * length))), int(FIT_WINDOW[1] * length) + 1)


def _slope(curve: Floats, frame_interval_ps: float) -> float:
    window = _window(len(curve))
    return float(np.polyfit(np.arange(len(curve))[window] * frame_interval_ps, curve[window], 1)[0])


def _standard_error(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _propagated(
    formula: Callable[[Population, float, float], tuple[float, float | None]],
    population: Population,
    blocks: list[Population],
    cation: Diffusivity,
    anion: Diffusivity,
) -> tuple[float | None, float | None]:
    """Errors of both results of `formula`, in quadrature: populations by blocks, each diffusivity by its own error."""
    errors: list[float | None] = []
    for k in (0, 1):
        best = formula(population, cation.value, anion.value)[k]
        varied = [
            formula(population, cation.value + (cation.sem or 0.0), anion.value)[k],
            formula(population, cation.value, anion.value + (anion.sem or 0.0))[k],
        ]
        by_block = [formula(block, cation.value, anion.value)[k] for block in blocks]
        known = [value for value in (*varied, *by_block) if value is not None]
        if best is None or len(known) < len(varied) + len(by_block) or cation.sem is None or anion.sem is None:
            errors.append(None)
            continue
        error_of_blocks = _standard_error([value for value in by_block if value is not None]) or 0.0
        shifts = [value - best for value in varied if value is not None]
        errors.append(float(np.sqrt(error_of_blocks**2 + sum(shift**2 for shift in shifts))))
    return errors[0], errors[1]


def _warnings(cation: Diffusivity, anion: Diffusivity, collective: float, n_frames: int) -> tuple[str, ...]:
    said = []
    for name, ion in (("cations", cation), ("anions", anion)):
        if ion.value == 0:
            said.append(f"{name} show no diffusion: the displacement does not grow over the fitted lags")
        elif ion.exponent is not None and ion.exponent < SUB_DIFFUSIVE_BELOW:
            said.append(f"{name} are sub-diffusive (exponent {ion.exponent:.2f}): their diffusivity is apparent")
    if collective < 0:
        said.append("the collective displacement of charge does not grow: the Einstein conductivity is given as 0")
    if n_frames < 50:
        said.append(f"only {n_frames} frames: fits and errors are rough")
    return tuple(said)
