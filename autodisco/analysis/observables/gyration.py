"""Size of the chains."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodisco.analysis.drift import LEAST_VALUES, drift
from autodisco.analysis.frames import Frames
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.quantities import chosen
from autodisco.analysis.quantity import with_error
from autodisco.analysis.statistics import series_root_mean
from autodisco.arrays import Floats, Indices

CLEAR_DRIFT, SMALL_DRIFT = 3.0, 0.05  # in standard errors; as a share


class Gyration(Observable):
    """Radius of gyration of the chains, where they are known."""

    quantities = chosen("radius_of_gyration_angstrom")
    needs_ions = False

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._squares: list[Floats] = []

    def add(self, frames: Frames) -> None:
        """Mean over the chains, of each frame."""
        composition = self.run.composition
        if composition.chains:
            self._squares.append(squared_radii(frames.continuous, composition.masses, composition.chains))

    def result(self) -> Mapping[str, Any]:
        """Root of the mean square over chains and frames."""
        if not self._squares:
            return {}
        return with_error("radius_of_gyration_angstrom", series_root_mean(np.concatenate(self._squares)))

    def warnings(self) -> list[str]:
        """Of chains that change their size."""
        return relaxing(np.concatenate(self._squares)) if self._squares else []


def relaxing(squared: Floats) -> list[str]:
    """A warning where mean squared radii of gyration (F,) in Å² still change in the last quarter of the run."""
    if len(squared) < 2 * LEAST_VALUES:
        return []
    radii = np.sqrt(squared)
    change, error = drift(radii)
    if abs(change) <= max(CLEAR_DRIFT * (error or 0.0), SMALL_DRIFT * radii.mean()):
        return []
    return [
        f"the chains still relax: their radius of gyration changed by {change:+.2f} Å in the last quarter of "
        "the run; equilibrate longer"
    ]


def squared_radii(positions: Floats, masses: Floats, chains: Sequence[Indices]) -> Floats:
    """Squared radius of gyration about the centre of mass, mean over `chains` of whole molecules, (frames,), Å²."""
    total = np.zeros(len(positions))
    for chain in chains:
        weights = masses[chain] / masses[chain].sum()
        x = positions[:, chain]
        centre = np.einsum("fnk,n->fk", x, weights)
        total += np.einsum("fnk,fnk,n->f", x, x, weights) - (centre**2).sum(axis=1)
    return total / len(chains)
