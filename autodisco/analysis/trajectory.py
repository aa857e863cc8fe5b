"""The part of a trajectory that ion transport needs, whatever file it came from.

Only ions and coordinating atoms are kept, so a long run of a large box fits in memory although it is read as a stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autodisco.errors import InputError

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

HETEROATOMS = frozenset({"N", "O", "S", "P"})


@dataclass(frozen=True)
class Composition:
    """Who is who among the atoms of a box, by index.

    Attributes
    ----------
    elements : per atom
    masses : (n_atoms,), g/mol
    cations : (n_cations,)
    anion_centres : (n_anions,), the atom that stands for the anion's position
    anion_atoms, anion_of : (m,), coordinating atoms and the anion 0 … n_anions - 1 each belongs to
    polymer : (p,), all atoms of the chains
    """

    elements: tuple[str, ...]
    masses: Floats
    cations: Indices
    anion_centres: Indices
    anion_atoms: Indices
    anion_of: Indices
    polymer: Indices
    cation_charge: float
    anion_charge: float
    polymer_mass_g_per_mol: float

    def polymer_atoms(self) -> tuple[Indices, bool]:
        """The N, O, S, P atoms of the chains and True, or all heavy atoms and False where there are none."""
        hetero = [k for k in self.polymer if self.elements[k] in HETEROATOMS]
        heavy = [k for k in self.polymer if self.elements[k] != "H"]
        return np.array(hetero or heavy, dtype=np.int64), bool(hetero)


@dataclass(frozen=True)
class IonTrajectory:
    """Unwrapped positions in Å of ions and coordinating atoms, about the centre of mass of the whole box.

    Attributes
    ----------
    cells : (F, 3, 3), rows a, b, c
    cations, anions : (F, n, 3), anions by their centres
    anion_atoms : (F, m, 3), coordinating atoms, of anions `anion_of` (m,)
    polymer_atoms : (F, p, 3), heteroatoms of the chains when `polymer_coordinates`, else all their heavy atoms
    """

    source: Path
    monomer_smiles: str
    temperature_k: float
    frame_interval_ps: float
    cells: Floats
    cations: Floats
    anions: Floats
    anion_atoms: Floats
    anion_of: Indices
    polymer_atoms: Floats
    polymer_coordinates: bool
    cation_charge: float
    anion_charge: float
    mass_g_per_mol: float
    polymer_mass_g_per_mol: float

    @property
    def n_frames(self) -> int:
        """Number of frames F."""
        return len(self.cells)

    @property
    def length_ps(self) -> float:
        """Time between the first and the last frame."""
        return (self.n_frames - 1) * self.frame_interval_ps

    @property
    def concentration_molal(self) -> float:
        """Cations in mol per kg of polymer."""
        return 1000 * self.cations.shape[1] / self.polymer_mass_g_per_mol


def collect(
    frames: Iterable[tuple[Floats, Floats]],
    who: Composition,
    source: Path,
    monomer_smiles: str,
    temperature_k: float,
    frame_interval_ps: float,
) -> IonTrajectory:
    """Stream frames (unwrapped positions (n_atoms, 3), cell (3, 3)) into an `IonTrajectory`.

    The drift of the centre of mass is taken out frame by frame; forgetting it turns a thermostat's random push on the
    whole box into diffusion.

    Raises
    ------
    InputError
        For a box without cations or anions, a trajectory without frames, atoms that are not finite, or ions that
        jump by more than half the box between frames, which means that positions were not unwrapped.
    """
    if not len(who.cations) or not len(who.anion_centres):
        raise InputError(f"{source}: {len(who.cations)} cations and {len(who.anion_centres)} anions; both are needed")
    polymer, coordinates = who.polymer_atoms()
    kept = np.concatenate([who.cations, who.anion_centres, who.anion_atoms, polymer])
    positions, cells = [], []
    for x, cell in _without_drift(frames, who.masses):
        positions.append(x[kept])
        cells.append(cell)
    if not positions:
        raise InputError(f"{source}: holds no frame")
    table = np.array(positions)
    if not np.isfinite(table).all():
        raise InputError(f"{source}: holds coordinates that are not finite")
    edges = np.cumsum([len(who.cations), len(who.anion_centres), len(who.anion_atoms)])
    cations, anions, anion_atoms, polymer_atoms = np.split(table, edges, axis=1)
    _check_unwrapped(source, np.concatenate([cations, anions], axis=1), np.array(cells))
    return IonTrajectory(
        source=source,
        monomer_smiles=monomer_smiles,
        temperature_k=temperature_k,
        frame_interval_ps=frame_interval_ps,
        cells=np.array(cells),
        cations=cations,
        anions=anions,
        anion_atoms=anion_atoms,
        anion_of=who.anion_of,
        polymer_atoms=polymer_atoms,
        polymer_coordinates=coordinates,
        cation_charge=who.cation_charge,
        anion_charge=who.anion_charge,
        mass_g_per_mol=float(who.masses.sum()),
        polymer_mass_g_per_mol=who.polymer_mass_g_per_mol,
    )


def _without_drift(frames: Iterable[tuple[Floats, Floats]], masses: Floats) -> Iterator[tuple[Floats, Floats]]:
    weights = masses / masses.sum()
    for positions, cell in frames:
        yield positions - weights @ positions, cell


def _check_unwrapped(source: Path, ions: Floats, cells: Floats) -> None:
    inverse = np.linalg.inv(cells[1:])
    jumps = np.abs(np.diff(ions, axis=0) @ inverse)
    if jumps.size and jumps.max() > 0.5:
        raise InputError(
            f"{source}: an ion moves by {jumps.max():.2f} of the box between two frames; "
            "positions have to be unwrapped and frames close in time"
        )
