"""Objectives of the electrochemical window, which quantum chemistry calculates (docs/stability.md).

The errors are root mean squares over the molecules of the calibration, each left out of it once.
"""

from functools import partial

from autodisco.decide.objective import Objective

TBLITE = "tblite", "stability"


def _calculated(name: str, text: str) -> float | None:
    """What the function `name` of `autodisco.stability` gives."""
    from autodisco import stability  # rdkit, which readers do without

    found: float | None = getattr(stability, name)(text)
    return found


OXIDATION_POTENTIAL = Objective(
    name="oxidation potential",
    column="oxidation_potential_v",
    label="oxidation potential against Li/Li⁺, without salt",
    symbol="Eox",
    unit="V",
    spread=0.6,
    structure=partial(_calculated, "oxidation_potential"),
    reads_materials=True,
    structure_sem=0.60,
    needs=TBLITE,
)

REDUCTION_POTENTIAL = Objective(
    name="reduction potential",
    column="reduction_potential_v",
    label="reduction potential against Li/Li⁺, without salt",
    symbol="Ered",
    unit="V",
    direction="lower",
    spread=0.6,
    structure=partial(_calculated, "reduction_potential"),
    reads_materials=True,
    structure_sem=0.15,
    needs=TBLITE,
)

ELECTROCHEMICAL_WINDOW = Objective(
    name="electrochemical window",
    column="electrochemical_window_v",
    label="electrochemical window, without salt",
    symbol="ΔE",
    unit="V",
    spread=0.6,
    structure=partial(_calculated, "window_width"),
    reads_materials=True,
    structure_sem=0.62,
    needs=TBLITE,
)
