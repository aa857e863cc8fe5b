"""Readers of the two kinds of folder: replicas of this program, and trajectories of the HTP-MD database.

MDAnalysis takes a second to import and is only loaded when a DCD file is really read.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import DTypeLike

from autodisco.analysis.trajectory import Composition, Floats, IonTrajectory, collect
from autodisco.errors import InputError
from autodisco.files import read_json

# Standard atomic masses (IUPAC 2013, abridged); elements of the atoms of a LAMMPS file are known by the nearest one.
ATOMIC_MASSES = {
    "H": 1.008, "Li": 6.94, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998403163, "Na": 22.98976928,
    "Mg": 24.305, "Al": 26.9815385, "Si": 28.085, "P": 30.973761998, "S": 32.06, "Cl": 35.45, "K": 39.0983,
    "Ca": 40.078, "Zn": 65.38, "Br": 79.904, "I": 126.90447,
}  # fmt: skip
HALOGENS = frozenset({"F", "Cl", "Br", "I"})


def read_replica(folder: Path, temperature_k: float | None = None) -> IonTrajectory:
    """A replica folder: ``system.json`` says which atom is what, ``trajectory.dcd`` holds unwrapped positions in Å.

    Raises InputError for a file or key that is missing, and for a trajectory that does not fit the system.
    """
    system = _json(folder / "system.json")
    source = folder / "trajectory.dcd"
    try:
        anions = [np.asarray(atoms, dtype=np.int64) for atoms in system["anions"]]
        who = Composition(
            elements=tuple(system["elements"]),
            masses=np.asarray(system["masses"], dtype=np.float64),
            cations=np.asarray(system["cations"], dtype=np.int64),
            anion_centres=np.asarray(system["anion_centres"], dtype=np.int64),
            anion_atoms=np.concatenate([np.empty(0, np.int64), *anions]),
            anion_of=np.repeat(np.arange(len(anions)), [len(atoms) for atoms in anions]),
            polymer=np.arange(system["n_polymer_atoms"]),
            cation_charge=float(system["cation_charge"]),
            anion_charge=float(system["anion_charge"]),
            polymer_mass_g_per_mol=float(system["polymer_mass_g_per_mol"]),
        )
        cell = np.diag(np.asarray(system["box_a"], dtype=np.float64))
        interval = float(system["frame_interval_ps"])
        monomer = str(system["monomer_smiles"])
        temperature = float(system["temperature_k"] if temperature_k is None else temperature_k)
    except KeyError as missing:
        raise InputError(f"{folder / 'system.json'}: key {missing} is missing") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'system.json'}: a value is of the wrong kind ({error})") from None
    return collect(_dcd_frames(source, cell, len(who.masses)), who, source, monomer, temperature, interval)


def read_htp_md(folder: Path, temperature_k: float | None = None, box_type: DTypeLike = np.float64) -> IonTrajectory:
    """An HTP-MD folder: ``meta.json`` names the atom types of the ions, ``traj.lammpstrj`` holds the frames.

    Anions are the molecules that hold an atom of the anion type; their N, O and S atoms coordinate, or their halogens
    where there are none. Charges are ±1, as in that database. `box_type` is the precision in which its program holds
    box lengths.

    Raises InputError for a file, key or column that is missing or cannot be read.
    """
    meta, source = _json(folder / "meta.json"), folder / "traj.lammpstrj"
    try:
        cation_type, anion_type = int(meta["cation_raw_type"]), int(meta["anion_raw_type"])
        low, high = meta["polymer_raw_type_range"]
        interval, monomer = float(meta["time_step"]), str(meta["mol_smiles"])
        temperature = float(meta["temperature"] if temperature_k is None else temperature_k)
    except KeyError as missing:
        raise InputError(f"{folder / 'meta.json'}: key {missing} is missing") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'meta.json'}: a value is of the wrong kind ({error})") from None
    frames = _dump_frames(source, box_type)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{source}: holds no frame")
    atom_type, molecule, raw_mass = first[0]
    elements = tuple(_element(mass) for mass in raw_mass)
    masses = np.array([ATOMIC_MASSES[element] for element in elements])
    centres = np.flatnonzero(atom_type == anion_type)
    in_anion = np.isin(molecule, molecule[centres])
    wanted = {"N", "O", "S"} if np.isin(np.array(elements)[in_anion], ["N", "O", "S"]).any() else HALOGENS
    anion_atoms = np.flatnonzero(in_anion & np.isin(elements, sorted(wanted)))
    order = {int(number): k for k, number in enumerate(molecule[centres])}
    if len(order) != len(centres):
        raise InputError(f"{source}: two atoms of the anion type {anion_type} share a molecule number")
    polymer = np.flatnonzero((atom_type >= low) & (atom_type <= high))
    who = Composition(
        elements=elements,
        masses=masses,
        cations=np.flatnonzero(atom_type == cation_type),
        anion_centres=centres,
        anion_atoms=anion_atoms,
        anion_of=np.array([order[int(molecule[k])] for k in anion_atoms], dtype=np.int64),
        polymer=polymer,
        cation_charge=1.0,
        anion_charge=-1.0,
        polymer_mass_g_per_mol=float(masses[polymer].sum()),
    )

    def positions() -> Iterator[tuple[Floats, Floats]]:
        yield first[1], first[2]
        for identity, x, cell in frames:
            if len(x) != len(atom_type) or not np.array_equal(identity[0], atom_type):
                raise InputError(f"{source}: atoms change between frames")
            yield x, cell

    monomer = monomer.replace("[Cu]", "*").replace("[Au]", "*")
    return collect(positions(), who, source, monomer, temperature, interval)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: an object with keys expected")
    return content


def _element(mass: float) -> str:
    return min(ATOMIC_MASSES, key=lambda element: abs(ATOMIC_MASSES[element] - mass))


def _dcd_frames(path: Path, cell: Floats, n_atoms: int) -> Iterator[tuple[Floats, Floats]]:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    from MDAnalysis.coordinates.DCD import DCDReader

    with warnings.catch_warnings():
        # MDAnalysis announces a change of its DCD reader whatever one does.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            reader = DCDReader(str(path))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a readable DCD file ({error})") from None
    with reader:
        if reader.n_atoms != n_atoms:
            raise InputError(f"{path}: {reader.n_atoms} atoms, but system.json describes {n_atoms}")
        for frame in reader:
            yield frame.positions.astype(np.float64), cell


def _dump_frames(path: Path, box_type: DTypeLike) -> Iterator[tuple[tuple[Any, Any, Any], Floats, Floats]]:
    """Frames of a LAMMPS text dump in order of atom id: (type, molecule, mass), unwrapped positions, cell."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with open(path) as handle:
        while line := handle.readline():
            if not line.strip():
                continue
            try:
                yield _dump_frame(handle, line, box_type)
            except (ValueError, IndexError) as error:
                raise InputError(f"{path}: not a complete LAMMPS dump ({error})") from None


