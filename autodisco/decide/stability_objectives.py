"""Objectives of the electrochemical window, which quantum chemistry calculates (docs/stability.md).

The errors are root mean squares over the molecules of the calibration, each left out of it once.
"""

from autodisco.decide.objective import Objective

TBLITE = "tblite", "stability"


def _oxidation(smiles: str) -> float | None:
    from autodisco.stability import oxidation_potential  # rdkit, which readers do without

    return oxidation_potential(smiles)


def _reduction(smiles: str) -> float | None:
    from autodisco.stability import reduction_potential

    return reduction_potential(smiles)


def _window(smiles: str) -> float | None:
    from autodisco.stability import window_width

    return window_width(smiles)


OXIDATION_POTENTIAL = Objective(
    name="oxidation potential",
    column="oxidation_potential_v",
    label="oxidation potential against Li/Li⁺, without salt",
    symbol="Eox",
    unit="V",
    spread=0.6,
    structure=_oxidation,
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
    structure=_reduction,
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
    structure=_window,
    structure_sem=0.62,
    needs=TBLITE,
)
