"""How fast an engine runs on this machine: nanoseconds of dynamics per day of a box, from a few seconds of it."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from autodisco.machine import cores
from autodisco.polymer import parse
from autodisco.simulation import builder, engines, forcefield, protocols
from autodisco.simulation.engines.engine import Speed
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol
from autodisco.text import counted

MEASURED = "quick"
"""Protocol whose box is run."""


def speed(name: str, system: System, protocol: Protocol, folder: Path, seconds: float = 2.0) -> Speed | None:
    """Speed of NVE with the settings of `protocol`, one thread on a CPU; None for an engine that has no such test.

    Raises AutodiscoError if the engine is missing or fails.
    """
    engine = engines.load(name)
    engine.check()
    return engine.speed(system, protocol, folder, seconds)


def speeds(names: Iterable[str]) -> tuple[dict[str, Speed], int]:
    """Speeds of engines with the box and the settings of `MEASURED`, of those that have such a test, and the atoms of
    the box. It takes two seconds each.

    Raises AutodiscoError if an engine is missing or fails.
    """
    protocol = protocols.load(MEASURED)
    box = builder.build(parse("*OCC*"), protocol.system, 1, forcefield.load("pcff+"))
    with tempfile.TemporaryDirectory() as folder:
        found = {name: speed(name, box, protocol, Path(folder)) for name in names}
    return {name: value for name, value in found.items() if value}, len(box.elements)


def busy() -> str:
    """That other programs use the cores of this machine, for which wall times are long; empty where they do not."""
    load = os.getloadavg()[0]
    return f"load {load:.0f} on {counted(cores(), 'core')}, wall times are those of now" if load > cores() else ""


OVERHEAD_CPU_S = 2.5
"""CPU time of a build beside its dynamics: start of the process, growth, parameters, minimisation and analysis. For
poly(ethylene oxide) it was 2 of 2.4 CPU-seconds with `smoke` and 3 of 40 with `quick`."""


def build_s(speed: Speed, protocol: Protocol) -> float:
    """Time (s) that a build of a protocol takes at a speed that was measured with `MEASURED`."""
    measured = protocols.load(MEASURED)
    duration_ps = sum(getattr(step, "duration_ps", 0.0) for step in measured.steps)
    dynamics = 86_400 * duration_ps / 1000 / speed.ns_per_day * protocol.work / measured.work
    return dynamics + OVERHEAD_CPU_S / min(1.0, max(speed.cpu_per_wall, 0.01))
