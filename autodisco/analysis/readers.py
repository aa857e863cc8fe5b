"""Readers of two kinds of folders: replicas of this program, and trajectories of the HTP-MD database.

MDAnalysis takes a second to import. It is imported only when a DCD file is read.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.analysis.components import Component, components_of
from autodisco.analysis.dumps import Dump
from autodisco.analysis.elements import elements_by_mass, standard_masses, unknown_mass
from autodisco.analysis.trajectory import (
    Chunk,
    Composition,
    Neutral,
    Notes,
    Species,
    Trajectory,
    hosts_among,
    sites_of,
    tracers_among,
)
from autodisco.errors import InputError
from autodisco.files import PACKED, read_json


def read_folder(folder: Path, temperature_k: float | None = None, single: bool = False) -> Trajectory:
    """Read a replica folder (``system.json``) or an HTP-MD folder (``meta.json``).

    With `single`, box lengths of HTP-MD are rounded to single precision. Raises InputError if the folder is neither,
    and for files, keys or columns that are missing or cannot be read.
    """
    if (folder / "system.json").is_file():
        return read_replica(folder, temperature_k)
    if (folder / "meta.json").is_file():
        return read_htp_md(folder, temperature_k, single)
    if (folder / PACKED).is_file():
        raise InputError(f"{folder}: its files are packed; bring them back with: autodisco pack NAME --undo")
    raise InputError(
        f"{folder}: neither a replica (system.json) nor an HTP-MD folder (meta.json); for other trajectories "
        "name the files, with a + between replicas: TOPOLOGY TRAJECTORY + TOPOLOGY TRAJECTORY"
    )


def read_replica(folder: Path, temperature_k: float | None = None) -> Trajectory:
    """Read a replica folder: ``system.json`` describes the atoms, ``trajectory.dcd`` holds unwrapped positions (Å)."""
    system = _json(folder / "system.json")
    source = folder / "trajectory.dcd"
    if not source.is_file() and (folder / "ions.dcd").is_file():
        raise InputError(
            f"{source}: removed by `autodisco clean` or simulation.keep; ions.dcd and ions.pdb hold the ions alone"
        )
    try:
        composition = _composition(system)
        cations = [part for part in components_of(system) if part.role == "cation"]
        contacts = [part.contact_a for part in cations if part.contact_a]
        shells = [part.shell_a for part in cations if part.shell_a]
        # Before the run has ended, only the trajectory holds the box.
        cell = np.diag(np.asarray(system["box_a"], dtype=np.float64)) if system["box_a"] else _dcd_cell(source)
        return Trajectory(
            source=source,
            composition=composition,
            chunks=lambda length: _dcd_chunks(source, cell, len(composition.masses), length),
            unwrapped=True,
            temperature_k=float(system["temperature_k"] if temperature_k is None else temperature_k),
            frame_interval_ps=float(system["frame_interval_ps"]),
            monomer_smiles=str(system["monomer_smiles"]),
            neutral_mass=float(system.get("matrix_mass_g_per_mol") or system["polymer_mass_g_per_mol"]),
            formula_units=sum(salts.values()) if (salts := system.get("salts")) is not None else None,
            cluster_cutoff=max(contacts, default=Trajectory.cluster_cutoff),
            coordination_cutoff=max(shells, default=Trajectory.coordination_cutoff),
            fit_ps=(float(lags[0]), float(lags[1])) if (lags := system.get("fit_ps")) else None,
        )
    except KeyError as missing:
        raise InputError(
            f"{folder / 'system.json'}: key {missing} is missing; the folder of a replica has it"
        ) from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'system.json'}: a value is of the wrong kind ({error})") from None


def _composition(system: dict[str, Any]) -> Composition:
    """The composition that ``system.json`` describes. Raises KeyError, TypeError or ValueError."""
    elements = np.array(system["elements"])
    parts = components_of(system)
    ions = sorted((part for part in parts if part.charge), key=lambda part: part.charge < 0)  # cations first
    neutral = [part for part in parts if not part.charge]
    atoms = {part.name: np.concatenate([np.arange(*span) for span in part.atoms]) for part in neutral}
    neutral_atoms = np.concatenate([np.empty(0, np.int64), *atoms.values()])
    return Composition(
        elements=elements,
        masses=np.asarray(system["masses"], dtype=np.float64),
        species=tuple(_species(part, [other for other in ions if other.role == part.role]) for part in ions),
        neutral_atoms=neutral_atoms,
        hosts=hosts_among(neutral_atoms, elements),
        chains=tuple(np.arange(*span) for part in neutral if part.role == "polymer" for span in part.atoms),
        neutrals=tuple(
            Neutral(
                part.name,
                part.role,
                part.count,
                tracers_among(atoms[part.name], elements)[:, None]
                if part.role == "polymer"
                else np.array([np.arange(*span) for span in part.atoms]),
            )
            for part in neutral
        ),
    )


def _species(part: Component, of_its_sign: Sequence[Component]) -> Species:
    """Ions of one species, named cations or anions if it is the only species with its sign of charge."""
    owner = np.searchsorted([start for start, _ in part.atoms], part.coordinating, side="right") - 1
    return Species(
        f"{part.role}s" if len(of_its_sign) == 1 else part.name,
        part.charge,
        np.array(part.centres, dtype=np.int64)[:, None],
        np.array(part.coordinating, dtype=np.int64),
        owner.astype(np.int64),
        label=part.name,
    )


def read_htp_md(folder: Path, temperature_k: float | None = None, single: bool = False) -> Trajectory:
    """Read an HTP-MD folder: ``meta.json`` holds the atom types of the ions, ``traj.lammpstrj`` the frames.

    Anions are the molecules with an atom of the anion type; this atom is the position of the anion. Coordinating atoms
    of anions are N, O and S, or the halogens of an anion without them. Charges are ±1, as in that database.
    """
    meta, source = _json(folder / "meta.json"), folder / "traj.lammpstrj"
    try:
        cation_type, anion_type = int(meta["cation_raw_type"]), int(meta["anion_raw_type"])
        low, high = meta["polymer_raw_type_range"]
        interval, monomer = float(meta["time_step"]), str(meta["mol_smiles"])
        temperature = float(meta["temperature"] if temperature_k is None else temperature_k)
    except KeyError as missing:
        raise InputError(f"{folder / 'meta.json'}: key {missing} is missing; an HTP-MD folder has it") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{folder / 'meta.json'}: a value is of the wrong kind ({error})") from None
    if not source.is_file():
        raise InputError(f"{source}: no such file; the folder is not whole")
    notes = Notes()
    dump = Dump([source], ("type", "mol", "mass"), single, dt_ps=interval, notes=notes)
    if dump.interval_ps and abs(dump.interval_ps - interval) > 0.01 * interval:
        notes.say(f"{source}: holds {dump.interval_ps:g} ps between frames, meta.json {interval:g} ps, which is used")
    atom_type, molecule = dump.first("type").astype(int), dump.first("mol").astype(int)
    elements = elements_by_mass(dump.first("mass"))
    if mass := unknown_mass(dump.first("mass"), elements):
        raise InputError(f"{source}: a mass of {mass:g} g/mol belongs to no element")
    centres = np.flatnonzero(atom_type == anion_type)
    order = {int(number): k for k, number in enumerate(molecule[centres])}
    if len(order) != len(centres):
        raise InputError(f"{source}: two atoms of the anion type {anion_type} share a molecule number")
    in_anions = np.flatnonzero(np.isin(molecule, molecule[centres]))
    sites = sites_of(in_anions, elements)
    cations = np.flatnonzero(atom_type == cation_type)
    polymer = np.flatnonzero((atom_type >= low) & (atom_type <= high))
    site_of = np.array([order[int(molecule[k])] for k in sites], dtype=np.int64)
    composition = Composition(
        elements=elements,
        masses=standard_masses(elements),
        species=(
            Species("cations", 1.0, cations[:, None], cations, np.arange(len(cations))),
            Species("anions", -1.0, centres[:, None], sites, site_of),
        ),
        neutral_atoms=polymer,
        hosts=hosts_among(polymer, elements),
    )
    return Trajectory(
        source=source,
        composition=composition,
        chunks=dump.chunks,
        unwrapped=dump.unwrapped,
        temperature_k=temperature,
        frame_interval_ps=interval,
        monomer_smiles=monomer.replace("[Cu]", "*").replace("[Au]", "*"),
        notes=notes,
    )


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


def _dcd_cell(path: Path) -> np.ndarray:
    with _dcd_reader(path) as reader:
        return np.array(reader[0].triclinic_dimensions, dtype=np.float64)


def _dcd_reader(path: Path) -> Any:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    from MDAnalysis.coordinates.DCD import DCDReader

    with warnings.catch_warnings():
        # MDAnalysis warns of a future change of its DCD reader in any case.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return DCDReader(str(path))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: not a readable DCD file ({error})") from None


def _dcd_chunks(path: Path, cell: np.ndarray, n_atoms: int, length: int) -> Iterator[Chunk]:
    with _dcd_reader(path) as reader:
        if reader.n_atoms != n_atoms:
            raise InputError(
                f"{path}: {reader.n_atoms} atoms, but system.json describes {n_atoms}; both have to be of one replica"
            )
        for start in range(0, reader.n_frames, length):
            stop = min(start + length, reader.n_frames)
            positions = reader.timeseries(start=start, stop=stop, order="fac").astype(np.float64)
            yield Chunk(positions, np.broadcast_to(cell, (len(positions), 3, 3)))
