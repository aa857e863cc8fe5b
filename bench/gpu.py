"""OpenMM on a GPU: energies, drift, speed, what limits it, and whole replicas.

    python -m bench.gpu prepare DIR
    python -m bench.gpu measure DIR [--out FILE] [--at-a-time 1 4 8 16] [--seconds 10]
        [--drift-ps 20] [--replica-minutes 3]

`prepare` needs LAMMPS: it makes dense boxes of PEO with LiTFSI of about 500, 1,300 and 6,000 atoms, with their energies
by LAMMPS, and a replica of `overnight`. `measure` needs OpenMM: it can run on another machine, into which DIR is
carried. It runs several processes on one card with and without MPS (NVIDIA's sharing of a card), prints what it
finds, and writes it as JSON.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from autodisco.analysis import analyze
from autodisco.errors import SimulationFailure
from autodisco.files import read_json, write_atomic, write_json
from autodisco.polymer import parse
from autodisco.simulation import engines, protocols
from autodisco.simulation.batch import replica_task
from autodisco.simulation.engines import openmm_engine, openmm_measure, openmm_platform
from autodisco.simulation.engines.openmm_system import openmm_system
from autodisco.simulation.executors import cards
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import Protocol
from autodisco.simulation.replica import prepare as prepare_replica
from bench.engine_speed import compressed_peo

SIZES = {"500": (4, 1), "1300": (10, 1), "6000": (4, 12)}
"""Boxes by about their number of atoms: ion pairs of the box that is compressed, and how many copies stand side by
side."""

ALONG = {1: (1, 1, 1), 12: (3, 2, 2)}
REPLICA, EXACT = "overnight", "exact"


def main() -> None:
    """Do one of the steps; `one` is what `measure` starts several times at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["prepare", "measure", "one"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--at-a-time", type=int, nargs="*", default=[1, 4, 8, 16])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--drift-ps", type=float, default=20.0)
    parser.add_argument("--replica-minutes", type=float, default=3.0)
    given = parser.parse_args()
    if given.step == "prepare":
        prepare(given.folder)
    elif given.step == "one":
        print(json.dumps(one(given.folder, given.seconds)))
    else:
        measure(given)


def prepare(folder: Path) -> None:
    """Write the boxes, their energies and a replica."""
    import openmm

    for name, (pairs, copies) in SIZES.items():
        box = side_by_side(compressed_peo(pairs), ALONG[copies])
        place = folder / name
        (place / EXACT).mkdir(parents=True, exist_ok=True)
        protocol = protocols.load(REPLICA)
        engines.load("openmm").write(place, box, protocol, 1)
        exact = protocol.nonbonded.model_copy(update={"kspace_accuracy": 1e-6})
        made = openmm_system(box, exact, tail=False)
        write_atomic(place / EXACT / "system.xml", openmm.XmlSerializer.serialize(made))
        np.savez(place / EXACT / "start.npz", positions=box.positions, box=box.box)
        write_json(place / EXACT / "energies.json", engines.load("lammps").energy_parts(box, exact))
        print(f"{name}: {len(box.elements)} atoms, {' × '.join(f'{edge:.1f}' for edge in box.box)} Å", flush=True)
    shutil.rmtree(folder / REPLICA, ignore_errors=True)
    task = replica_task(parse("*OCC*"), REPLICA, "pcff+", 0, 0, 1, folder, 0.0, "openmm")
    task = replace(task, folder=(folder / REPLICA).absolute())
    task.folder.mkdir(parents=True)
    prepare_replica(task)
    write_json(folder / REPLICA / "job.json", task.to_dict())


def side_by_side(box: System, along: tuple[int, int, int]) -> System:
    """Copies of a box beside each other along its three edges: an equal melt, and a valid one."""
    shifts = np.array(list(np.ndindex(along))) * box.box
    positions = np.concatenate([box.positions + shift for shift in shifts])
    return replace(box, molecules=box.molecules * len(shifts), positions=positions, box=box.box * along, components=())


def measure(given: argparse.Namespace) -> None:
    """Measure everything, and write it after each part, so that a run that is cut off is not lost."""
    folder, seconds = given.folder, given.seconds
    found: dict[str, object] = {"platform": openmm_platform.platform_name(), "card": _card()}

    def part(name: str, result: object) -> None:
        found[name] = result
        print(f"{name}: {json.dumps(result)}", flush=True)
        write_json(given.out, found)

    part("energies", {name: energies(folder / name / EXACT) for name in SIZES})
    part("drift, kT per ns and degree of freedom", drift(folder / "1300", given.drift_ps))
    rows = []
    for shared in (False, True):
        card = cards.Cards(cards.found()[:1], shared)
        _, variables = card.environment()
        with_mps = cards.PIPES in variables
        if shared and not with_mps:
            break
        for name in SIZES:
            for n in [n for n in given.at_a_time if n > 1 or not shared]:
                rates = together(folder / name, n, seconds, variables)
                rows.append({"box": name, "at a time": n, "MPS": with_mps, "ns/day, together": sum(rates)})
                part("speed", rows)
    part("ns/day of 6,000 atoms without one force", without_each(folder / "6000", seconds))
    part(f"replica of {REPLICA}", replica(folder / REPLICA, given.replica_minutes))


def energies(place: Path) -> dict[str, float]:
    """Relative difference of each part of the energy on this platform from that of LAMMPS, of its largest part."""
    expected = read_json(place / "energies.json")
    system, positions, box = _read(place)
    ours = openmm_measure.parts_of(system, positions, box, openmm_platform.context_for)
    most = max(map(abs, expected.values()))
    return {name: (ours[name] - value) / most for name, value in expected.items()}


