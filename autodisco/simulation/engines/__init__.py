"""Engines by name: built-in ones, those of installed packages, and those in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from autodisco.errors import InputError
from autodisco.registry import Registry, absolute
from autodisco.simulation.engines.engine import Engine

if TYPE_CHECKING:
    from autodisco.simulation.protocols import Protocol

__all__ = ["AUTO", "DEFAULT", "ENGINES", "Engine", "check_steps", "is_automatic", "load", "resolved"]

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
        engines = ((known, ENGINES.get(known)) for known in ENGINES)
        return next((known for known, kind in engines if kind.is_automatic and kind().has_gpu()), DEFAULT)
    return absolute(name, Path.cwd())


def is_automatic(name: str) -> bool:
    """Whether ``auto`` may mean the engine `name`, on this machine or on another one."""
    try:
        return ENGINES.get(name).is_automatic
    except InputError:
        return False


def load(name: str) -> Engine:
    """A new instance of the engine `name`, since one holds the state of one run. Raises InputError for one that does
    not exist or is not a class."""
    return ENGINES.get(resolved(name))()


def check_steps(name: str, protocol: "Protocol") -> None:
    """Raise InputError where the engine `name` lacks a kind of step of the protocol."""
    if protocol.deformations and not ENGINES.get(taken := resolved(name)).deforms:
        raise InputError(
            f"engine {taken} cannot run steps of kind deform, as it tells no stress (protocol {protocol.name}); "
            f"use {DEFAULT}"
        )
