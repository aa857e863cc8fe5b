"""A built or simulated box as files of other programs: each format is one writer, listed here once.

A writer gets a `Box` and a folder. What a format cannot express is refused before anything is written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodisco.errors import InputError
from autodisco.files import write_atomic, write_json
from autodisco.simulation.interchange import gromacs, structure
from autodisco.simulation.interchange.box import Box

__all__ = ["FORMATS", "Box", "Format", "chosen", "write"]

ENERGIES = "energies.json"


@dataclass(frozen=True)
class Format:
    """How a box is written for one program.

    Attributes
    ----------
    write : writes into a folder and returns the files
    obstacle : why the force field cannot be written in this format, as a sentence; None if it can
    has_folder : whether its files have a folder of their own
    """

    write: Callable[[Box, Path], list[Path]]
    obstacle: Callable[[Box], str | None] = lambda box: None
    has_folder: bool = True


def _lammps(box: Box, folder: Path) -> list[Path]:
    from autodisco.simulation.engines.lammps import Lammps

    Lammps().write(folder, box.system, box.steps_left, box.seed)
    return [folder / "system.data", folder / "in.lammps"]


def _openmm(box: Box, folder: Path) -> list[Path]:
    from autodisco.simulation.interchange import openmm_files

    return openmm_files.write(box, folder)


def _lammps_obstacle(box: Box) -> str | None:
    from autodisco.simulation.engines.lammps_data import styles

    try:
        styles(box.system, box.protocol.nonbonded.cutoff, box.protocol.nonbonded.kspace_accuracy)
    except InputError as error:
        return str(error)
    return None


def _openmm_obstacle(box: Box) -> str | None:
    if box.system.pair_rule is None:
        return "OpenMM needs a force field with a pair rule"
    if lacks := [form.name for form in box.system.forms if not form.has_openmm]:
        return f"OpenMM does not have the form {lacks[0]}"
    edge, cutoff = float(box.system.box.min()), box.protocol.nonbonded.cutoff
    return f"OpenMM needs edges of twice the cutoff, {2 * cutoff:g} Å, not {edge:.1f} Å" if edge < 2 * cutoff else None


def _pdb(box: Box, folder: Path) -> list[Path]:
    from autodisco.simulation.pdb import topology_pdb

    write_atomic(folder / "box.pdb", topology_pdb(box.system))
    return [folder / "box.pdb"]


def _cif(box: Box, folder: Path) -> list[Path]:
    write_atomic(folder / "box.cif", structure.mmcif(box.system))
    return [folder / "box.cif"]


FORMATS = {
    "lammps": Format(_lammps, _lammps_obstacle),
    "openmm": Format(_openmm, _openmm_obstacle),
    "gromacs": Format(gromacs.write, gromacs.obstacle),
    "pdb": Format(_pdb, has_folder=False),
    "cif": Format(_cif, has_folder=False),
}


def chosen(text: str) -> list[str]:
    """The formats that a text with commas names. Raises InputError for an unknown one."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in FORMATS]:
        raise InputError(f"--format {unknown[0]}: allowed are {', '.join(FORMATS)}, with commas between them")
    return list(dict.fromkeys(names))


def write(box: Box, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write a box in every format, and its energies by part for comparison if OpenMM has them; returns the files.

    Raises InputError, before anything is written, for a format that cannot express the force field.
    """
    for name in formats:
        if reason := FORMATS[name].obstacle(box):
            raise InputError(f"--format {name}: {reason}")
    written: list[Path] = []
    for name in formats:
        place = folder / name if FORMATS[name].has_folder else folder
        place.mkdir(parents=True, exist_ok=True)
        written += FORMATS[name].write(box, place)
    if FORMATS["openmm"].obstacle(box):
        return written
    write_json(folder / ENERGIES, energies(box))
    return [*written, folder / ENERGIES]


def energies(box: Box) -> dict[str, Any]:
    """Energies of the box as this program calculates them with OpenMM: by part, without the correction for van der
    Waals beyond the cutoff."""
    from autodisco.simulation.engines.openmm_engine import OpenMM

    parts = OpenMM().energy_parts(box.system, box.protocol.nonbonded)
    return {
        "unit": "kcal/mol",
        "parts": parts,
        "total": sum(parts.values()),
        "cutoff_a": box.protocol.nonbonded.cutoff,
        "tail_correction": False,
        "atoms": len(box.system.elements),
        "box_a": box.system.box.tolist(),
        **box.origin,
    }
