"""From trajectories to transport properties, and from replicas to values with errors.

Importing this package is cheap: readers (MDAnalysis) and kernels (numba) are loaded by the first analysis.
"""

from autodisco.analysis.analyze import analyze
from autodisco.analysis.comparison import UNKNOWN_SCATTER, Comparison, Scatter, compare
from autodisco.analysis.properties import Analysis, Properties
from autodisco.analysis.replicas import combine
from autodisco.analysis.shrinkage import BETTER_PROBABILITY, Belief, beliefs

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
