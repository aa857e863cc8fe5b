"""Trajectories of any program: a topology that MDAnalysis reads, and selections that say which atoms are ions.

Positions come from the compiled reader where the trajectory is a LAMMPS text dump, else from MDAnalysis.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.dumps import Dump
from autodisco.analysis.elements import elements_and_masses
from autodisco.analysis.foreign import Foreign
from autodisco.analysis.formats import is_topology_only, structure_among_trajectories, topology_alone
from autodisco.analysis.ion_checks import check_charge, check_left_out, check_molecule
from autodisco.analysis.ion_names import distinct, ion_label
from autodisco.analysis.molecules import METALS, Geometry, check_groups, molecules, numbering
from autodisco.analysis.opening import beginning, is_dump, is_lammps_data, known_format, opened
from autodisco.analysis.trajectory import Chunk, Composition, Notes, Species, Trajectory, hosts_among, sites_of
from autodisco.analysis.units import masses_in, units_of
from autodisco.arrays import Indices
from autodisco.errors import InputError

LONGEST_BOND, MOST_LONG = 6.0, 0.2  # Å, of beads; the share of bonds that may be longer
WORDS = ("type", "name", "element", "resname", "resid")  # of the selection language, for what topologies hold
# Columns of LAMMPS data files (https://docs.lammps.org/read_data.html#atoms-section) in MDAnalysis' words.
ATOM_STYLES = {
    "full": "id resid type charge x y z",
    **dict.fromkeys(("molecular", "bond", "angle"), "id resid type x y z"),
    "charge": "id type charge x y z",
    "atomic": "id type x y z",
}


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
    frames = _frame_files(topology, files)
    notes, style = Notes(), _style(topology)
    reader: Dump | Foreign
    if is_dump(frames[0]):
        reader = Dump(frames, dt_ps=dt_ps, style=style, notes=notes)
        universe = reader.universe() if is_dump(topology) else _universe(topology)
        if reader.n_atoms != len(universe.atoms):
            raise InputError(
                f"{frames[0]}: {reader.n_atoms} atoms, but {topology} describes {len(universe.atoms)}; "
                "give the topology of this trajectory"
            )
        by_mol = reader.has("mol") if is_dump(topology) else None
    else:
        universe, by_mol = _universe(topology), None
        reader = Foreign(frames, len(universe.atoms), dt_ps, notes)
        if not files and reader.n_frames == 1:
            raise topology_alone(topology)
    if style not in (None, "real", "metal", "electron") and hasattr(universe.atoms, "masses"):
        universe.atoms.masses = masses_in(topology, style, universe.atoms.masses, notes)
    if isinstance(reader, Dump) and not is_dump(topology):
        _check_types(topology, universe, reader)
    _check_bonds(topology, universe, reader.sample, notes)
    interval = _interval(frames[0], reader.interval_ps, dt_ps, notes)
    composition = _composition(topology, universe, chosen, reader.sample, by_mol, notes)
    return Trajectory(
        source=frames[0],
        composition=composition,
        chunks=reader.chunks,
        unwrapped=isinstance(reader, Dump) and reader.unwrapped,
        temperature_k=temperature_k,
        frame_interval_ps=interval,
        n_frames=None if isinstance(reader, Dump) else reader.n_frames,
        notes=notes,
    )


def _frame_files(topology: Path, files: Sequence[Path]) -> list[Path]:
    """The files that hold the frames, in their order. Raises InputError for those that cannot be read together."""
    for path in (topology, *files):
        if not path.is_file():
            raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: a folder; name its files")
        if not beginning(path):
            raise InputError(f"{path}: is empty, or holds compressed data that end before the first of them is whole")
    if not files and not is_dump(topology) and (is_topology_only(topology) or is_lammps_data(topology)):
        raise topology_alone(topology)
    if files and known_format(topology) and not (is_dump(files[0]) or known_format(files[0])):
        raise InputError(f"{topology}: holds no topology; give the topology first: {files[0]} {topology}")
    # A dump that serves as topology is the first of those that follow, unless it is given twice.
    frames = [topology, *(path for path in files if path != topology)] if is_dump(topology) else list(files)
    frames = frames or [topology]
    dumped = [is_dump(path) for path in frames]
    if any(dumped) and not all(dumped):
        if structure := next((path for path in frames if is_lammps_data(path)), None):
            raise structure_among_trajectories(structure)
        raise InputError(f"{frames[0]}: LAMMPS dumps and other formats cannot be mixed in one trajectory")
    return frames


def _interval(source: Path, told_ps: float | None, dt_ps: float | None, notes: Notes) -> float:
    """Time between frames in ps; what a person gives counts more than what the files tell."""
    interval = dt_ps or told_ps
    if not interval:
        raise InputError(f"{source}: does not tell the time between frames; give it with --dt, in ps")
    if not 0 < interval < np.inf:
        raise InputError(f"{source}: {interval} ps between frames; give the time between frames with --dt, in ps")
    if dt_ps and told_ps and abs(dt_ps - told_ps) > 0.01 * dt_ps:
        notes.say(f"{source}: tells {told_ps:g} ps between frames, --dt {dt_ps:g} ps; --dt counts")
    return float(interval)


def _universe(topology: Path) -> Any:
    """An MDAnalysis universe of the atoms of a topology, with what the file holds and nothing guessed."""
    import MDAnalysis

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            known = {"topology_format": "DATA", **_columns(topology)} if is_lammps_data(topology) else {}
            return MDAnalysis.Universe(str(topology), to_guess=(), **known)
        except Exception as error:  # MDAnalysis raises whatever its parsers do
            said = " ".join(str(error.__context__ or error).split())[:120]
            if "atoms section" in said:
                raise InputError(
                    f"{topology}: the section Atoms lacks the columns of its atom style; write the style beside "
                    f"it, such as 'Atoms # charge' (one of {', '.join(ATOM_STYLES)})"
                ) from None
            raise InputError(f"{topology}: MDAnalysis cannot read this ({type(error).__name__}: {said})") from None


def _columns(data: Path) -> dict[str, str]:
    """How MDAnalysis is told the columns of a LAMMPS data file whose atom style it does not recognise."""
    with opened(data) as stream:
        heads = (line.split() for line in io.BufferedReader(stream) if line.startswith(b"Atoms"))
        style = next((head[2].decode(errors="replace") for head in heads if len(head) == 3 and head[1] == b"#"), "")
    return {"atom_style": ATOM_STYLES[style]} if style in ATOM_STYLES else {}


def _style(topology: Path) -> str | None:
    """The unit style that the first line of a LAMMPS data file names, as `write_data` writes it."""
    if is_dump(topology) or not is_lammps_data(topology):
        return None
    found = re.match(rb"[^\n]*\bunits\s*=\s*(\w+)", beginning(topology))
    style = found.group(1).decode() if found else None
    units_of(topology, style)
    return style


def _check_types(topology: Path, universe: Any, dump: Dump) -> None:
    """Refuse a data file and a dump whose atoms are of different types."""
    stated = [str(kind) for kind in getattr(universe.atoms, "types", ())]
    if dump.has("type") and stated and all(kind.isdigit() for kind in stated):
        differ = np.flatnonzero(np.array(stated, dtype=np.float64) != dump.first("type"))
        if len(differ):
            k = differ[0]
            raise InputError(
                f"{topology}: atom {k + 1} is of type {stated[k]}, but of type {dump.first('type')[k]:g} in the "
                "trajectory; both have to hold the same atoms, and the same ids"
            )


def _check_bonds(topology: Path, universe: Any, sample: Callable[[int], Chunk], notes: Notes) -> None:
    """Leave out bonds that are none, since they would make one molecule of several; refuse a topology of other atoms.

    CONECT records of a PDB name serial numbers, which begin anew after 99,999. Then a record names several atoms.
    """
    bonds: Any = getattr(universe, "bonds", ())
    if not len(bonds):
        return
    ids = getattr(universe.atoms, "ids", ())
    if len(np.unique(ids)) < len(ids):
        universe.delete_bonds(bonds)
        notes.say(
            f"{topology}: several atoms have one serial number, so that bonds name more than one; bonds are not used, "
            "and residues number molecules"
        )
        return
    first = sample(1)
    i, j = np.asarray(bonds.indices).T
    apart = first.positions[0, i] - first.positions[0, j]
    apart -= np.rint(apart @ np.linalg.inv(first.cells[0])) @ first.cells[0]
    long = np.linalg.norm(apart, axis=1) > LONGEST_BOND
    told = (
        f"{topology}: {np.count_nonzero(long)} of {len(i)} bonds are longer than {LONGEST_BOND:g} Å in the first frame"
    )
    if long.mean() > MOST_LONG:
        raise InputError(f"{told}; the atoms of the topology have to be those of the trajectory, in the same order")
    if long.any():
        universe.delete_bonds(bonds[long])
        notes.say(f"{told}; these are left out")


def _composition(
    source: Path, universe: Any, chosen: Selections, sample: Callable[[int], Chunk], by_mol: bool | None, notes: Notes
) -> Composition:
    elements, masses = elements_and_masses(source, universe, notes, optional=chosen.coordinating is not None)
    named = None if chosen.coordinating is None else _select(universe, chosen.coordinating, "--coordinating").indices
    picked, taken = _picked(universe, chosen), np.zeros(len(elements), bool)
    for option, _, _, atoms in picked:
        if taken[atoms].any():
            raise InputError(f"{option}: holds atoms of an ion selected before; select each atom once")
        taken[atoms] = True
    geometry = Geometry(elements, sample, source)
    kinds = [(option, atoms) for option, _, _, atoms in picked]
    numbers = molecules(numbering(universe, by_mol), geometry, kinds, source, notes)
    labels = distinct(
        [ion_label(universe, elements, np.flatnonzero(numbers == numbers[atoms[0]]), atoms[0]) for *_, atoms in picked],
        [selection for _, selection, _, _ in picked],
    )
    species = [
        _species(label, charge, atoms, numbers, elements, named, option)
        for (option, _, charge, atoms), label in zip(picked, labels, strict=True)
    ]
    species = [_called(kind, species) for kind in species]
    total = sum(kind.n * kind.charge for kind in species)
    stated = getattr(universe.atoms, "charges", None)
    ions = np.zeros(len(elements), bool)
    for (option, _, charge, atoms), kind in zip(picked, species, strict=True):
        said = f"{source}: {option}"
        if charge < 0 and np.isin(elements[atoms], METALS).all():
            raise InputError(
                f"{said}: selects {elements[atoms[0]]}, which is a cation; are cations and anions swapped?"
            )
        check_groups(numbers, geometry, atoms, charge, kind.n * charge - total, said, notes)
        inside = np.isin(numbers, numbers[atoms])
        if not check_charge(stated, numbers, np.flatnonzero(inside), kind.n, charge, said, notes):
            check_molecule(numbers, geometry, atoms, charge, said, notes)
        if (ions & inside).any():
            raise InputError(f"{option}: holds atoms of an ion selected before; select each atom once")
        ions |= inside
    neutral_atoms = np.flatnonzero(~ions)
    check_left_out(elements, neutral_atoms, notes, source)
    hosts = hosts_among(neutral_atoms, elements) if named is None else np.intersect1d(named, neutral_atoms)
    return Composition(elements, masses, tuple(species), neutral_atoms, hosts)


def _picked(universe: Any, chosen: Selections) -> list[tuple[str, str, float, Indices]]:
    """Of each kind of ion: its option in messages, its selection, its charge and its atoms."""
    found = []
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
            atoms = _select(universe, selection, option).indices
            found.append((f"{option} '{selection}'", selection, charges[k % len(charges)], atoms))
    return found


def _select(universe: Any, selection: str, option: str) -> Any:
    try:
        atoms = universe.select_atoms(selection)
    except AttributeError:
        raise InputError(
            f"{option} '{selection}': the topology does not hold this property of atoms; it holds "
            f"{', '.join(word for word in WORDS if hasattr(universe.atoms, f'{word}s'))}: select by one of these"
        ) from None
    except Exception as error:  # a syntax error
        raise InputError(f"{option} '{selection}': {' '.join(str(error).split())}") from None
    if not len(atoms):
        raise InputError(
            f"{option} '{selection}': selects no atom; the names, types and residues are those of the topology"
        )
    return atoms


def _called(kind: Species, species: Sequence[Species]) -> Species:
    """The species, called cations or anions if it is the only one with its sign of charge."""
    of_its_sign = [other for other in species if (other.charge > 0) == (kind.charge > 0)]
    return kind if len(of_its_sign) > 1 else replace(kind, name="cations" if kind.charge > 0 else "anions")


def _species(
    label: str,
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
        whole = np.bincount(molecules)[numbers]
        raise InputError(
            f"{option}: ions of {sizes.min()} to {sizes.max()} atoms, in molecules of {whole.min()} to {whole.max()} "
            "atoms; select the same atoms of every ion and none of polymer or solvent, or give a topology with "
            "bonds or residues"
        )
    inside = np.flatnonzero(np.isin(molecules, numbers))
    inside = inside[np.argsort(molecules[inside], kind="stable")]
    sites = inside[np.isin(inside, named)] if named is not None and charge < 0 else sites_of(inside, elements)
    site_of = np.searchsorted(numbers, molecules[sites])
    if without := len(numbers) - len(np.unique(site_of)):
        raise InputError(f"{option}: {without} of {len(numbers)} ions have none of the atoms that hold cations")
    return Species(label, charge, atoms.reshape(len(numbers), -1), sites, site_of, label)
