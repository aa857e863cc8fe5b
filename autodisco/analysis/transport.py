"""The default analysis: diffusivities from the diffusive part of the displacement, clusters without a size limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.analysis.collective import Chosen, Pair, collective
from autodisco.analysis.diffusion import (
    LEAST_TO_CHOOSE,
    SUB_DIFFUSIVE_BELOW,
    Diffusivity,
    Window,
    asked_window,
    choose_window,
    diffusivity,
)
from autodisco.analysis.drift import LEAST_VALUES, drift
from autodisco.analysis.lifetimes import lifetimes
from autodisco.analysis.observe import Observations
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.slopes import LineFit, fit_line
from autodisco.analysis.statistics import Floats, series_error
from autodisco.analysis.structure import density, free_cations, molality, population_errors, population_table, remarks
from autodisco.analysis.trajectory import LEAST_FRAMES
from autodisco.errors import InputError
from autodisco_kernels import Population, cluster_nernst_einstein, nernst_einstein

FEW_FRAMES = 50
CLEAR_DRIFT, SMALL_DRIFT = 3.0, 0.05  # in standard errors; as a share
LONG_JUMP = 0.35


@dataclass(frozen=True)
class Fits:
    """The window chosen for each species (and for polymer or solvent, last), the line through it and the diffusivity
    that it gave."""

    windows: tuple[Window, ...]
    lines: tuple[LineFit, ...]
    diffusivities: tuple[Diffusivity, ...]


def fit(seen: Observations) -> Fits:
    """Windows and diffusivities of every species, then of the matrix where there is one.

    Raises InputError for fewer than seven frames, or where the lags asked for are not those of the run.
    """
    if seen.n_frames < LEAST_FRAMES:
        raise InputError(f"{seen.trajectory.source}: {seen.n_frames} frames; a fit needs at least {LEAST_FRAMES}")
    moved = [*seen.displacements, *([seen.matrix] if seen.matrix else [])]
    dt, lags = seen.trajectory.frame_interval_ps, seen.trajectory.fit_ps
    if lags:
        windows = [asked_window(lags, dt, seen.n_frames)] * len(moved)
    else:
        windows = [choose_window(kind.msd, kind.groups) for kind in moved]
    lines = [fit_line(k.msd, window.first, window.last) for k, window in zip(moved, windows, strict=True)]
    return Fits(
        tuple(windows),
        tuple(lines),
        tuple(diffusivity(k.msd, k.groups, line, dt, k.n) for k, line in zip(moved, lines, strict=True)),
    )


def transport_properties(seen: Observations, fits: Fits) -> TransportProperties:
    """Transport properties with this program's conventions.

    Errors of diffusivities come from the fit and the spread over groups of ions, those of populations and of everything
    else that has a value in every frame from its change in time; both are propagated into the conductivities and
    transference numbers. Collective quantities are fitted over the window that starts latest.
    """
    t, who = seen.trajectory, seen.trajectory.who
    species, n = who.species, len(who.species)
    charges = [kind.charge for kind in species]
    ions = fits.diffusivities[:n]
    volume, temperature = seen.volume, t.temperature_k
    blocks = seen.pieces.blocks()
    positive = np.array(charges) > 0

    def clustered(population: Population, diffusivities: Sequence[float]) -> tuple[float, float]:
        total, shares = cluster_nernst_einstein(population, charges, diffusivities, volume, temperature)
        return total, 0.0 if shares is None else float(shares[positive].sum()) * total

    def independent(_: Population, diffusivities: Sequence[float]) -> tuple[float, float]:
        table = [(kind.n, kind.charge, d) for kind, d in zip(species, diffusivities, strict=True)]
        cations = [row for row in table if row[1] > 0]
        return nernst_einstein(table, volume, temperature), nernst_einstein(cations, volume, temperature)

    sigma, transference = _with_errors(clustered, seen.population, blocks, ions)
    sigma_ne, transference_ne = _with_errors(independent, seen.population, [], ions)
    latest = max(fits.windows[:n], key=lambda chosen: chosen.first)
    whole = collective(seen, latest, positive, sigma_ne)
    free = [free_cations(block, seen) for block in blocks]
    cation, anion = _mean(seen, ions, positive), _mean(seen, ions, ~positive)
    matrix = fits.diffusivities[n] if len(fits.diffusivities) > n else None
    return TransportProperties(
        mode="default",
        monomer_smiles=t.monomer_smiles,
        temperature_k=temperature,
        frames=seen.n_frames,
        length_ns=seen.length_ps / 1000,
        conductivity_s_per_cm=sigma[0],
        conductivity_s_per_cm_sem=sigma[1],
        conductivity_ne_s_per_cm=sigma_ne[0],
        conductivity_ne_s_per_cm_sem=sigma_ne[1],
        **whole,
        transference_number=transference[0],
        transference_number_sem=transference[1],
        transference_number_ne=transference_ne[0],
        transference_number_ne_sem=transference_ne[1],
        cation_diffusivity_cm2_per_s=cation.value,
        cation_diffusivity_cm2_per_s_sem=cation.sem,
        anion_diffusivity_cm2_per_s=anion.value,
        anion_diffusivity_cm2_per_s_sem=anion.sem,
        polymer_diffusivity_cm2_per_s=matrix.value if matrix else None,
        polymer_diffusivity_cm2_per_s_sem=matrix.sem if matrix else None,
        diffusive_exponent_cation=cation.exponent,
        diffusive_exponent_cation_sem=cation.exponent_sem,
        diffusive_exponent_anion=anion.exponent,
        diffusive_exponent_anion_sem=anion.exponent_sem,
        free_cation_fraction=free_cations(seen.population, seen),
        free_cation_fraction_sem=series_error(free),
        **_mean_in_time("li_polymer_coordination", seen.to_matrix.numbers if seen.to_matrix else np.zeros(1)),
        **_by_element(seen),
        **_mean_in_time("li_anion_coordination", seen.to_anions.numbers),
        **_radius_of_gyration(seen),
        **lifetimes(seen),
        density_g_per_cm3=density(seen, volume),
        density_g_per_cm3_sem=None if seen.constant_cell else series_error(density(seen, 1.0) / seen.volumes),
        concentration_actual_molal=molality(seen),
        cluster_population=population_table(seen.population),
        cluster_population_sem=population_errors(blocks),
        warnings=_warnings(seen, fits, whole["conductivity_einstein_s_per_cm"]),
    )


def _by_element(seen: Observations) -> dict[str, Any]:
    """Coordination of cations by the oxygen, nitrogen and sulfur of the polymer, where it holds these."""
    found: dict[str, Any] = {}
    for element, name in (("O", "oxygen"), ("N", "nitrogen"), ("S", "sulfur")):
        if seen.to_matrix and element in seen.to_matrix.by_element:
            found |= _mean_in_time(f"li_polymer_{name}_coordination", seen.to_matrix.by_element[element])
    return found


def _radius_of_gyration(seen: Observations) -> dict[str, Any]:
    if seen.squared_radii is None:
        return {}
    return root_mean("radius_of_gyration_angstrom", seen.squared_radii)


def root_mean(name: str, squares: Floats) -> dict[str, Any]:
    """Root of the mean of values in the order of time with its standard error (``_sem``); None of a
    negative mean."""
    mean, error = float(squares.mean()), series_error(squares)
    root = mean**0.5 if mean > 0 else None
    return {name: root, f"{name}_sem": error / (2 * root) if root and error is not None else None}


def _mean(seen: Observations, ions: Sequence[Diffusivity], chosen: Chosen) -> Diffusivity:
    """Mean over the ions of several species; a single one as it is."""
    kinds = [(kind.n, ion) for kind, ion, taken in zip(seen.trajectory.who.species, ions, chosen, strict=True) if taken]
    if len(kinds) == 1:
        return kinds[0][1]
    total = sum(n for n, _ in kinds)
    errors = [n * ion.sem for n, ion in kinds if ion.sem is not None]
    sem = float(np.sqrt(np.sum(np.square(errors)))) / total if len(errors) == len(kinds) else None
    return Diffusivity(sum(n * ion.value for n, ion in kinds) / total, sem, None, None)


def _mean_in_time(name: str, per_frame: Floats) -> dict[str, Any]:
    return {name: float(per_frame.mean()), f"{name}_sem": series_error(per_frame)}


def _with_errors(
    formula: Callable[[Population, Sequence[float]], tuple[float, float]],
    population: Population,
    blocks: list[Population],
    ions: Sequence[Diffusivity],
) -> tuple[Pair, tuple[float | None, float | None]]:
    """Conductivity and transference number with their errors, of a formula that gives conductivity and the part of the
    cations in it.

    Errors in quadrature: populations by how the result changes from block to block, each diffusivity by its own error.
    An error is None where one of these is.
    """
    values = [ion.value for ion in ions]
    total, part = formula(population, values)
    share = part / total if total > 0 else None
    in_time = np.array([formula(block, values) for block in blocks]).reshape(-1, 2)
    raised = [[d + (ion.sem or 0.0) * (i == j) for j, d in enumerate(values)] for i, ion in enumerate(ions)]
    varied = np.array([formula(population, diffusivities) for diffusivities in raised])
    known = all(ion.sem is not None for ion in ions)

    def error(series: Floats, shifts: Floats) -> float | None:
        of_population = series_error(series) if len(blocks) else 0.0
        return None if of_population is None or not known else float(np.hypot(of_population, np.linalg.norm(shifts)))

    sigma = (total, error(in_time[:, 0], varied[:, 0] - total))
    if share is None:
        return sigma, (None, None)
    # Delta method: a ratio changes as its numerator does beyond what its denominator explains.
    rest, moved = ((x[:, 1] - share * x[:, 0]) / total for x in (in_time, varied))
    return sigma, (share, error(rest, moved))


def _warnings(seen: Observations, fits: Fits, collective: float) -> tuple[str, ...]:
    said = remarks(seen)
    for kind, window, moved in zip(seen.trajectory.who.species, fits.windows, fits.diffusivities, strict=False):
        if moved.value == 0:
            said.append(f"{kind.name} show no diffusion: the displacement does not grow over the fitted lags")
        elif moved.exponent is not None and moved.exponent < SUB_DIFFUSIVE_BELOW:
            said.append(f"{kind.name} are sub-diffusive (exponent {moved.exponent:.2f}): their diffusivity is apparent")
        elif seen.n_frames >= LEAST_TO_CHOOSE and not window.found and not window.asked:
            said.append(
                f"{kind.name} have no clearly diffusive lags, so the fit takes 15 to 50 % of the run: run longer"
            )
    if collective <= 0:
        said.append("the collective displacement of charge does not grow: the Einstein conductivity is noise")
    if not len(seen.trajectory.who.matrix):
        said.append(
            "the file holds nothing but ions, so their motion is given relative to one another; with polymer or "
            "solvent in the box, analyze the whole of it"
        )
    if seen.squared_radii is not None and len(seen.squared_radii) >= 2 * LEAST_VALUES:
        radii = np.sqrt(seen.squared_radii)
        change, error = drift(radii)
        if abs(change) > max(CLEAR_DRIFT * (error or 0.0), SMALL_DRIFT * radii.mean()):
            said.append(
                f"the chains still relax: their radius of gyration changed by {change:+.2f} Å in the last quarter of "
                "the run; equilibrate longer"
            )
    if seen.n_frames < FEW_FRAMES:
        said.append(f"only {seen.n_frames} frames: fits and errors are rough")
    elif seen.n_frames < LEAST_TO_CHOOSE and not seen.trajectory.fit_ps:
        said.append(
            f"{seen.n_frames} frames are too few to look for diffusive lags ({LEAST_TO_CHOOSE} would do): the fit "
            "takes 15 to 50 % of the run"
        )
    if seen.largest_jump > LONG_JUMP and not (seen.trajectory.unwrapped and seen.constant_cell):
        said.append(
            f"an ion moves by {seen.largest_jump:.2f} of the box between two frames; from 0.5 on it cannot be told "
            "from its image: write frames more often"
        )
    if abs(net := sum(kind.n * kind.charge for kind in seen.trajectory.who.species)) > 1e-6:
        said.append(f"the ions carry a net charge of {net:+g}: are all ions selected, with the right charges?")
    return tuple(said)
