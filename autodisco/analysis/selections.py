"""Trajectories of any program: a topology that MDAnalysis reads, and selections that say which atoms are ions.

Positions come from the compiled reader where the trajectory is a LAMMPS text dump, else from MDAnalysis.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.dumps import Dump, is_dump
from autodisco.analysis.elements import ATOMIC_MASSES, elements_by_mass, unknown_mass
from autodisco.analysis.trajectory import (
    Chunk,
    Clock,
    Composition,
    Indices,
    Species,
    Trajectory,
    hosts_among,
    sites_of,
)
from autodisco.errors import InputError


@dataclass(frozen=True)
class Selections:
    """Which atoms are what, in MDAnalysis' selection language.

    Attributes
    ----------
    cation, anion : one selection per species; the centre of mass of the selected atoms of a molecule is its position
    cation_charge, anion_charge : in e, one per species, or one for all
    coordinating : atoms of every anion, and of polymer or solvent, that hold cations; None for the N, O and S of anions
        (halogens where they have none, then P) and the N, O, S and P of the others
    """

    cation: tuple[str, ...]
    anion: tuple[str, ...]
    cation_charge: tuple[float, ...] = (1.0,)
    anion_charge: tuple[float, ...] = (-1.0,)
    coordinating: str | None = None


def read_selected(
    topology: Path, files: Sequence[Path], chosen: Selections, temperature_k: float, dt_ps: float | None
) -> Trajectory:
    """A trajectory whose ions are named by selections.

    Parameters
    ----------
    topology : anything MDAnalysis reads as a topology, or a LAMMPS text dump
    files : trajectories in their order; none where the topology holds the frames
    dt_ps : time between frames; None takes it from the files

    Raises
    ------
    InputError
        For files that cannot be read or do not fit together, selections without atoms or with ions of different
        sizes, and trajectories without a box or a time step.
    """
    for path in (topology, *files):
        if not path.is_file():
            raise InputError(f"{path}: no such file")
    # A dump that serves as topology is the first of those that follow, unless it is given twice.
    frames = [topology, *(path for path in files if path != topology)] if is_dump(topology) else list(files)
    frames = frames or [topology]
    dumped = [is_dump(path) for path in frames]
    if any(dumped) and not all(dumped):
        raise InputError(f"{frames[0]}: LAMMPS dumps and other formats cannot be mixed in one trajectory")
    dump = Dump(frames) if all(dumped) else None
    universe = _universe(topology, [] if dump else list(files), dump)
    who = _composition(topology, universe, chosen)
    if dump:
        if dump.n_atoms != len(who.masses):
            raise InputError(f"{frames[0]}: {dump.n_atoms} atoms, but {topology} describes {len(who.masses)}")
        interval, unwrapped = dt_ps or dump.interval_ps, dump.unwrapped
    else:
        # LAMMPS writes its own unit of time into a DCD file, whatever that is.
        foreign = _is_lammps_data(topology) and any(path.suffix == ".dcd" for path in files)
        interval, unwrapped = dt_ps or (None if foreign else _interval(universe)), False
    if not interval:
        raise InputError(f"{frames[0]}: does not tell the time between frames; give it with --dt, in ps")
    if not 0 < interval < np.inf:
        raise InputError(f"{frames[0]}: {interval} ps between frames; give the time between frames with --dt, in ps")
    return Trajectory(
        source=frames[0],
        who=who,
        chunks=dump.chunks if dump else lambda length: _chunks(frames[0], universe, length, dt_ps),
        unwrapped=unwrapped,
        temperature_k=temperature_k,
        frame_interval_ps=float(interval),
        n_frames=None if dump else len(universe.trajectory),
    )


def _universe(topology: Path, files: list[Path], dump: Dump | None) -> Any:
    import MDAnalysis

    if dump and is_dump(topology):
        return dump.universe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            known = {"topology_format": "DATA"} if _is_lammps_data(topology) else {}
            return MDAnalysis.Universe(str(topology), *([[str(path) for path in files]] if files else []), **known)
        except Exception as error:  # MDAnalysis raises whatever its parsers do
            names = ", ".join(str(path) for path in (topology, *files))
            said = " ".join(str(error).split())[:120]
            raise InputError(f"{names}: MDAnalysis cannot read this ({type(error).__name__}: {said})") from None


def _is_lammps_data(path: Path) -> bool:
    """Whether a file is named as LAMMPS data files usually are."""
    return path.suffix in (".data", ".lmp", ".lammps", ".lammpsdata") or path.name.startswith("data.")


def _interval(universe: Any) -> float | None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        interval = float(universe.trajectory.dt)
    # MDAnalysis makes 1 ps up where a file does not tell, and says so.
    return None if any("no dt information" in str(warning.message) for warning in said) else interval


def _chunks(source: Path, universe: Any, length: int, dt_ps: float | None) -> Iterator[Chunk]:
    n_frames, clock = len(universe.trajectory), Clock(source, "ps", dt_ps is not None)
    for start in range(0, n_frames, length):
        positions, cells = [], []
        for frame in range(start, min(start + length, n_frames)):
            try:
                now = universe.trajectory[frame]
            except (OSError, EOFError, ValueError) as error:
                raise InputError(f"{source}: frame {frame} cannot be read ({error})") from None
            if now.dimensions is None or not (now.dimensions[:3] > 0).all():
                raise InputError(f"{source}: frame {frame} has no periodic box")
            if not clock.advances(_time(now)):
                continue
            positions.append(now.positions.astype(np.float64))
            cells.append(np.asarray(now.triclinic_dimensions, dtype=np.float64))
        if positions:
            yield Chunk(np.array(positions), np.array(cells))


def _time(frame: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the time is made up, --dt has been asked for
        return float(frame.time)


def _composition(source: Path, universe: Any, chosen: Selections) -> Composition:
    elements, masses = _elements_and_masses(source, universe)
    molecules = _molecules(universe)
    named = None if chosen.coordinating is None else _select(universe, chosen.coordinating, "--coordinating").indices
    species, taken = [], np.zeros(len(elements), bool)
    for sign, selections, charges, direction, side in (
        ("cation", chosen.cation, chosen.cation_charge, 1, "positive"),
        ("anion", chosen.anion, chosen.anion_charge, -1, "negative"),
    ):
        option = f"--{sign}"
        if len(charges) not in (1, len(selections)):
            raise InputError(f"{option}-charge: {len(charges)} charges for {len(selections)} selections")
        wrong = [charge for charge in charges if not 0 < direction * charge < np.inf]
        if wrong:
            raise InputError(f"{option}-charge is {wrong[0]:g}; a {side} number expected")
        for k, selection in enumerate(selections):
            atoms = _select(universe, selection, option)
            if taken[atoms.indices].any():
                raise InputError(f"{option} '{selection}': holds atoms of an ion selected before")
            kind = _species(
                selection,
                charges[k % len(charges)],
                atoms.indices,
                molecules,
                elements,
                named,
                f"{option} '{selection}'",
            )
            taken[np.isin(molecules, molecules[atoms.indices])] = True
            species.append(kind)
    matrix = np.flatnonzero(~taken)
    hosts = hosts_among(matrix, elements) if named is None else np.intersect1d(named, matrix)
    if named is None and (mass := unknown_mass(masses, elements)):
        raise InputError(
            f"{source}: a mass of {mass:g} g/mol is that of no element; name the atoms that hold cations with "
            "--coordinating"
        )
    return Composition(elements, masses, tuple(species), matrix, hosts)


def _select(universe: Any, selection: str, option: str) -> Any:
    try:
        atoms = universe.select_atoms(selection)
    except Exception as error:  # a syntax error, or an attribute the topology does not have
        raise InputError(f"{option} '{selection}': {' '.join(str(error).split())}") from None
    if not len(atoms):
        raise InputError(f"{option} '{selection}': selects no atom")
    return atoms


def _species(
    name: str,
    charge: float,
    atoms: Indices,
    molecules: Indices,
    elements: Any,
    named: Indices | None,
    option: str,
) -> Species:
    atoms = atoms[np.argsort(molecules[atoms], kind="stable")]
    numbers, sizes = np.unique(molecules[atoms], return_counts=True)
    if len(set(sizes.tolist())) > 1:
        raise InputError(
            f"{option}: ions of {sizes.min()} to {sizes.max()} atoms; select the same atoms of every ion, "
            "or give a topology with bonds or residues"
        )
    inside = np.flatnonzero(np.isin(molecules, numbers))
    inside = inside[np.argsort(molecules[inside], kind="stable")]
    sites = inside[np.isin(inside, named)] if named is not None and charge < 0 else sites_of(inside, elements)
    site_of = np.searchsorted(numbers, molecules[sites])
    if without := len(numbers) - len(np.unique(site_of)):
        raise InputError(f"{option}: {without} of {len(numbers)} ions have none of the atoms that hold cations")
    return Species(name, charge, atoms.reshape(len(numbers), -1), sites, site_of)


def _molecules(universe: Any) -> Indices:
    """A number per atom that atoms of one molecule share: by bonds, else by residue, else each atom its own."""
    if len(getattr(universe, "bonds", ())):
        return np.asarray(universe.atoms.fragindices, dtype=np.int64)
    if len(universe.residues) > 1:
        return np.asarray(universe.atoms.resindices, dtype=np.int64)
    return np.arange(len(universe.atoms))


def _elements_and_masses(source: Path, universe: Any) -> tuple[Any, Any]:
    atoms = universe.atoms
    masses = np.asarray(getattr(atoms, "masses", np.zeros(len(atoms))), dtype=np.float64)
    elements = np.array([str(e).capitalize() for e in getattr(atoms, "elements", [""] * len(atoms))])
    if (elements == "").any():
        if not (masses > 0).all():
            raise InputError(f"{source}: tells neither elements nor masses of its atoms; use a topology that does")
        elements = np.where(elements == "", elements_by_mass(masses), elements)
    unknown = masses <= 0
    if unknown.any():
        masses = np.where(unknown, [ATOMIC_MASSES.get(e, 0.0) for e in elements], masses)
    return elements, masses
