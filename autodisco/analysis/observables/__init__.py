"""The observables of this program, by name; a new one is a file here and a line below.

The order is that of the warnings in a result.
"""

from autodisco.analysis.observable import Observable
from autodisco.registry import Registry

HERE = "autodisco.analysis.observables"

BUILT_IN = {
    "run": f"{HERE}.run_length:RunLength",
    "box": f"{HERE}.box:Box",
    "displacement": f"{HERE}.displacement:Displacement",
    "species": f"{HERE}.species:SpeciesTransport",
    "clusters": f"{HERE}.clusters:Clusters",
    "conductivity": f"{HERE}.conductivity:Conductivity",
    "collective": f"{HERE}.collective:Collective",
    "coordination": f"{HERE}.coordination:CoordinationNumbers",
    "lifetimes": f"{HERE}.lifetimes:Lifetimes",
    "gyration": f"{HERE}.gyration:Gyration",
    "sampling": f"{HERE}.sampling:Sampling",
    "plausibility": f"{HERE}.plausibility:Plausibility",
    "htp-md": f"{HERE}.htp_md:HtpMd",
}

OBSERVABLES: Registry[type[Observable]] = Registry("observables", "observable", BUILT_IN, base=Observable)

DEFAULT = tuple(name for name in BUILT_IN if name != "htp-md")

OF_MODE = {"default": DEFAULT, "htp-md": ("run", "htp-md")}
"""Observables of each mode of the analysis; others can be asked for beside them."""
