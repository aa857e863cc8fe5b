"""Unit styles of LAMMPS (https://docs.lammps.org/units.html) as factors to Å, ps and g/mol."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from autodisco.analysis.trajectory import Notes
from autodisco.arrays import Floats
from autodisco.errors import InputError

AVOGADRO = 6.02214076e23  # 1/mol, and g/mol in a gram per particle


class Units(NamedTuple):
    """What one unit of length, time and mass is in Å, ps and g/mol."""

    length: float
    time: float
    mass: float


STYLES = {
    "real": Units(1.0, 1e-3, 1.0),
    "metal": Units(1.0, 1.0, 1.0),
    "electron": Units(0.529177210903, 1e-3, 1.0),
    "nano": Units(10.0, 1e3, 1e-18 * AVOGADRO),
    "micro": Units(1e4, 1e6, 1e-12 * AVOGADRO),
    "si": Units(1e10, 1e12, 1e3 * AVOGADRO),
    "cgs": Units(1e8, 1e12, AVOGADRO),
}
HEAVIEST = 1000.0  # g/mol; no atom or bead is heavier


def units_of(path: Path, style: str | None) -> Units | None:
    """Factors of a unit style; None where none is named. Raises InputError for reduced and unknown units."""
    if style is None:
        return None
    if style == "lj":
        raise InputError(
            f"{path}: UNITS lj are reduced and tell no length in Å; convert lengths, times and masses to a style of "
            f"{', '.join(STYLES)}"
        )
    if style not in STYLES:
        raise InputError(f"{path}: UNITS {style!r} are unknown; allowed is one of {', '.join(STYLES)}")
    return STYLES[style]


def masses_in(path: Path, style: str | None, masses: Floats, notes: Notes) -> Floats:
    """Masses in g/mol; masses that are atoms' as they stand, and not in the unit of the style, are not converted."""
    factor = STYLES[style].mass if style in STYLES else 1.0
    converted = masses * factor
    if factor != 1.0 and converted.min() > HEAVIEST and masses.max() < HEAVIEST:
        notes.say(f"{path}: masses are taken for g/mol, since in UNITS {style} they would be no atom's")
        return masses
    return np.asarray(converted)
