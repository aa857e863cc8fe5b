"""The input scripts of LAMMPS: the deck of a protocol, and that of what is left of it after a checkpoint."""

from autodisco.simulation.engines import lammps_deform
from autodisco.simulation.engines.engine import TRAJECTORY
from autodisco.simulation.engines.lammps_data import styles
from autodisco.simulation.engines.report import REPORT_PS
from autodisco.simulation.engines.timeline import Place, Plan
from autodisco.simulation.molecule import System
from autodisco.simulation.protocols import NonbondedSettings, Protocol
from autodisco.simulation.steps import Deform, Minimise, Npt, Nvt, Production, Relax, Step

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
SETUP_PS = 1.0
"""After so much time PPPM is set up again where an attempt failed before.

LAMMPS fixes the margin of the grid when a run begins. Atoms leave it where the box shrinks fast: the run ends with
"Out of range atoms", though energies and forces are normal.
"""
REPORT = (
    'fix report all print {every} "{number} $(step) ${{report_temperature}} ${{report_pressure}} '
    '${{report_density}} ${{report_energy}}" append report.txt screen no title ""\n'
)


def header(system: System, nonbonded: NonbondedSettings) -> str:
    """The part of an input script before the first step of the protocol."""
    return HEADER.format(styles=styles(system, nonbonded.cutoff, nonbonded.kspace_accuracy), skin=nonbonded.skin)


def resumed_header(nonbonded: NonbondedSettings, checkpoint: str) -> str:
    """The same for a run that goes on from the file of a checkpoint, which holds the styles."""
    return RESUMED_HEADER.format(accuracy=nonbonded.kspace_accuracy, skin=nonbonded.skin, checkpoint=checkpoint)


def commands(plan: Plan, seed: int) -> str:
    """The commands of a plan, up to the legs of its gate; `seed` sets initial velocities and thermostat noise."""
    protocol, start = plan.timeline.protocol, plan.start
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
            first = step.temperature_k if isinstance(step, Relax | Deform) else _start_temperature(step, protocol)
            text += f"velocity all create {first} {seed} mom yes rot no dist gaussian\n"
            moving = True
        done = start.done if start and number == start.step else 0
        text += _dynamics(number, step, plan, seed, done)
        if number == plan.gate:
            return text
    return text + "write_data final.data pair ii\n"


def seed_of(script: str) -> int:
    """The seed that a whole input script was written with, in the range of `commands`."""
    return int(script.partition("velocity all create")[2].split()[1]) - 1


def _start_temperature(step: Npt | Nvt | Production, protocol: Protocol) -> float:
    return protocol.temperature_k if isinstance(step, Production) else step.temperature_k[0]


def run_style(every: int) -> str:
    """The integrator: velocity Verlet, or r-RESPA with bonds and angles each step, the rest every `every` steps."""
    if every == 1:
        return "run_style verlet\n"
    return f"run_style respa 2 {every} bond 1 angle 1 dihedral 2 improper 2 pair 2 kspace 2\n"


def _dynamics(number: int, step: Relax | Npt | Nvt | Deform | Production, plan: Plan, seed: int, done: int) -> str:
    timeline, protocol = plan.timeline, plan.timeline.protocol
    timestep = timeline.timestep_fs(step)
    every = 1 if isinstance(step, Relax) else protocol.nonbonded.every
    damping = protocol.temperature_damping_fs

    def steps(duration_ps: float) -> int:
        return timeline.time_steps(duration_ps, step)

    n, averaged = plan.total(number), timeline.averaged(step)
    text = f"{run_style(every)}timestep {timestep}\n"
    if counts_from_zero(step, protocol) and not done:
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
    elif isinstance(step, Deform):
        text += lammps_deform.begin(number, step, damping, steps(REPORT_PS), done, n)
        undo += ["pull", "stress"]
    elif isinstance(step, Production):
        t, frame = protocol.temperature_k, steps(step.frame_interval_ps)
        file = part_name(done)
        text += f"fix move all nvt temp {t} {t} {damping}\n"
        text += f"dump trajectory all dcd {frame} {file}\ndump_modify trajectory unwrap yes\n"
    pieces = f" every {steps(SETUP_PS)} NULL" if isinstance(step, Npt) and timeline.scale < 1 else ""
    text += _legs(number, n - averaged, n, timeline.leg(step), done, bool(protocol.checkpoint_every_ps), pieces)
    if number == plan.gate:
        return text
    if averaged:
        text += "variable volume equal vol\nfix volume all ave/time 10 1 10 v_volume ave running\n"
        text += f"run {averaged}" + (f" start 0 stop {n}\n" if protocol.checkpoint_every_ps else "\n")
        text += "variable edge equal $((f_volume)^(1.0/3.0))\n"
        undo.append("volume")
    text += "".join(f"unfix {name}\n" for name in undo)
    if isinstance(step, Deform):
        text += lammps_deform.restore(number)
    if averaged:
        axes = " ".join(f"{axis} final 0.0 ${{edge}}" for axis in "xyz")
        text += f"change_box all {axes} remap units box\n"
    return text


def _legs(number: int, n: int, ramp: int, leg: int, done: int, checkpoints: bool, pieces: str) -> str:
    """Commands that run `n` time steps of a ramp of `ramp`, without those that are done; `pieces` ends each `run`."""
    if not checkpoints:
        return f"run {n}{pieces}\n" if n else ""
    text = ""
    for at in range(done, n, leg):
        text += f"run {min(leg, n - at)} start 0 stop {ramp}{pieces}\n"
        name = checkpoint_name(Place(number, min(at + leg, n)))
        text += f"write_restart checkpoint.part\nshell mv checkpoint.part {name}\n"
    return text


def checkpoint_name(place: Place) -> str:
    """The file of a checkpoint."""
    return f"checkpoint-{place.step}-{place.done}"


def part_name(step: int) -> str:
    """The file that takes the frames of production from `step` on."""
    return f"trajectory-{step}.dcd" if step else TRAJECTORY


def counts_from_zero(step: Step, protocol: Protocol) -> bool:
    """Whether LAMMPS counts the time steps of a step from zero, or goes on counting from the step before."""
    return isinstance(step, Production | Deform) or bool(protocol.checkpoint_every_ps)
