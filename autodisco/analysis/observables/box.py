"""Volume, density and composition of the box."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from autodisco.analysis.frames import Frames
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.quantities import chosen
from autodisco.analysis.statistics import series_error
from autodisco.analysis.trajectory import Composition
from autodisco.analysis.units import AVOGADRO
from autodisco.arrays import Floats
from autodisco_kernels import CM3_PER_A3

LEAST_DENSITY, MOST_DENSITY = 0.1, 8.0  # g/cm³
HIGHEST_CHARGE = 6  # of an ion, in units of the smallest charge; charges may be scaled


def formula_units(composition: Composition) -> float | None:
    """Formula units of all salts, from the numbers and charges of the ions: Mg(TFSI)2 has one cation, Li2SO4 two.

    None where several charges of cations and of anions leave open which of them belong together.
    """
    for ions, others in ((composition.cations, composition.anions), (composition.anions, composition.cations)):
        if len(charges := {abs(kind.charge) for kind in others}) <= 1:
            (other,) = charges or {1.0}
            shares = [Fraction(other / abs(kind.charge)).limit_denominator(HIGHEST_CHARGE) for kind in ions]
            return float(sum(kind.n / share.numerator for kind, share in zip(ions, shares, strict=True)))
    return None


class Box(Observable):
    """Density of the box, and formula units of salt in mol per kg of polymer and solvent.

    Attributes
    ----------
    cell : (3, 3), Å, of the first frame
    is_constant : whether every frame has this cell
    """

    quantities = chosen("density_g_per_cm3", "concentration_actual_molal")
    needs_ions = False

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._volumes: list[Floats] = []
        self.cell = np.zeros((3, 3))
        self.is_constant = True

    def add(self, frames: Frames) -> None:
        """Keep the volumes."""
        if not self._volumes:
            self.cell = frames.cells[0].copy()
        self._volumes.append(frames.volumes)
        self.is_constant &= bool((frames.cells == self.cell).all())

    @property
    def volume(self) -> float:
        """Mean volume, Å³."""
        return float(np.concatenate(self._volumes).mean())

    def densities(self, volumes: Floats) -> Floats:
        """Densities in g/cm³ at volumes (n,) in Å³."""
        return np.asarray(self.run.composition.masses.sum() / AVOGADRO / (volumes * CM3_PER_A3))

    def density(self, volume: float) -> float:
        """Density in g/cm³ at a volume in Å³."""
        return float(self.densities(np.array([volume]))[0])

    @property
    def molality(self) -> float | None:
        """Formula units of all salts in mol per kg of polymer and solvent, None without any of these."""
        given = self.run.trajectory
        mass = given.neutral_mass or given.composition.neutral_mass
        n = formula_units(given.composition) if given.formula_units is None else given.formula_units
        return n / mass * 1000.0 if n is not None and mass > 0 else None

    def result(self) -> Mapping[str, Any]:
        """Values; the density of a box that does not change has no error."""
        volumes = np.concatenate(self._volumes)
        # Both means are one number but for the last digit, in which stored values of neat boxes have the second.
        mean = self.density(self.volume) if self.run.composition.species else float(self.densities(volumes).mean())
        return {
            "density_g_per_cm3": mean,
            "density_g_per_cm3_sem": None if self.is_constant else series_error(self.density(1.0) / volumes),
            "concentration_actual_molal": self.molality,
        }

    def warnings(self) -> list[str]:
        """Of a density that no electrolyte has."""
        value = self.density(self.volume)
        if LEAST_DENSITY <= value <= MOST_DENSITY:
            return []
        return [f"a density of {value:.3g} g/cm³: are lengths in Å, and is this the box of these atoms?"]
