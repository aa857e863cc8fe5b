"""From trajectories to transport properties, and from replicas to values with errors.

Importing this package is cheap: readers (MDAnalysis) and kernels (numba) are loaded by the first analysis.
"""

from autodisco.analysis.analyze import Analysis, analyze
from autodisco.analysis.properties import TransportProperties
from autodisco.analysis.replicas import Comparison, combine, compare

__all__ = ["Analysis", "Comparison", "TransportProperties", "analyze", "combine", "compare"]
