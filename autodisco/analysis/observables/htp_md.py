"""The conventions of the HTP-MD database, kept apart so that values compare with it digit by digit.

They are not a recommendation: the diffusivity uses one time origin and includes the ballistic part, and the cut at
nine ions loses the charge of larger clusters.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodisco.analysis.observable import Derived, Run
from autodisco.analysis.observables.box import Box
from autodisco.analysis.observables.clusters import Clusters, population_table
from autodisco.analysis.observables.coordination import CoordinationNumbers
from autodisco.analysis.observables.displacement import Displacement, Displacements
from autodisco.analysis.observables.sampling import Sampling
from autodisco.analysis.quantities import chosen
from autodisco.errors import InputError
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS, Units, cluster_nernst_einstein, nernst_einstein

UNITS = Units(e=1.6021766209e-19, k_boltzmann=1.38064852e-23)
LARGEST = 9


class HtpMd(Derived):
    """Transport properties as HTP-MD defines them, drift removed.

    End-to-end displacement over 6 t for diffusivities; clusters up to nine cations and nine anions; charges ±1;
    the volume in single precision; its values of e and k. No errors are given, as there.
    """

    quantities = chosen(
        "conductivity_s_per_cm", "conductivity_ne_s_per_cm", "transference_number", "transference_number_ne",
        "cation_diffusivity_cm2_per_s", "anion_diffusivity_cm2_per_s", "polymer_diffusivity_cm2_per_s",
        "free_cation_fraction", "li_polymer_coordination", "li_anion_coordination", "density_g_per_cm3",
        "concentration_actual_molal", "cluster_population",
    )  # fmt: skip

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._box, self._clusters, self._displacement = run.get(Box), run.get(Clusters), run.get(Displacement)
        self._coordination = run.get(CoordinationNumbers)
        run.get(Sampling)  # refuses coordinates that are wrapped although they are said not to be

    def result(self) -> Mapping[str, Any]:
        """Values without errors.

        Raises InputError for fewer than two frames, a box that changes or is not orthorhombic, or several salts.
        """
        volume = self._volume()
        kinds, kelvin = self.run.composition.species, self.run.trajectory.temperature_k
        d_cation, d_anion = (self._diffusivity(moved) for moved in self._displacement.moved[:2])
        n_cations, n_anions = (kind.n for kind in kinds)
        moving = n_cations * d_cation + n_anions * d_anion
        sigma, shares = cluster_nernst_einstein(
            self._clusters.population, (1, -1), (d_cation, d_anion), volume, kelvin, LARGEST, UNITS
        )
        sigma_ne = nernst_einstein([(n_cations, 1, d_cation), (n_anions, -1, d_anion)], volume, kelvin, UNITS)
        polymer, about = self._displacement.of_polymer, self._coordination
        return {
            "conductivity_s_per_cm": sigma,
            "conductivity_ne_s_per_cm": sigma_ne,
            "transference_number": None if shares is None else float(shares[0]),
            "transference_number_ne": n_cations * d_cation / moving if moving > 0 else None,
            "cation_diffusivity_cm2_per_s": d_cation,
            "anion_diffusivity_cm2_per_s": d_anion,
            "polymer_diffusivity_cm2_per_s": self._diffusivity(polymer) if polymer else None,
            "free_cation_fraction": self._clusters.free_cations(self._clusters.population),
            "li_polymer_coordination": float(about.polymer.numbers.mean()) if about.polymer else 0.0,
            "li_anion_coordination": float(about.anions.numbers.mean()),
            "density_g_per_cm3": self._box.density(volume),
            "concentration_actual_molal": self._box.molality,
            "cluster_population": population_table(self._clusters.population),
        }

    def _volume(self) -> float:
        """Volume of the box in Å³ from its edges in single precision."""
        source = self.run.trajectory.source
        if self.run.n_frames < 2:
            raise InputError(
                f"{source}: {self.run.n_frames} frame; HTP-MD's diffusivity needs two; give a longer trajectory"
            )
        if (n := len(self.run.composition.species)) != 2:
            raise InputError(f"{source}: {n} kinds of ions; HTP-MD's conventions know one salt; use the default mode")
        edges = np.diagonal(self._box.cell)
        if not self._box.is_constant or (self._box.cell != np.diag(edges)).any():
            raise InputError(f"{source}: HTP-MD's conventions need a constant orthorhombic box; use the default mode")
        return float(np.prod(edges.astype(np.float32)))

    def _diffusivity(self, moved: Displacements) -> float:
        return moved.end_to_end / (6 * self.run.length_ps) * CM2_PER_S_PER_A2_PER_PS

    def warnings(self) -> list[str]:
        """Of an impossible density."""
        return self._box.warnings()
