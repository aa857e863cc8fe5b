"""How much independent builds of one polymer differ."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scatter:
    """Standard deviation between builds on the scale of comparison (in decades on a logarithmic scale), and the degrees
    of freedom of this estimate."""

    sd: float
    degrees: float


UNKNOWN_SCATTER = Scatter(0.3, 2.0)
"""Scatter of a protocol that states none: 0.3 decades with two degrees of freedom. `quick` has 0.36 for the
conductivity, runs of 100 ps instead of 30 ps 0.16."""
