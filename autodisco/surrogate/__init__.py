"""Property models: what a polymer that has not been simulated probably conducts."""

from autodisco.surrogate.property_model import PropertyModel, fit_judge

__all__ = ["PropertyModel", "fit_judge"]
