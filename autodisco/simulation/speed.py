"""How fast an engine runs on this machine: nanoseconds of dynamics per day of a box, from a few seconds of it."""

from pathlib import Path

from autodisco.simulation import engines
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol


def speed(name: str, system: System, protocol: Protocol, folder: Path, seconds: float = 2.0) -> float | None:
    """ns/day of NVE with the settings of `protocol`, one thread on a CPU; None for an engine that has no such test.

    Raises AutodiscoError if the engine is missing or fails.
    """
    engine = engines.load(name)
    engine.check()
    return engine.speed(system, protocol, folder, seconds)
