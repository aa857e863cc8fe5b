"""Whether the atoms that were selected as ions are ions: by charges in the file, electrons, size and what is left."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.ion_names import hill_formula
from autodisco.analysis.molecules import METALS, Geometry
from autodisco.analysis.trajectory import Notes
from autodisco.arrays import Indices
from autodisco.errors import InputError

LEAST_SHARE, MUCH_CHARGE = 0.5, 1.6  # times the stated charge
NO_CHARGE = 0.05  # e; rounded charges of a neutral molecule add up to less
LARGE = 30
"""Atoms without hydrogen of a molecule; larger ions are rare (C16TFSI has 15, trihexyltetradecylphosphonium 33)."""


def check_charge(
    charges: Any, numbers: Indices, inside: Indices, n: int, charge: float, said: str, notes: Notes
) -> bool:
    """Compare the stated charge with the charges in the file; True if these confirm it.

    Force fields scale the charges of ions down to 0.7 or so. A file whose charges are all zero tells none. One whose
    molecules are all neutral holds charges that do not know ions (Gasteiger's, for example), so it is noted only.

    Parameters
    ----------
    charges : of all atoms in e, or None
    numbers : of the molecule of each atom
    inside : atoms of the `n` molecules of these ions
    charge : stated, in e

    Raises
    ------
    InputError
        For neutral molecules beside charged ones, for charges of the other sign, and for more than `MUCH_CHARGE` times
        the stated charge.
    """
    of_atoms = np.zeros(1) if charges is None else np.asarray(charges, dtype=np.float64)[inside]
    if np.abs(of_atoms).max() < 1e-3:
        return False
    of_file = float(of_atoms.sum()) / n
    share = of_file / charge
    of_molecules = np.bincount(np.unique(numbers, return_inverse=True)[1], weights=charges)
    if abs(of_file) < NO_CHARGE and np.abs(of_molecules).max() > LEAST_SHARE:
        raise InputError(
            f"{said}: the selected atoms are in neutral molecules by the charges in the file ({len(inside) // n} atoms "
            "each), which are no ions; select the ions themselves"
        )
    if share < -LEAST_SHARE or share > MUCH_CHARGE:
        raise InputError(
            f"{said}: an ion carries {of_file:+.3g} e by the charges in the file, not {charge:+g} e; select single "
            "ions, or give their charge with --cation-charge or --anion-charge"
        )
    if LEAST_SHARE <= share <= 1.2:
        return True
    notes.say(f"{said}: an ion carries {of_file:+.3g} e by the charges in the file; {charge:+g} e is used")
    return False


def check_molecule(
    numbers: Indices, geometry: Geometry, atoms: Indices, charge: float, said: str, notes: Notes
) -> None:
    """Note ions that are neutral molecules by their electrons, or a small part of a large molecule.

    A molecule without unpaired electrons has an even number of them. One of C and H that is neutral with an even
    number has an odd one with a charge of ±1 e. Fragments, whose bonds leave the molecule, are not counted.

    Parameters
    ----------
    numbers : of the molecule of each atom
    atoms : selected as this kind of ion
    """
    first = np.flatnonzero(numbers == numbers[atoms[0]])
    selected = int(np.isin(first, atoms).sum())
    elements = geometry.elements[first]
    heavy = int((elements != "H").sum())
    part = f"{said}: the selected atoms are {selected} of {len(first)} atoms of a molecule"
    if _is_odd(elements, charge) and not _is_fragment(numbers, geometry, first):
        notes.say(
            f"{part}, {hill_formula(elements.tolist())}, which has an odd number of electrons with {charge:+g} e, as "
            "a neutral molecule with a charge has: is it polymer or solvent, and are the ions other atoms?"
        )
    elif heavy > LARGE and selected < heavy / 2:
        notes.say(f"{part}, all of which counts as one ion of {charge:+g} e: is it a chain of the polymer?")


def check_left_out(elements: NDArray[np.str_], neutral: Indices, notes: Notes, source: object) -> None:
    """Note metals that were not selected: as atoms without bonds they are cations, not polymer or solvent."""
    for metal in METALS:
        if n := int((elements[neutral] == metal).sum()):
            notes.say(
                f"{source}: {n} {metal} are not selected as cations and count as polymer or solvent; are they ions?"
            )


def _is_odd(elements: NDArray[np.str_], charge: float) -> bool:
    """Whether a molecule of C, H and other known elements has an odd number of electrons with a charge in e."""
    if not {"C", "H"} <= set(elements.tolist()) or (elements == "").any() or charge != round(charge):
        return False
    from MDAnalysis.guesser.tables import SYMB2Z

    return bool((sum(SYMB2Z[str(symbol)] for symbol in elements) - round(charge)) % 2)


def _is_fragment(numbers: Indices, geometry: Geometry, inside: Indices) -> bool:
    """Whether atoms of a molecule are as near as bonded ones to atoms of others."""
    i, j = geometry.bonds(inside, np.arange(len(numbers)))
    return bool((numbers[i] != numbers[j]).any())
