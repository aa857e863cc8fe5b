"""Conductivity and transference number of ions that move independently, and of clusters that move as one charge."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from autodisco.analysis.diffusion import Diffusivity
from autodisco.analysis.means import Pair, Value
from autodisco.analysis.observable import Derived, Run
from autodisco.analysis.observables.box import Box
from autodisco.analysis.observables.clusters import Clusters
from autodisco.analysis.observables.displacement import Displacement
from autodisco.analysis.quantities import chosen
from autodisco.analysis.quantity import with_error
from autodisco.analysis.statistics import series_error
from autodisco.arrays import Floats
from autodisco_kernels import Population, cluster_nernst_einstein, nernst_einstein

Formula = Callable[[Population, Sequence[float]], tuple[float, float]]


class Conductivity(Derived):
    """Nernst–Einstein and cluster Nernst–Einstein conductivity, with the transference numbers of both.

    Errors of diffusivities and of populations are propagated.
    """

    quantities = chosen(
        "conductivity_s_per_cm", "conductivity_ne_s_per_cm", "transference_number", "transference_number_ne"
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._box, self._clusters, self._displacement = run.get(Box), run.get(Clusters), run.get(Displacement)

    def _clustered(self, population: Population, diffusivities: Sequence[float]) -> tuple[float, float]:
        charges = [kind.charge for kind in self.run.composition.species]
        positive = np.array(charges) > 0
        total, shares = cluster_nernst_einstein(
            population, charges, diffusivities, self._box.volume, self.run.trajectory.temperature_k
        )
        return total, 0.0 if shares is None else float(shares[positive].sum()) * total

    def _independent(self, _: Population, diffusivities: Sequence[float]) -> tuple[float, float]:
        kinds, volume, kelvin = self.run.composition.species, self._box.volume, self.run.trajectory.temperature_k
        table = [(kind.n, kind.charge, d) for kind, d in zip(kinds, diffusivities, strict=True)]
        cations = [row for row in table if row[1] > 0]
        return nernst_einstein(table, volume, kelvin), nernst_einstein(cations, volume, kelvin)

    @cached_property
    def independent(self) -> tuple[Value, Pair]:
        """Nernst–Einstein conductivity in S/cm and transference number, each with its error."""
        return _with_errors(self._independent, self._clusters.population, [], self._ions)

    @property
    def _ions(self) -> list[Diffusivity]:
        return [fit.diffusivity for fit in self._displacement.ion_fits]

    def result(self) -> Mapping[str, Any]:
        """Values with errors."""
        population, blocks = self._clusters.population, self._clusters.blocks
        sigma, transference = _with_errors(self._clustered, population, blocks, self._ions)
        sigma_ne, transference_ne = self.independent
        return {
            **with_error("conductivity_s_per_cm", sigma),
            **with_error("conductivity_ne_s_per_cm", sigma_ne),
            **with_error("transference_number", transference),
            **with_error("transference_number_ne", transference_ne),
        }


def _with_errors(
    formula: Formula, population: Population, blocks: list[Population], ions: Sequence[Diffusivity]
) -> tuple[Value, Pair]:
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
