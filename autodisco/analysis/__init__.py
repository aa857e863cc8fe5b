"""From trajectories to transport properties, and from replicas to values with errors.

Importing this package is cheap: numpy is loaded by the first comparison, readers (MDAnalysis) and kernels (numba) by
the first analysis.
"""

from typing import TYPE_CHECKING

from autodisco.analysis.analyze import analyze
from autodisco.analysis.belief import BETTER_PROBABILITY, Belief
from autodisco.analysis.properties import Analysis, Properties
from autodisco.analysis.replicas import combine
from autodisco.analysis.scatter import UNKNOWN_SCATTER, Scatter
from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.analysis.comparison import Comparison, compare
    from autodisco.analysis.shrinkage import beliefs
else:
    __getattr__ = lazy_names(__name__, {"comparison": ("Comparison", "compare"), "shrinkage": ("beliefs",)})

__all__ = [
    "BETTER_PROBABILITY",
    "UNKNOWN_SCATTER",
    "Analysis",
    "Belief",
    "Comparison",
    "Properties",
    "Scatter",
    "analyze",
    "beliefs",
    "combine",
    "compare",
]
