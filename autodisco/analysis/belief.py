"""What is believed of a polymer after its values were compared with those of the others."""

from dataclasses import dataclass

BETTER_PROBABILITY = 0.95
"""Default probability from which a polymer is called better, or worse, than the reference."""

EXPECTED_SPREAD = 0.5
"""Expected standard deviation between polymers on the scale of the conductivity, decades."""

Z_90 = 1.6448536269514722
"""Ends of the interval of 90 % of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Belief:
    """Posterior of the mean value of a polymer over all possible builds.

    Attributes
    ----------
    median, low, high : median, and ends of the 90 % interval
    p_better : probability that the polymer is better than the reference; None for the reference, and if there is none
    against : ratio to the reference and the ends of its 90 % interval, on a linear scale the difference; None for the
        reference, where no posterior compares, and with a target
    """

    median: float
    low: float
    high: float
    p_better: float | None
    against: tuple[float, float, float] | None = None
