"""Whether the values are those of a liquid or polymer at all; gives warnings only.

The limits catch slips of units: a temperature in °C, a time between frames in another unit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodisco.analysis.observable import Derived, Run
from autodisco.analysis.observables.conductivity import Conductivity
from autodisco.analysis.observables.displacement import Displacement

COLDEST = 200.0
"""K. Polymer electrolytes are glasses below (PEO: 220 K, Faucher et al., J. Appl. Phys. 1966, 37, 3962)."""
MOST_DIFFUSIVITY = 3e-4
"""cm²/s. Even Li⁺ in a molten fluoride at 1,100 K has 2.7e-4 (Iwamoto et al., Trans. JWRI 1977, 6, 17) and Na⁺ in its
molten chloride at 1,270 K 1.5e-4 (Ejima et al., J. Japan Inst. Metals 1974, 38, 859); water at 298 K has 2.3e-5."""
MOST_CONDUCTIVITY, MOLTEN = 1.0, 500.0
"""S/cm, and K up to which it holds. Aqueous acids reach 0.8 at 298 K; molten nitrates exceed 1 above some 550 K."""
GAS_CONSTANT = 0.831446
"""g/mol Å²/ps² per K."""
TOLERANCE = 1.5
"""Times the ballistic displacement, for the fluctuation of the kinetic energy of a few ions."""


class Plausibility(Derived):
    """Checks of temperature, diffusivities, conductivity, and of the displacement from one frame to the next.

    The mean-squared displacement within a time t is never above ``⟨v²⟩ t² = (3 k T/m) t²`` (Cauchy–Schwarz inequality
    and equipartition), m being the mass of the atoms whose centre of mass is followed. A time between frames that is
    too small, or a temperature that is too low, breaks this limit.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._displacement, self._conductivity = run.get(Displacement), run.get(Conductivity)

    def result(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def warnings(self) -> list[str]:
        """Of values that no liquid or polymer has."""
        kelvin, dt = self.run.trajectory.temperature_k, self.run.trajectory.frame_interval_ps
        said = []
        if kelvin < COLDEST:
            said.append(f"a temperature of {kelvin:g} K: is it in K ({kelvin:g} °C are {kelvin + 273.15:.0f} K)?")
        fastest = max(fit.diffusivity.value for fit in self._displacement.ion_fits)
        sigma = self._conductivity.independent[0][0]
        frames = f"is the time between frames, {dt:g} ps, right, and are lengths in Å?"
        if (times := self._above_ballistic()) > TOLERANCE:
            said.append(
                f"ions move by {np.sqrt(times):.2g} times the way that their thermal velocity at {kelvin:g} K allows "
                f"from one frame to the next: {frames}"
            )
        elif fastest > MOST_DIFFUSIVITY:
            said.append(f"a diffusivity of {fastest:.2g} cm²/s, which ions of no liquid have: {frames}")
        elif sigma > MOST_CONDUCTIVITY and kelvin < MOLTEN:
            said.append(
                f"a Nernst–Einstein conductivity of {sigma:.2g} S/cm, which no electrolyte below {MOLTEN:g} K has: "
                f"{frames}"
            )
        return said

    def _above_ballistic(self) -> float:
        """The mean-squared displacement from one frame to the next over that of free flight, of the fastest ions."""
        dt, kelvin = self.run.trajectory.frame_interval_ps, self.run.trajectory.temperature_k
        composition = self.run.composition
        masses = [composition.masses[kind.bodies].sum(axis=1).mean() for kind in composition.species]
        steps = [kind.msd[1] for kind in self._displacement.moved]
        return max(
            float(step * mass / (3 * GAS_CONSTANT * kelvin * dt**2)) for step, mass in zip(steps, masses, strict=False)
        )
