"""A box of a polymer electrolyte as files of other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.api.builds import subject_of
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.simulation.batch import Subject
    from autodisco.simulation.interchange import Box


@dataclass(frozen=True)
class Built:
    """A box and its files.

    Attributes
    ----------
    files : that were written
    box : with `system`, the atoms and the parameters of the force field
    left_out : why a format was left out, by its name
    """

    files: list[Path]
    box: Box
    left_out: Mapping[str, str]

    @property
    def atoms(self) -> int:
        """Number of atoms."""
        return len(self.box.system.elements)

    def to_dict(self) -> dict[str, Any]:
        """As ``autodisco build --json`` prints it; edges of the box in Å."""
        return {"files": self.files, "atoms": self.atoms, "box_a": self.box.system.box, **self.box.origin}


def build(
    what: str | Path | Subject,
    out: str | Path,
    formats: Sequence[str] = (),
    *,
    protocol: str | None = None,
    force_field: str | None = None,
    seed: int = 1,
) -> Built:
    """Build a box and write it for other programs.

    Parameters
    ----------
    what : as `autodisco.simulate` takes it, for a new box at low density, or the folder of a finished replica, for its
        last frame
    out : folder for the files
    formats : of ``lammps``, ``openmm``, ``gromacs``, ``pdb`` and ``cif``; by default all that can express the force
        field
    protocol : says how much is in a new box, by default ``quick``
    force_field : by default ``pcff+``; of a replica that of its run
    seed : of a new box

    Raises
    ------
    InputError
        For a polymer, folder, protocol, force field or format that cannot be used.
    """
    from autodisco.simulation import interchange
    from autodisco.simulation.interchange.box import built, of_replica

    wanted = interchange.chosen(",".join(formats))
    if isinstance(what, str | Path) and Path(what).is_dir():
        if protocol:
            raise InputError(f"--protocol belongs to a new box, and {what} is the folder of a replica")
        box = of_replica(Path(what), force_field)
    else:
        box = built(subject_of(what), protocol or "quick", force_field or "pcff+", seed)
    obstacles = {} if wanted else {name: entry.obstacle(box) for name, entry in interchange.FORMATS.items()}
    wanted = wanted or [name for name, reason in obstacles.items() if reason is None]
    files = interchange.write(box, Path(out), wanted)
    return Built(files, box, {name: reason for name, reason in obstacles.items() if reason})
