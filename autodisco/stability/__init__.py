"""Electrochemical stability: between which potentials a polymer is neither oxidised nor reduced (docs/stability.md).

The modules are imported when a name is used for the first time, because the process that calculates does without RDKit.
tblite and PySCF are imported in such processes only.
"""

from typing import TYPE_CHECKING

from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.stability.limits import (
        UNITS,
        Limits,
        Window,
        oxidation_potential,
        reduction_potential,
        window,
        window_width,
    )

__all__ = ["UNITS", "Limits", "Window", "oxidation_potential", "reduction_potential", "window", "window_width"]

__getattr__ = lazy_names(__name__, {"limits": __all__})