def drift(place: Path, duration_ps: float) -> float:
    """Change of the total energy without a thermostat, by velocity Verlet with 0.5 fs: kT per ns and
    degree of freedom at 353 K."""
    import openmm

    system, positions, box = _read(place)
    context, steps = _relaxed(system, positions, box, openmm.VerletIntegrator(0.0005)), int(duration_ps / 0.0005 / 50)
    context.setVelocitiesToTemperature(353.0, 1)
    context.getIntegrator().step(2000)
    totals = []
    for _ in range(50):
        context.getIntegrator().step(steps)
        state = context.getState(energy=True)
        totals.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    slope = np.polyfit(np.arange(50) * duration_ps / 50 / 1000, totals, 1)[0]  # kJ/mol per ns
    return float(slope / (3 * len(positions)) / (0.0083144626 * 353.0))


def together(place: Path, n: int, seconds: float, variables: dict[str, str]) -> list[float]:
    """ns/day of each of `n` processes that run the same box at once. They begin to measure when all are ready."""
    words = [sys.executable, "-m", "bench.gpu", "one", str(place), "--seconds", str(seconds)]
    environment, pipe = {**os.environ, **variables}, subprocess.PIPE
    running = [subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, text=True) for _ in range(n)]
    ready = [process for process in running if process.stdout and process.stdout.readline()]
    for process in ready:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0] for process in running]
    rates = [float(json.loads(text)) for text in said if text.strip()]
    if len(rates) < n:
        raise RuntimeError(f"{n - len(rates)} of {n} processes ended without a speed")
    return rates


def one(place: Path, seconds: float) -> float:
    """ns/day of one process with the time steps of `overnight`, from the moment on at which a line is given to it."""
    protocol = protocols.load(REPLICA)
    system, positions, box = _read(place)

    def wait() -> None:
        print("ready", flush=True)
        sys.stdin.readline()

    return rate(system, positions, box, protocol, seconds, wait)


def rate(
    system: object,
    positions: np.ndarray,
    box: np.ndarray,
    protocol: Protocol,
    seconds: float,
    wait: Callable[[], None] = lambda: None,
) -> float:
    """ns/day of a box with the time steps of a protocol; `wait` is called before the time is taken."""
    outer = protocol.timestep_fs * protocol.nonbonded.every / 1000
    integrator = openmm_platform.integrator_for(protocol, protocol.temperature_k, outer)
    context = _relaxed(system, positions, box, integrator)
    context.setVelocitiesToTemperature(protocol.temperature_k, 1)
    integrator.step(20)
    context.getState(energy=True)
    wait()
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        integrator.step(50)
        context.getState(energy=True)
        steps += 50
    return steps * outer / (time.perf_counter() - start) * openmm_measure.NS_PER_DAY


def without_each(place: Path, seconds: float) -> dict[str, float]:
    """ns/day with all forces, and with all but one: the one that limits makes the largest difference."""
    protocol, found = protocols.load(REPLICA), {}
    whole = _read(place)[0]  # a force does not outlive its system
    names = [force.getName() for force in whole.getForces()]
    for left_out in ["nothing", *dict.fromkeys(names)]:
        system, positions, box = _read(place)
        kept = [n for n, name in enumerate(names) if name != left_out]
        for number in reversed(range(len(names))):
            if number not in kept:
                system.removeForce(number)
        with contextlib.suppress(Exception):  # a box may fall apart without one
            found[left_out] = rate(system, positions, box, protocol, min(seconds, 5.0))
    return found


def replica(place: Path, minutes: float) -> dict[str, object]:
    """Run a replica for so long at most; its speed, and its properties if it came to its end."""
    protocol, begun, last = protocols.load(REPLICA), time.monotonic(), {"fraction": 0.0}

    def on_progress(step: str, fraction: float, grown: int) -> None:
        last["fraction"] = fraction
        if time.monotonic() - begun > 60 * minutes:
            raise TimeoutError

    done = False
    with contextlib.suppress(TimeoutError, SimulationFailure):
        box = openmm_engine.OpenMM().run(place, protocol, on_progress)
        write_json(place / "system.json", read_json(place / "system.json") | {"box_a": box})
        done = True
    wall = time.monotonic() - begun
    result: dict[str, object] = {
        "wall_s": wall,
        "fraction": last["fraction"],
        "whole_s": wall / last["fraction"] if last["fraction"] else None,
    }
    return result | (analyze(place).properties.to_dict() if done else {})


def _read(place: Path) -> tuple:
    """An openmm.System, positions (Å) and box (Å) of a folder that the engine wrote."""
    import openmm

    system = openmm.XmlSerializer.deserialize((place / "system.xml").read_text())
    start = np.load(place / "start.npz")
    return system, start["positions"], start["box"]


def _relaxed(system: object, positions: np.ndarray, box: np.ndarray, integrator: object) -> object:
    """A context in which close contacts are gone."""
    relaxing = openmm_platform.limited(10.0, 0.0005, 0.002)
    relaxed = openmm_platform.context_for(system, relaxing)
    relaxed.setPeriodicBoxVectors(*np.diag(box * 0.1))
    relaxed.setPositions(positions * 0.1)
    relaxing.step(200)
    state = relaxed.getState(positions=True)
    context = openmm_platform.context_for(system, integrator)
    context.setPeriodicBoxVectors(*np.diag(box * 0.1))
    context.setPositions(state.getPositions())
    return context


def _card() -> str:
    asked: Callable[[], object] = lambda: subprocess.run(  # noqa: E731
        ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    try:
        return str(asked())
    except (OSError, subprocess.CalledProcessError):
        return "none"


if __name__ == "__main__":
    main()
