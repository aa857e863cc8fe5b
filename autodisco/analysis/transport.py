"""The default analysis: diffusivities from the diffusive part of the displacement, clusters without a size limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.diffusion import (
    LEAST_TO_CHOOSE,
    SUB_DIFFUSIVE_BELOW,
    Diffusivity,
    Window,
    asked_window,
    choose_window,
    diffusivity,
    slope,
)
from autodisco.analysis.drift import LEAST_VALUES, drift
from autodisco.analysis.observe import Observations, spread_lags
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.ratios import ratio_of_means
from autodisco.analysis.structure import density, free_cations, molality, population_errors, population_table, remarks
from autodisco.analysis.trajectory import Floats
from autodisco.errors import InputError
from autodisco_kernels import Population, Runs, cluster_nernst_einstein, einstein, nernst_einstein

N_BLOCKS = 5
LEAST_FRAMES = 7
FEW_FRAMES = 50
CLEAR_DRIFT, SMALL_DRIFT = 3.0, 0.05  # in standard errors; as a share
LONG_JUMP = 0.35

Pair = tuple[float, float | None]
Chosen = NDArray[np.bool_]  # which species


@dataclass(frozen=True)
class Fits:
    """The window chosen for each species (and for polymer or solvent, last) and the diffusivity it gave."""

    windows: tuple[Window, ...]
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
    return Fits(
        tuple(windows),
        tuple(diffusivity(k.msd, k.groups, window, dt) for k, window in zip(moved, windows, strict=True)),
    )


def transport_properties(seen: Observations, fits: Fits) -> TransportProperties:
    """Transport properties with this program's conventions.

    Errors of diffusivities are the spread over groups of ions, those of populations the spread over five blocks of
    time; both are propagated into the conductivities and transference numbers. Those of collective quantities are the
    spread over the three axes. Collective quantities are fitted over the window that starts latest.
    """
    t, who = seen.trajectory, seen.trajectory.who
    species, n = who.species, len(who.species)
    charges = [kind.charge for kind in species]
    ions = fits.diffusivities[:n]
    volume, temperature = seen.volume, t.temperature_k
    blocks = seen.pieces.result(N_BLOCKS) if seen.n_frames >= 2 * N_BLOCKS else []
    positive = np.array(charges) > 0

    def clustered(population: Population, diffusivities: Sequence[float]) -> Pair:
        total, shares = cluster_nernst_einstein(population, charges, diffusivities, volume, temperature)
        return total, None if shares is None else float(shares[positive].sum())

    def independent(_: Population, diffusivities: Sequence[float]) -> Pair:
        table = [(kind.n, kind.charge, d) for kind, d in zip(species, diffusivities, strict=True)]
        total = nernst_einstein(table, volume, temperature)
        cations = [row for row in table if row[1] > 0]
        return total, nernst_einstein(cations, volume, temperature) / total if total > 0 else None

    values = [ion.value for ion in ions]
    sigma, transference = clustered(seen.population, values)
    sigma_ne, transference_ne = independent(seen.population, values)
    errors = _propagated(clustered, seen.population, blocks, ions)
    errors_ne = _propagated(independent, seen.population, [], ions)
    whole = _collective(seen, fits, positive, (sigma_ne, errors_ne[0]))
    free = [free_cations(block, seen) for block in blocks]
    cation, anion = _mean(seen, ions, positive), _mean(seen, ions, ~positive)
    matrix = fits.diffusivities[n] if len(fits.diffusivities) > n else None
    return TransportProperties(
        mode="default",
        monomer_smiles=t.monomer_smiles,
        temperature_k=temperature,
        frames=seen.n_frames,
        length_ns=seen.length_ps / 1000,
        conductivity_s_per_cm=sigma,
        conductivity_s_per_cm_sem=errors[0],
        conductivity_ne_s_per_cm=sigma_ne,
        conductivity_ne_s_per_cm_sem=errors_ne[0],
        **whole,
        transference_number=transference,
        transference_number_sem=errors[1],
        transference_number_ne=transference_ne,
        transference_number_ne_sem=errors_ne[1],
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
        free_cation_fraction_sem=_standard_error(free),
        **_mean_over_blocks("li_polymer_coordination", seen.to_matrix.numbers if seen.to_matrix else np.zeros(1)),
        **_by_element(seen),
        **_mean_over_blocks("li_anion_coordination", seen.to_anions.numbers),
        **_radius_of_gyration(seen),
        **_decay_time("cation_polymer_residence_ps", seen, seen.to_matrix.runs if seen.to_matrix else None),
        **_decay_time("ion_pair_residence_ps", seen, seen.pairs),
        **_decay_time("ion_pair_lifetime_ps", seen, seen.pairs, continuous=True),
        **_decay_time("cluster_lifetime_ps", seen, seen.clusters, continuous=True),
        density_g_per_cm3=density(seen, volume),
        density_g_per_cm3_sem=None if seen.constant_cell else block_error(density(seen, 1.0) / seen.volumes),
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
            found |= _mean_over_blocks(f"li_polymer_{name}_coordination", seen.to_matrix.by_element[element])
    return found


def _radius_of_gyration(seen: Observations) -> dict[str, Any]:
    if seen.squared_radii is None:
        return {}
    return root_mean("radius_of_gyration_angstrom", seen.squared_radii)


def root_mean(name: str, squares: Floats) -> dict[str, Any]:
    """Root of the mean of values in the order of time with its standard error from blocks (``_sem``); None of a
    negative mean."""
    mean, error = float(squares.mean()), block_error(squares)
    root = mean**0.5 if mean > 0 else None
    return {name: root, f"{name}_sem": error / (2 * root) if root and error is not None else None}


def _collective(seen: Observations, fits: Fits, positive: Chosen, independent: Pair) -> dict[str, Any]:
    """Einstein conductivity, its parts (the Onsager matrix in units of conductivity), and ratios made with them.

    `independent` is the Nernst–Einstein conductivity with its error. Without polymer or solvent the parts only say how
    momentum is shared among the ions, and are left out.
    """
    dt, n = seen.trajectory.frame_interval_ps, len(positive)
    window = max(fits.windows[:n], key=lambda chosen: chosen.first)
    slopes = np.array([[[slope(c, window, dt) for c in seen.collective[i, j]] for j in range(n)] for i in range(n)])

    def part(of: Chosen, by: Chosen) -> Floats:
        """Three estimates, from one axis each: three times a third of the sum over axes."""
        elements = 3 * slopes[np.ix_(of, by)].sum(axis=(0, 1))
        return np.array([einstein(float(axis), seen.volume, seen.trajectory.temperature_k) for axis in elements])

    both = np.ones(n, bool)
    named = {"conductivity_einstein_s_per_cm": part(both, both)}
    ratios: dict[str, tuple[float | None, float | None]] = {}
    if len(seen.trajectory.who.matrix):
        named |= {
            "onsager_cation_cation_s_per_cm": part(positive, positive),
            "onsager_cation_anion_s_per_cm": part(positive, ~positive),
            "onsager_anion_anion_s_per_cm": part(~positive, ~positive),
        }
        by_cations = named["onsager_cation_cation_s_per_cm"] + named["onsager_cation_anion_s_per_cm"]
        ratios["transference_number_einstein"] = ratio_of_means(by_cations, named["conductivity_einstein_s_per_cm"])
    estimates = {name: (float(axes.mean()), _standard_error(list(axes))) for name, axes in named.items()}
    total = estimates["conductivity_einstein_s_per_cm"]
    if total[0] > (total[1] or 0.0):
        ratios["haven_ratio"] = _ratio(independent, total)
    if independent[0] > 0:
        ratios["ionicity"] = _ratio(total, independent)
    return {
        key: value
        for name, pair in (estimates | ratios).items()
        for key, value in zip((name, f"{name}_sem"), pair, strict=True)
    }


def _mean(seen: Observations, ions: Sequence[Diffusivity], chosen: Chosen) -> Diffusivity:
    """Mean over the ions of several species; a single one as it is."""
    kinds = [(kind.n, ion) for kind, ion, taken in zip(seen.trajectory.who.species, ions, chosen, strict=True) if taken]
    if len(kinds) == 1:
        return kinds[0][1]
    total = sum(n for n, _ in kinds)
    errors = [n * ion.sem for n, ion in kinds if ion.sem is not None]
    sem = float(np.sqrt(np.sum(np.square(errors)))) / total if len(errors) == len(kinds) else None
    return Diffusivity(sum(n * ion.value for n, ion in kinds) / total, sem, None, None)


def _mean_over_blocks(name: str, per_frame: Floats) -> dict[str, Any]:
    return {name: float(per_frame.mean()), f"{name}_sem": block_error(per_frame)}


def block_error(per_frame: Floats) -> float | None:
    """Standard error of the mean of values in the order of time, from five blocks; None for fewer than ten."""
    if len(per_frame) < 2 * N_BLOCKS:
        return None
    return _standard_error([float(block.mean()) for block in np.array_split(per_frame, N_BLOCKS)])


def _decay_time(name: str, seen: Observations, runs: Runs | None, continuous: bool = False) -> dict[str, Any]:
    """Time after which 1/e of the contacts are left, in ps, where the frames can show it."""
    value = error = None
    if runs is not None and len(runs.keys):
        value = decay_time(runs, seen.trajectory.frame_interval_ps, continuous)
        parts = [decay_time(part, seen.trajectory.frame_interval_ps, continuous) for part in runs.parts(N_BLOCKS)]
        known = [part for part in parts if part is not None]
        error = _standard_error(known) if len(known) == len(parts) and value is not None else None
    return {name: value, f"{name}_sem": error}


def decay_time(runs: Runs, frame_interval_ps: float, continuous: bool) -> float | None:
    """Time at which the share of contacts that are left (`continuous`) or there again falls to 1/e, interpolated.

    None where that takes longer than half the run, or less than the time between frames.
    """
    lags = np.concatenate([[0], spread_lags(runs.n_frames, 200)])
    share = runs.continuous(lags) if continuous else runs.intermittent(lags)
    below = np.flatnonzero(share < np.exp(-1))
    if not len(below) or below[0] == 1:
        return None
    k = int(below[0])
    between = (share[k - 1] - np.exp(-1)) / (share[k - 1] - share[k])
    return float((lags[k - 1] + between * (lags[k] - lags[k - 1])) * frame_interval_ps)


def _ratio(above: Pair, below: Pair) -> Pair:
    """The quotient of two independent values, with its error."""
    quotient = above[0] / below[0]
    if above[1] is None or below[1] is None:
        return quotient, None
    return quotient, float(np.hypot(above[1], quotient * below[1]) / below[0])


def _standard_error(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None


def _propagated(
    formula: Callable[[Population, Sequence[float]], Pair],
    population: Population,
    blocks: list[Population],
    ions: Sequence[Diffusivity],
) -> tuple[float | None, float | None]:
    """Errors of both results of `formula`, in quadrature: populations by blocks, each diffusivity by its own error."""
    values = [ion.value for ion in ions]
    errors: list[float | None] = []
    for k in (0, 1):
        best = formula(population, values)[k]
        raised = [[d + (ion.sem or 0.0) * (i == j) for j, d in enumerate(values)] for i, ion in enumerate(ions)]
        varied = [formula(population, diffusivities)[k] for diffusivities in raised]
        by_block = [formula(block, values)[k] for block in blocks]
        if best is None or None in varied or None in by_block or any(ion.sem is None for ion in ions):
            errors.append(None)
            continue
        error_of_blocks = _standard_error([value for value in by_block if value is not None]) or 0.0
        shifts = [value - best for value in varied if value is not None]
        errors.append(float(np.sqrt(error_of_blocks**2 + sum(shift**2 for shift in shifts))))
    return errors[0], errors[1]


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
    if seen.squared_radii is not None and len(seen.squared_radii) >= 3 * LEAST_VALUES:
        radii = np.sqrt(seen.squared_radii)
        change, error = drift(radii)
        if abs(change) > max(CLEAR_DRIFT * error, SMALL_DRIFT * radii.mean()):
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
