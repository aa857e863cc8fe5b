"""Elements of atoms that a file knows only by their mass."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Standard atomic masses (IUPAC 2013, abridged).
ATOMIC_MASSES = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403163, "Na": 22.98976928,
    "Mg": 24.305, "Al": 26.9815385, "Si": 28.085, "P": 30.973761998, "S": 32.06, "Cl": 35.45, "K": 39.0983,
    "Ca": 40.078, "Zn": 65.38, "Br": 79.904, "Rb": 85.4678, "I": 126.90447, "Cs": 132.90545196,
}  # fmt: skip


# Force fields round masses, and lithium may be 7Li; united atoms and repartitioned hydrogens lie further away.
TOLERANCE = 0.15


def elements_by_mass(masses: ArrayLike) -> NDArray[np.str_]:
    """Symbol of the element whose standard mass each mass in g/mol is within 0.15 of; empty where there is none."""
    given = np.asarray(masses, dtype=np.float64)
    off = np.abs(given[:, None] - np.array(list(ATOMIC_MASSES.values())))
    return np.where(off.min(axis=1) <= TOLERANCE, np.array(list(ATOMIC_MASSES))[off.argmin(axis=1)], "")


def unknown_mass(masses: ArrayLike, elements: NDArray[np.str_]) -> float | None:
    """The lowest mass without an element, as of united atoms or repartitioned hydrogens; None without any."""
    unknown = np.asarray(masses, dtype=np.float64)[elements == ""]
    return float(unknown.min()) if len(unknown) else None


def standard_masses(elements: NDArray[np.str_]) -> NDArray[np.float64]:
    """Standard masses of elements in g/mol."""
    return np.array([ATOMIC_MASSES[element] for element in elements])
