"""What is known of a value that the structure alone decides: it stands where a posterior stands for the others."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from autodisco.analysis.belief import Z_90
from autodisco.arrays import Floats
from autodisco.decide.objective import Objective

if TYPE_CHECKING:
    from autodisco.surrogate import Prediction

SOURCE = "structure"


class OfStructure:
    """Values of an objective with `Objective.structure`, on its scale, by the methods of a posterior.

    A polymer of which the value cannot be computed is taken to be like the average of those that are asked for with it,
    with the spread of the objective as its error.

    Parameters
    ----------
    objective : whose values they are
    known : values by canonical repeat unit that are not calculated again; None where the calculation gave none
    """

    target = SOURCE

    def __init__(self, objective: Objective, known: Mapping[str, float | None] = MappingProxyType({})):
        self._objective, self._known = objective, known

    def predict(self, smiles: Sequence[str]) -> "Prediction":
        """Value and standard error of each repeat unit, canonical."""
        from autodisco.surrogate import Prediction

        mean, sd = self._moments(smiles)
        return Prediction(mean, sd, mean - Z_90 * sd, mean + Z_90 * sd, {})

    def joint(self, smiles: Sequence[str]) -> tuple[Floats, Floats]:
        """Values (n,), and their covariance (n, n): errors of two polymers are independent."""
        mean, sd = self._moments(smiles)
        return mean, np.diag(sd**2)

    def draws(self, smiles: Sequence[str], n: int, rng: np.random.Generator) -> Floats:
        """Values with random errors, shape (n, len(smiles))."""
        mean, sd = self._moments(smiles)
        drawn: Floats = mean + sd * rng.standard_normal((n, len(mean)))
        return drawn

    def noise(self, source: str) -> float:
        """Standard error of a value."""
        return self._objective.structure_sem

    def _moments(self, smiles: Sequence[str]) -> tuple[Floats, Floats]:
        one = self._objective
        values = (self._known[unit] if unit in self._known else one.of_structure(unit) for unit in smiles)
        found = [None if value is None else one.scale.place(value) for value in values]
        known = [value for value in found if value is not None]
        middle = float(np.mean(known)) if known else 0.0
        mean = np.array([middle if value is None else value for value in found])
        sd = np.array([one.spread if value is None else one.structure_sem for value in found])
        return mean, sd
