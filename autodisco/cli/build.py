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
    from autodisco.api.build import build as built
    from autodisco.cli.mixture import Flags, subject

    flags = Flags(blend, comonomer, architecture, solvent, salt, no_salt, molality, ion)
    is_replica = Path(what).is_dir()
    if is_replica and flags.given:
        raise InputError(f"{flags.given[0]} belongs to a new box, and {what} is the folder of a replica")
    found = built(
        what if is_replica else subject(what, flags),
        out,
        formats.split(","),
        protocol=protocol,
        force_field=force_field,
        seed=seed,
    )
    for name, reason in found.left_out.items():
        message(f"{name} is left out: {reason}")
    if as_json:
        print_json(found)
    else:
        for path in found.files:
            print(path)
    state = "last frame of a replica" if found.box.is_simulated else "at low density, to be equilibrated"
    message(f"{counted(found.atoms, 'atom')}, {state}")
