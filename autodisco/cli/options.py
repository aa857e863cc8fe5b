"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from autodisco.limits import LEAST_TIMEOUT_MINUTES, MOLALITY

FILE = Annotated[Path, typer.Argument(metavar="FILE", help="A campaign file (TOML), or the folder of a campaign.")]
NAME = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="Campaign: its name, folder or campaign file; default: the most recent."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ENGINE = (
    "Program that runs the dynamics: a name that `autodisco doctor` lists, or path/to/file.py:class; auto is one that "
    "finds a GPU, otherwise lammps."
)
"""Help text of ``--engine``."""
PROTOCOL_OF_BUILDS = Annotated[
    str, typer.Option(help="Name of a shipped protocol, or a TOML file.", envvar="AUTODISCO_SIMULATION_PROTOCOL")
]
WORKERS_OF_BUILDS = Annotated[
    int,
    typer.Option(min=0, help="Builds at the same time; 0: fill the cores.", envvar="AUTODISCO_SIMULATION_WORKERS"),
]
THREADS_OF_BUILDS = Annotated[
    int,
    typer.Option(
        min=1,
        help="Cores for each build; more than one are useful for large boxes.",
        envvar="AUTODISCO_SIMULATION_THREADS",
    ),
]
FORCE_FIELD_OF_BUILDS = Annotated[str, typer.Option(help="Force field: pcff+, or path/to/file.py:class.")]
ENGINE_OF_BUILDS = Annotated[str, typer.Option(help=ENGINE, envvar="AUTODISCO_SIMULATION_ENGINE")]
EXECUTOR_OF_BUILDS = Annotated[
    str, typer.Option(help="Where builds run: local, or path/to/file.py:NAME.", envvar="AUTODISCO_EXECUTOR_KIND")
]
SEED_OF_BUILDS = Annotated[int, typer.Option(min=0, help="Seed of builds and velocities.")]
TIMEOUT_OF_BUILDS = Annotated[
    float | None,
    typer.Option(
        min=LEAST_TIMEOUT_MINUTES,
        help="Time limit of one build; default: 60, none for a protocol with checkpoints.",
    ),
]

# Repeat units of commands that simulate nothing.
UNITS = Annotated[
    list[str],
    typer.Argument(metavar="SMILES...|FILE", help="Repeat units such as '*OCC*', or a CSV, TSV or SMI file of them."),
]

# What is in a box: a repeat unit with flags, or a formulation file.
SMILES = "A repeat unit: a SMILES with two ends, such as '*OCC*', or a BigSMILES."
SUBJECT = Annotated[str, typer.Argument(metavar="SMILES|FILE", help=f"{SMILES} Or a formulation file (.toml).")]
BLEND = Annotated[
    list[str] | None,
    typer.Option(metavar="SMILES:FRACTION", help="Another polymer; its share of the mass of all polymers."),
]
COMONOMER = Annotated[
    list[str] | None,
    typer.Option(metavar="SMILES:FRACTION", help="Another unit in the chain; its share of the units."),
]
ARCHITECTURE = Annotated[
    Literal["random", "alternating", "block"] | None, typer.Option(help="Of a copolymer; random without it.")
]
SOLVENT = Annotated[
    list[str] | None,
    typer.Option(metavar="SMILES:FRACTION", help="A neutral molecule; its share of the mass of polymers and solvents."),
]
SALT = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[:RATIO]",
        help="Salt instead of that of the protocol, such as LiFSI; several share the amount.",
    ),
]
NO_SALT = Annotated[bool, typer.Option("--no-salt", help="No salt in the box.")]
MOLALITY_OF_SALT = Annotated[
    float | None,
    typer.Option(
        min=MOLALITY[0],
        max=MOLALITY[1],
        help="Mol of salt per kg of polymer and solvent, instead of that of the protocol.",
    ),
]
ION = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="File of an ion that --salt names; docs/extending.md describes it."),
]
