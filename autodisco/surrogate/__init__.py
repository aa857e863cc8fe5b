"""Models of structure: what is believed of a polymer, given the values of others and of short simulations."""

from autodisco.analysis.scatter import Scatter
from autodisco.surrogate.calibration import coverage, widening
from autodisco.surrogate.estimates import LEVEL, TARGET, ConductivityEstimate, estimates, from_tables, labels_of
from autodisco.surrogate.far_off import FarOff, far_off
from autodisco.surrogate.posterior import PRIOR, Posterior, Prediction
from autodisco.surrogate.prior_mean import PriorMean
from autodisco.surrogate.property_model import PropertyModel, fit_judge
from autodisco.surrogate.similarity import similarity
from autodisco.surrogate.sources import Kind, Label, Normal, Priors, Source
from autodisco.surrogate.wish import Wish

__all__ = [
    "LEVEL",
    "PRIOR",
    "TARGET",
    "ConductivityEstimate",
    "FarOff",
    "Kind",
    "Label",
    "Normal",
    "Posterior",
    "Prediction",
    "PriorMean",
    "Priors",
    "PropertyModel",
    "Scatter",
    "Source",
    "Wish",
    "coverage",
    "estimates",
    "far_off",
    "fit_judge",
    "from_tables",
    "labels_of",
    "similarity",
    "widening",
]
