"""The covariance of labels of all sources.

The truth of the target is a Gaussian process with the kernel ``a · similarity + p · patterns + b · linear +
q · quadratic + c``. A label is the truth turned about a level by the slope of its source, plus the offset, the
systematic error and the noise of the source (`autodisco.surrogate.sources`). Data sets do not follow the whole truth:
they lack a share of its quadratic part, the departure. It is zero in the middle of the HTP-MD table, and grows with the
distance from there, where data sets are extrapolated. The systematic error of a protocol or an experiment is as
structured as the truth, with a quadratic part of its own, so that values of polymers far from the middle say little
about the level of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Source

CURVED = 0.1
"""Weight of the quadratic kernel in the systematic error of protocols and experiments."""

DEPARTURE = 0.6
"""Share of the quadratic variance of the truth that data sets do not follow."""

FAR = 5.0
"""Mean square of the descriptors beyond which the quadratic kernel no longer grows."""


@dataclass(frozen=True)
class Hyperparameters:
    """Variances and slopes; arrays have one entry for each source, 1 and 0 for the target.

    Attributes
    ----------
    similarity, patterns, linear, quadratic, constant : variances of the parts of the truth
    slope : change of a value with the truth
    offset, offset_variance : normal distribution of the offset, over which the model is averaged
    systematic : variance of the systematic error, a factor of its kernel (`Kernels.systematic`); none in a data set
    noise : variance of one build
    """

    similarity: float
    patterns: float
    linear: float
    quadratic: float
    constant: float
    slope: Floats
    offset: Floats
    offset_variance: Floats
    systematic: Floats
    noise: Floats


@dataclass(frozen=True)
class Kernels:
    """Kernels of unit variance between polymers, shapes (n, m)."""

    similarity: Floats
    patterns: Floats
    linear: Floats
    quadratic: Floats

    @classmethod
    def between(cls, rows: Structures, others: Structures) -> "Kernels":
        """All kernels between two sets of structures."""
        quadratic = rows.distance(others)
        capped = [1.0 / np.hypot(1.0, each.distance_of_itself / FAR) for each in (rows, others)]
        np.square(quadratic, out=quadratic)
        quadratic *= capped[0][:, None]
        quadratic *= capped[1]
        return cls(*rows.alike(others), quadratic)

    @classmethod
    def of_each(cls, rows: Structures) -> "Kernels":
        """The kernels of each structure with itself, shapes (n,)."""
        one, far = np.ones(len(rows)), rows.distance_of_itself
        return cls(one, one, rows.linear_with_itself, np.square(far / np.hypot(1.0, far / FAR)))

    def among(self, rows: Indices, others: Indices | None = None) -> "Kernels":
        """The kernels between some rows and some columns; if these are left out, those of the same numbers."""
        block = np.ix_(rows, rows if others is None else others)
        return Kernels(*(kernel[block] for kernel in (self.similarity, self.patterns, self.linear, self.quadratic)))

    def truth(self, by: Hyperparameters) -> Floats:
        """Covariance of the truth."""
        covariance = by.similarity * self.similarity
        covariance += by.patterns * self.patterns
        covariance += by.linear * self.linear
        covariance += by.quadratic * self.quadratic
        covariance += by.constant
        return covariance

    @property
    def systematic(self) -> Floats:
        """Covariance of the systematic error of a source, in units of `Hyperparameters.systematic`."""
        return 0.25 * (self.similarity + self.patterns) + 0.5 * self.linear + CURVED * self.quadratic


def of_followed(
    kernels: Kernels, by: Hyperparameters, sources: Sequence[Source], source: Indices, others: Indices
) -> Floats:
    """Covariance of what values follow: the truth, for data sets without its departure; of the shape of the kernels.

    `source` and `others` are the numbers of the sources of rows and columns, with as many dimensions as the kernels.
    """
    covariance, whole = kernels.truth(by), np.array([one.follows_truth for one in sources])
    if not whole.all():
        covariance -= DEPARTURE * by.quadratic * np.where(whole[source] & whole[others], 0.0, kernels.quadratic)
    return covariance


def of_values(
    kernels: Kernels, by: Hyperparameters, sources: Sequence[Source], source: Indices, others: Indices
) -> Floats:
    """Covariance of values without noise, (n, m).

    Parameters
    ----------
    kernels : between their polymers, (n, m)
    source, others : number of the source of each row, (n,), and of each column, (m,)
    """
    covariance = of_followed(kernels, by, sources, source[:, None], others)
    covariance *= by.slope[source][:, None]
    covariance *= by.slope[others]
    for number, one in enumerate(sources):
        rows, columns = np.flatnonzero(source == number), np.flatnonzero(others == number)
        if one.reference or not len(rows) or not len(columns):
            continue
        error = by.systematic[number] * kernels.among(rows, columns).systematic if one.follows_truth else 0.0
        covariance[np.ix_(rows, columns)] += by.offset_variance[number] + error
    return covariance


def of_each_value(kernels: Kernels, by: Hyperparameters, sources: Sequence[Source], source: Indices) -> Floats:
    """Variance of each value without noise, (n,), from the kernels of each polymer with itself, (n,)."""
    variance = np.square(by.slope[source]) * of_followed(kernels, by, sources, source, source)
    for number, one in enumerate(sources):
        if not one.reference:
            error = by.offset_variance[number] + by.systematic[number] * kernels.systematic
            variance += np.where(source == number, error, 0.0)
    return variance


def of_labels(
    kernels: Kernels, by: Hyperparameters, sources: Sequence[Source], source: Indices, noise: Floats
) -> Floats:
    """Covariance of labels, noise on its diagonal.

    Parameters
    ----------
    kernels : between the polymers of the labels, (n, n)
    source : number of the source of each label, (n,)
    noise : variance of each label, (n,)
    """
    covariance = of_values(kernels, by, sources, source, source)
    covariance[np.diag_indices(len(source))] += noise
    return covariance
