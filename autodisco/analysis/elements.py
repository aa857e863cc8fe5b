"""Elements and masses of atoms: as a file states them, by mass, or by name; what is no element stays without."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autodisco.analysis.opening import is_dump
from autodisco.analysis.trajectory import Notes
from autodisco.arrays import Floats
from autodisco.errors import InputError

# Standard atomic masses (IUPAC 2013, abridged).
ATOMIC_MASSES = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403163, "Na": 22.98976928,
    "Mg": 24.305, "Al": 26.9815385, "Si": 28.085, "P": 30.973761998, "S": 32.06, "Cl": 35.45, "K": 39.0983,
    "Ca": 40.078, "Zn": 65.38, "Br": 79.904, "Rb": 85.4678, "I": 126.90447, "Cs": 132.90545196,
}  # fmt: skip
SYMBOLS = frozenset(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb "
    "Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au "
    "Hg Tl Pb Bi".split()
)
DEUTERIUM, LITHIUM_7 = 2.014, 7.016
# Force fields round masses, to two digits after the point or to whole numbers. United atoms are close to elements: CH2
# (14.027) to N, CH4 (16.043) to O, CF (31.009) to P, C2H4 (28.054) to Si.
TOLERANCE, HEAVY, HEAVY_TOLERANCE = 0.012, 50.0, 0.15
# Hydrogens whose mass was raised at the cost of their neighbours: OH then weighs as much as N, NH as much as C.
REPARTITIONED = (1.1, 6.0)

# Residues of one atom in CHARMM and GROMACS topologies.
ION_NAMES = {
    "LIT": "Li", "SOD": "Na", "POT": "K", "CES": "Cs", "RUB": "Rb", "CAL": "Ca", "CLA": "Cl", "BRO": "Br", "IOD": "I",
    "FLU": "F", "MGA": "Mg",
}  # fmt: skip
TWO_LETTERS = ("Cl", "Br", "Si", "Li", "Zn", "Al")  # in molecules; CA, NA, CD … begin with their element there
ONE_LETTER = "HCNOFPSBI"


def elements_by_mass(masses: ArrayLike) -> NDArray[np.str_]:
    """Symbol of the element of each mass in g/mol, empty where there is none.

    A mass is an element's within 0.012 g/mol of the standard one (0.15 above 50 g/mol), or where it is that rounded to
    a whole number or to one digit after the point; deuterium counts as H, and 7Li as Li.
    """
    given = np.asarray(masses, dtype=np.float64)
    standard = np.array(list(ATOMIC_MASSES.values()))
    off = np.abs(given[:, None] - standard)
    allowed = np.where(standard > HEAVY, HEAVY_TOLERANCE, TOLERANCE)
    digits = [np.abs(given * ten - np.rint(given * ten))[:, None] < 1e-6 for ten in (1, 10)]
    rounded = (digits[0] & (off <= 0.5)) | (digits[1] & (off <= 0.05 + 1e-9))
    close = (off <= allowed) | rounded
    best = np.where(close, off, np.inf).argmin(axis=1)
    symbols = np.where(close.any(axis=1), np.array(list(ATOMIC_MASSES))[best], "")
    symbols = np.where(np.abs(given - DEUTERIUM) < 0.003, "H", symbols)
    return np.where(np.abs(given - LITHIUM_7) < 0.003, "Li", symbols)


def unknown_mass(masses: ArrayLike, elements: NDArray[np.str_]) -> float | None:
    """The lowest mass without an element, as of united atoms or repartitioned hydrogens; None without any."""
    unknown = np.asarray(masses, dtype=np.float64)[elements == ""]
    return float(unknown.min()) if len(unknown) else None


def standard_masses(elements: NDArray[np.str_]) -> Floats:
    """Standard masses of elements in g/mol."""
    return np.array([ATOMIC_MASSES[element] for element in elements])


def element_by_name(name: str, residue: str, alone: bool) -> str:
    """Symbol of the element that an atom's name begins with, empty where it begins with none.

    `alone`: the atom is a residue by itself, as ions are; there CA is calcium, in a molecule it is carbon.
    """
    letters = re.sub("[^A-Za-z]", "", name)
    pair, single = letters[:2].capitalize(), letters[:1].upper()
    if alone:
        for text in (letters.upper(), residue.upper()):
            if text in ION_NAMES:
                return ION_NAMES[text]
        for symbol in (pair, single):
            if symbol in ATOMIC_MASSES:
                return symbol
        return ""
    if pair in TWO_LETTERS:
        return pair
    return "H" if single == "D" and len(letters) == 1 else single if single in ONE_LETTER else ""


def elements_and_masses(source: Any, universe: Any, notes: Notes, optional: bool) -> tuple[NDArray[np.str_], Floats]:
    """Elements (empty where unknown) and masses in g/mol of the atoms of an MDAnalysis universe that guesses nothing.

    Parameters
    ----------
    optional : whether atoms may be without an element, because the coordinating ones were named by a selection

    Raises
    ------
    InputError
        Naming the first atom that has neither element nor mass; or, unless `optional`, no element.
    """
    atoms = universe.atoms
    n = len(atoms)
    stated = hasattr(atoms, "masses")
    masses = np.nan_to_num(np.asarray(atoms.masses, dtype=np.float64)) if stated else np.zeros(n)
    elements = np.array([_symbol(e) for e in getattr(atoms, "elements", [""] * n)], dtype="<U2")
    placeholder = 0.0
    if stated and n > 1 and len(set(masses.tolist())) == 1 and masses[0] > 0 and not _alike(atoms, elements):
        notes.say(f"{source}: all atoms have a mass of {masses[0]:g}, which is no mass; it is left aside")
        placeholder, stated, masses = masses[0], False, np.zeros(n)
    if stated:
        elements = _by_mass(source, elements, masses, notes)
    elif (elements == "").any() and hasattr(atoms, "names"):
        elements = _by_name(source, atoms, elements, notes)
    without = np.flatnonzero((elements == "") & ((masses <= 0) if not stated else np.zeros(n, bool)))
    if len(without):
        raise _without_element(source, _named(atoms, without[0], masses), placeholder)
    unknown = np.flatnonzero(elements == "")
    if len(unknown) and not optional:
        k = unknown[masses[unknown].argmin()]
        raise InputError(
            f"{source}: a mass of {masses[k]:g} g/mol belongs to no element ({_named(atoms, k, masses)}); name the "
            "atoms that hold cations with --coordinating: those of every anion, and those of polymer or solvent"
        )
    bare = masses <= 0
    if bare.any():
        masses = np.where(bare, [ATOMIC_MASSES.get(e, 0.0) for e in elements], masses)
    if rare := sorted({e for e, mass in zip(elements, masses, strict=True) if e and mass <= 0}):
        raise InputError(f"{source}: the mass of {rare[0]} is not known; use a topology that holds masses")
    return elements, masses


def _without_element(source: Any, atom: str, placeholder: float) -> InputError:
    """The error for an atom that has neither element nor mass; `placeholder` is a mass that all atoms have, else 0."""
    if placeholder:
        return InputError(
            f"{source}: all masses are {placeholder:g}, which are placeholders, and no elements are stated ({atom}); "
            "write the masses of the atoms into the file, or use a topology with elements"
        )
    way = "use a topology that does"
    if is_dump(Path(source)):
        way = "name the data file before it, or write a column mass or element (dump_modify element)"
    return InputError(f"{source}: tells neither elements nor masses of its atoms: {atom} has none; {way}")


def _symbol(text: Any) -> str:
    """An element's symbol as a file writes it, with charge or in capitals; empty for other text."""
    found = re.sub("[^A-Za-z]", "", str(text)).capitalize()
    return "H" if found == "D" else found if found in SYMBOLS else ""


