"""The command build: a box of a polymer electrolyte as files of other programs."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.options import (
    ARCHITECTURE,
    BLEND,
    COMONOMER,
    ION,
    JSON,
    MOLALITY_OF_SALT,
    NO_SALT,
    SALT,
    SEED_OF_BUILDS,
    SMILES,
    SOLVENT,
)
from autodisco.cli.output import message, print_json
from autodisco.errors import InputError
from autodisco.text import counted


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("build")(build)


def build(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SMILES|FILE|FOLDER", help=f"{SMILES} Or a formulation file (.toml), or the folder of a replica."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")],
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAMES",
            help="Of lammps, openmm, gromacs, pdb, cif, with commas; default: all that can express the force field.",
        ),
    ] = "",
    protocol: Annotated[
        str | None, typer.Option(help="Protocol that says how much is in the box; default: quick.")
    ] = None,
    force_field: Annotated[
        str | None, typer.Option(help="Force field: pcff+ (default), or path/to/file.py:class.")
    ] = None,
    seed: SEED_OF_BUILDS = 1,
    blend: BLEND = None,
    comonomer: COMONOMER = None,
    architecture: ARCHITECTURE = None,
    solvent: SOLVENT = None,
    salt: SALT = None,
    no_salt: NO_SALT = False,
    molality: MOLALITY_OF_SALT = None,
    ion: ION = None,
    as_json: JSON = False,
) -> None:
    """Build a box and write it for other programs.

    Of a repeat unit, a mixture or a formulation file a new box at low density; of the folder of a finished replica the
    last frame. energies.json holds the energies of the written coordinates, to compare with those of another program.
    """
    from autodisco.cli.mixture import Flags, subject
    from autodisco.simulation import interchange
    from autodisco.simulation.interchange.box import built, of_replica

    flags = Flags(blend, comonomer, architecture, solvent, salt, no_salt, molality, ion)
    wanted = interchange.chosen(formats)
    if (folder := Path(what)).is_dir():
        if given := [*flags.given, *["--protocol"] * bool(protocol)]:
            raise InputError(f"{given[0]} belongs to a new box, and {what} is the folder of a replica")
        box = of_replica(folder, force_field)
    else:
        box = built(subject(what, flags), protocol or "quick", force_field or "pcff+", seed)
    if not wanted:
        obstacles = {name: entry.obstacle(box) for name, entry in interchange.FORMATS.items()}
        wanted = [name for name, reason in obstacles.items() if reason is None]
        for name, reason in obstacles.items():
            if reason:
                message(f"{name} is left out: {reason}")
    written = interchange.write(box, out, wanted)
    if as_json:
        print_json({"files": written, "atoms": len(box.system.elements), "box_a": box.system.box, **box.origin})
    else:
        for path in written:
            print(path)
    state = "last frame of a replica" if box.is_simulated else "at low density, to be equilibrated"
    message(f"{counted(len(box.system.elements), 'atom')}, {state}")
