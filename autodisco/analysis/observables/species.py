"""Transport of each species by itself: every cation, anion, polymer and solvent of a mixture."""

from collections.abc import Mapping
from typing import Any

from autodisco.analysis.combination import SEM
from autodisco.analysis.frames import Frames
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.observables.displacement import Displacement, Tracks
from autodisco.analysis.quantities import chosen
from autodisco.analysis.trajectory import LEAST_FRAMES

DIFFUSIVITY = "species_diffusivity_cm2_per_s"
COLLECTIVE = "charge of all ions"
"""Stands among the species for the displacement behind the Einstein conductivity."""


class SpeciesTransport(Observable):
    """Number, charge, diffusivity and fitted lags of every species, by its name.

    Ions and solvents move with their centres of mass (ions of the folders of this program: with their central atom),
    polymers with their coordinating atoms. A species without a name in the files is called cations, anions, ….
    """

    quantities = chosen("species_count", "species_charge", DIFFUSIVITY, "fit_from_ps", "fit_to_ps", "fit_window")
    needs_ions = False

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._neutrals = run.composition.neutrals
        self._ions = run.get(Displacement) if run.composition.species else None
        only_a_polymer = len(self._neutrals) == 1 and self._neutrals[0].role == "polymer"
        self._shares_polymer = bool(self._ions) and only_a_polymer  # the other observable has followed it already
        own = () if self._shares_polymer else self._neutrals
        self._tracks = Tracks(run, [(kind.name, len(kind.bodies)) for kind in own]) if own else None

    def add(self, frames: Frames) -> None:
        """Write the positions of polymers and solvents."""
        if self._tracks:
            self._tracks.append([frames.centres_of_mass(kind.bodies) for kind in self._neutrals])

    def result(self) -> Mapping[str, Any]:
        """Mappings from species to value; without diffusivities in a run of fewer than seven frames."""
        ions = self.run.composition.species
        names = [kind.label or kind.name for kind in ions] + [kind.name for kind in self._neutrals]
        numbers = [kind.n for kind in ions] + [kind.n for kind in self._neutrals]
        charges = [kind.charge for kind in ions] + [0.0] * len(self._neutrals)
        found: dict[str, Any] = {
            "species_count": dict(zip(names, numbers, strict=True)),
            "species_charge": dict(zip(names, charges, strict=True)),
        }
        if self.run.n_frames < LEAST_FRAMES:
            return found
        fits = [*(self._ions.ion_fits if self._ions else ()), *(self._tracks.fits if self._tracks else ())]
        if self._ions and self._shares_polymer:
            fits.append(self._ions.fits[-1])
        moved = dict(zip(names, fits, strict=True))
        found |= {
            DIFFUSIVITY: {name: fit.diffusivity.value for name, fit in moved.items()},
            f"{DIFFUSIVITY}{SEM}": {name: fit.diffusivity.sem for name, fit in moved.items()},
        }
        if self._ions and self._ions.of_polymer and not self._neutrals:  # polymer or solvent of a file without names
            moved["polymer"] = self._ions.fits[-1]
        windows = {name: fit.window for name, fit in moved.items()}
        if self._ions:
            windows[COLLECTIVE] = self._ions.collective_window
        dt = self.run.trajectory.frame_interval_ps
        return found | {
            "fit_from_ps": {name: round(window.first * dt, 9) for name, window in windows.items()},
            "fit_to_ps": {name: round(window.last * dt, 9) for name, window in windows.items()},
            "fit_window": {name: window.rule for name, window in windows.items()},
        }
