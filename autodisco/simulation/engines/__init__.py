"""Engines by name: built-in ones, those of installed packages, and those in a file."""

from pathlib import Path

from autodisco.registry import Registry, absolute
from autodisco.simulation.engines.engine import Engine

__all__ = ["AUTO", "DEFAULT", "ENGINES", "Engine", "automatic", "load", "resolved"]

AUTO, DEFAULT = "auto", "lammps"

ENGINES: Registry[type[Engine]] = Registry(
    "engines",
    "engine",
    {
        DEFAULT: "autodisco.simulation.engines.lammps:Lammps",
        "openmm": "autodisco.simulation.engines.openmm_engine:OpenMM",
    },
    Engine,
)


def resolved(name: str) -> str:
    """The engine that `name` means on this machine: ``auto`` is one that finds a GPU, otherwise the default.

    The path of a file is made absolute.
    """
    if name == AUTO:
        return next((known for known in automatic() if ENGINES.get(known)().has_gpu()), DEFAULT)
    return absolute(name, Path.cwd())


def automatic() -> list[str]:
    """The engines that ``auto`` may mean, on this machine or on another one."""
    return [known for known in ENGINES if ENGINES.get(known).is_automatic]


def load(name: str) -> Engine:
    """A new instance of the engine `name`, since one holds the state of one run. Raises InputError for one that does
    not exist or is not a class."""
    return ENGINES.get(resolved(name))()
