"""Generators of repeat units: fit one to a training set, draw from it, save and load it."""

from autodisco.generator.base import GENERATORS, FitOptions, Generator, fit, generator_settings
from autodisco.generator.dataset import DatasetRow, TrainingRow, classify, label_rows, put_aside, read_dataset
from autodisco.generator.settings import GeneratorSettings, Sampling, SamplingSettings

__all__ = [
    "GENERATORS",
    "DatasetRow",
    "FitOptions",
    "Generator",
    "GeneratorSettings",
    "Sampling",
    "SamplingSettings",
    "TrainingRow",
    "classify",
    "fit",
    "generator_settings",
    "label_rows",
    "put_aside",
    "read_dataset",
]
