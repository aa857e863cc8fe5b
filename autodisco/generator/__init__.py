"""A conditional language model that writes repeat units: fit it, sample it, save it.

The names below are loaded on first use: torch takes seconds to import, and settings and data sets do without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodisco.generator.dataset import DatasetRow, TrainingRow, classify, label_rows, put_aside, read_dataset
    from autodisco.generator.generator import Generator
    from autodisco.generator.metrics import score_samples
    from autodisco.generator.settings import GeneratorSettings, Sampling

_HOME = {
    "DatasetRow": "dataset",
    "TrainingRow": "dataset",
    "classify": "dataset",
    "label_rows": "dataset",
    "put_aside": "dataset",
    "read_dataset": "dataset",
    "Generator": "generator",
    "score_samples": "metrics",
    "GeneratorSettings": "settings",
    "Sampling": "settings",
}

__all__ = [
    "DatasetRow",
    "Generator",
    "GeneratorSettings",
    "Sampling",
    "TrainingRow",
    "classify",
    "label_rows",
    "put_aside",
    "read_dataset",
    "score_samples",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
