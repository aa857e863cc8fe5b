"""A random forest on the structure of repeat units: the check beside the posterior, and the judge of generators.

It sees the same counts and descriptors as the Gaussian process and shares none of its assumptions. Its spread
is no reliable interval (it covers 78 % at a nominal 90 %), and it does not distinguish sources.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.errors import InputError
from autodisco.surrogate.similarity import Structures

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

TREES = 300
LEAST_VALUES = 20


class PropertyModel:
    """Estimates values on a scale, and whether they are above the border of a class.

    Examples
    --------
    >>> model = PropertyModel.fit(["*CCO*", "*CC*"] * 10, [-3.0, -6.0] * 10, seed=1)
    >>> model.set_border(["*CCO*", "*CC*"], top_fraction=0.5)
    >>> model.above_border(["*CCO*", "*CC*"]).tolist()
    [True, False]
    """

    def __init__(self, forest: "RandomForestRegressor", environments: Indices):
        self._forest, self._environments = forest, environments
        #: Estimate from which on a repeat unit counts as high.
        self.border = float("inf")

    @classmethod
    def fit(cls, smiles: Sequence[str], values: Sequence[float], *, seed: int) -> "PropertyModel":
        """Fit on repeat units and their values on the scale of the objective (log10 of S/cm for conductivities).

        The same arguments give the same model.

        Raises
        ------
        InputError
            There are fewer than 20 values.
        """
        if len(values) < LEAST_VALUES:
            raise InputError(
                f"a property model needs {LEAST_VALUES} conductivities above 0; there are {len(values)}; "
                "add rows with a value"
            )
        from sklearn.ensemble import RandomForestRegressor

        structures = Structures.of(smiles)
        environments = np.unique(structures.environments.bits)
        forest = RandomForestRegressor(
            TREES,
            max_features=0.33,
            min_samples_leaf=2,
            random_state=int(np.random.SeedSequence(seed).generate_state(1)[0]),
        )
        forest.fit(_columns(structures, environments), values)
        return cls(forest, environments)

    def predict(self, smiles: Sequence[str]) -> Floats:
        """Estimates for repeat units, shape (n,). Raises InvalidRepeatUnit for a string that is none."""
        if not len(smiles):
            return np.empty(0)
        said: Floats = self._forest.predict(_columns(Structures.of(smiles), self._environments))
        return said

    def set_border(self, smiles: Sequence[str], top_fraction: float) -> None:
        """Let the best `top_fraction` of the estimates for these repeat units be what counts as high.

        Estimates spread less than measured values, so that a border among measured values would not be reached by as
        many.
        """
        self.border = float(np.quantile(self.predict(smiles), 1 - top_fraction))

    def above_border(self, smiles: Sequence[str]) -> np.ndarray:
        """Whether each repeat unit is estimated to be high, booleans of shape (n,)."""
        return self.predict(smiles) >= self.border


def fit_judge(
    known: Sequence[tuple[str, float]], training: Sequence[str], top_fraction: float, seed: int
) -> Callable[[Sequence[str]], np.ndarray]:
    """`PropertyModel.above_border` of a model fitted to `known` repeat units and conductivities (S/cm, those above 0).

    The border is the best `top_fraction` of the estimates for the repeat units in `training`.
    """
    above = [(smiles, float(np.log10(value))) for smiles, value in known if value > 0]
    model = PropertyModel.fit([smiles for smiles, _ in above], [value for _, value in above], seed=seed)
    model.set_border(training, top_fraction)
    return model.above_border


def _columns(structures: Structures, environments: Indices) -> Floats:
    """Descriptors and counts of these environments, shape (n, d + k)."""
    return np.hstack([structures.descriptors, structures.counts_of(environments)])
