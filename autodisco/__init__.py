"""autodisco discovers polymer electrolytes without a person in the loop.

The names below are the calls of Python (docs/python.md). Their modules are imported when one is used for the first
time, so that the command line starts quickly.
"""

from typing import TYPE_CHECKING

from autodisco import errors
from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.analysis import analyze, combine
    from autodisco.api.build import build
    from autodisco.api.campaign import Campaign
    from autodisco.api.check import check, known_polymers
    from autodisco.api.generate import generate
    from autodisco.api.predict import predict
    from autodisco.api.scan import scan
    from autodisco.api.simulate import over_temperature, simulate
    from autodisco.api.table import Table
    from autodisco.api.train import train
    from autodisco.api.tune import tune
    from autodisco.stability import window
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "analysis": ("analyze", "combine"),
            "api.build": ("build",),
            "api.campaign": ("Campaign",),
            "api.check": ("check", "known_polymers"),
            "api.generate": ("generate",),
            "api.predict": ("predict",),
            "api.scan": ("scan",),
            "api.simulate": ("over_temperature", "simulate"),
            "api.table": ("Table",),
            "api.train": ("train",),
            "api.tune": ("tune",),
            "stability": ("window",),
        },
    )

__all__ = [
    "Campaign",
    "Table",
    "analyze",
    "build",
    "check",
    "combine",
    "errors",
    "generate",
    "known_polymers",
    "over_temperature",
    "predict",
    "scan",
    "simulate",
    "train",
    "tune",
    "window",
]

__version__ = "0.4.0"


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted({*globals(), *__all__})