def _dump_frame(handle: TextIO, line: str, box_type: DTypeLike) -> tuple[tuple[Any, Any, Any], Floats, Floats]:
    n_atoms, cell = 0, np.eye(3)
    while not line.startswith("ITEM: ATOMS"):
        if not line:
            raise ValueError("the last frame breaks off")
        if line.startswith("ITEM: NUMBER OF ATOMS"):
            n_atoms = int(handle.readline())
        elif line.startswith("ITEM: BOX BOUNDS"):
            cell = _dump_cell(np.array([handle.readline().split() for _ in range(3)], dtype=np.float64), box_type)
        line = handle.readline()
    columns = line.split()[2:]
    unwrapped = "xu" in columns
    wanted = ["id", "type", "mol", "mass", *(("xu", "yu", "zu") if unwrapped else ("x", "y", "z", "ix", "iy", "iz"))]
    if missing := [name for name in wanted if name not in columns]:
        raise ValueError(f"columns {', '.join(missing)} are missing")
    table = np.loadtxt(handle, usecols=[columns.index(name) for name in wanted], max_rows=n_atoms, ndmin=2)
    if len(table) != n_atoms:
        raise ValueError(f"{len(table)} of {n_atoms} atoms in the last frame")
    table = table[np.argsort(table[:, 0])]
    x = table[:, 4:7] if unwrapped else table[:, 4:7] + table[:, 7:10] @ cell
    return (table[:, 1].astype(int), table[:, 2].astype(int), table[:, 3]), x, cell


def _dump_cell(bounds: Floats, box_type: DTypeLike) -> Floats:
    """Rows a, b, c from LAMMPS bounds (3, 2), or (3, 3) with the tilt factors xy, xz, yz in the last column."""
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    low = bounds[:, 0] - [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = bounds[:, 1] - [max(0, xy, xz, xy + xz), max(0, yz), 0]
    lx, ly, lz = (high - low).astype(box_type).astype(np.float64)
    return np.array([[lx, 0, 0], [xy, ly, 0], [xz, yz, lz]])
