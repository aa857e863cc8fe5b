"""autodisco discovers polymer electrolytes without a person in the loop.

The names below are the calls of Python (docs/python.md). Their modules are imported when one is used for the first
time, so that the command line starts quickly.
"""

from typing import TYPE_CHECKING

from autodisco import errors
from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.analysis import analyze, combine
    from autodisco.api.campaign import Campaign
    from autodisco.api.check import check, known_polymers
    from autodisco.api.predict import predict
    from autodisco.api.scan import scan
    from autodisco.api.simulate import over_temperature, simulate
    from autodisco.api.table import Table
    from autodisco.stability import window
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "analysis": ("analyze", "combine"),
            "api.campaign": ("Campaign",),
            "api.check": ("check", "known_polymers"),
            "api.predict": ("predict",),
            "api.scan": ("scan",),
            "api.simulate": ("over_temperature", "simulate"),
            "api.table": ("Table",),
            "stability": ("window",),
        },
    )

__all__ = [
    "Campaign",
    "Table",
    "analyze",
    "check",
    "combine",
    "errors",
    "known_polymers",
    "over_temperature",
    "predict",
    "scan",
    "simulate",
    "window",
]

__version__ = "0.2.0"


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted({*globals(), *__all__})