def _alike(atoms: Any, elements: NDArray[np.str_]) -> bool:
    """Whether all atoms may have the same mass: of one element, and of one type or name."""
    kinds: Sequence[Any] = getattr(atoms, "types", getattr(atoms, "names", [""]))
    return len(set(elements.tolist())) == 1 and len(set(map(str, kinds))) <= 1


def _by_mass(source: Any, elements: NDArray[np.str_], masses: Floats, notes: Notes) -> NDArray[np.str_]:
    by_mass = elements_by_mass(masses)
    odd = (masses > REPARTITIONED[0]) & (masses < REPARTITIONED[1]) & (by_mass == "") & np.isin(elements, ("", "H"))
    if odd.any():
        by_mass = np.where(masses > LITHIUM_7 + 0.1, "", by_mass)
        if (elements == "").any():
            notes.say(
                f"{source}: a mass of {masses[odd].min():g} g/mol is that of a repartitioned hydrogen; other masses "
                "then tell no element either"
            )
    differ = np.flatnonzero((elements != "") & (by_mass != "") & (by_mass != elements))
    if len(differ):
        k = differ[0]
        notes.say(
            f"{source}: {len(differ)} atoms are of another element by their mass, such as {elements[k]} of "
            f"{masses[k]:g} g/mol; the element counts"
        )
    taken = (elements == "") & (by_mass != "")
    if "H" not in by_mass and "H" not in elements and (whole := masses[taken & np.isin(masses, (14.0, 16.0))]).size:
        notes.say(
            f"{source}: masses of {whole[0]:g} g/mol are read as {elements_by_mass(whole[:1])[0]} though there is no "
            "hydrogen; if these are united atoms, give --coordinating"
        )
    return np.where(elements == "", by_mass, elements)


def _by_name(source: Any, atoms: Any, elements: NDArray[np.str_], notes: Notes) -> NDArray[np.str_]:
    residues = atoms.resindices
    alone = np.bincount(residues)[residues] == 1
    names = getattr(atoms, "resnames", [""] * len(atoms))
    kinds = {
        key: element_by_name(*key)
        for key in dict.fromkeys(zip(map(str, atoms.names), map(str, names), alone.tolist(), strict=True))
    }
    guessed = np.array(
        [kinds[key] for key in zip(map(str, atoms.names), map(str, names), alone.tolist(), strict=True)], dtype="<U2"
    )
    found = np.where(elements == "", guessed, elements)
    examples: dict[str, list[str]] = {}
    # Atoms that are a residue of their own first: these are the ions.
    for (name, _, _), symbol in sorted(kinds.items(), key=lambda item: (not item[0][2], -len(item[1]))):
        if symbol and name not in (names_of := examples.setdefault(symbol, [])):
            names_of.append(name)
    shown = [f"{symbol}: {' '.join(some[:3])}{' …' * (len(some) > 3)}" for symbol, some in examples.items()]
    beads = "" if "H" in found else "; none is hydrogen: for united atoms and beads, give --coordinating"
    notes.say(f"{source}: elements are read from the names of atoms ({'; '.join(shown)}){beads}")
    return found


def _named(atoms: Any, k: int, masses: Floats) -> str:
    told = [
        f"{what} {getattr(atoms, attribute)[k]}"
        for what, attribute in (("name", "names"), ("type", "types"), ("residue", "resnames"))
        if hasattr(atoms, attribute)
    ]
    mass = [f"mass {masses[k]:g}"] if masses[k] > 0 else []
    return f"atom {k + 1} ({', '.join([*told, *mass])})" if told or mass else f"atom {k + 1}"
