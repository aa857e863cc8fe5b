"""The commands of LAMMPS that deform a box along one axis, write the stress, and put the box back."""

from autodisco.simulation.engines.report import stress_name
from autodisco.simulation.steps import Deform

START = "checkpoint-start{number}"
"""File of the atoms before a deformation, which goes when checkpoints go."""
STARTS = "checkpoint-start*"


def begin(number: int, step: Deform, damping_fs: float, window: int, done: int, total: int) -> str:
    """The fixes `move`, `pull` and `stress` of a deformation of `total` time steps, of which some are `done`.

    Every `window` time steps, strain and the three diagonal components of the pressure, averaged over each time step
    of the window, are written. What LAMMPS keeps of `pull` in a checkpoint includes the edge at the beginning.
    """
    t, p, axis = step.temperature_k, step.pressure_atm, step.axis
    place = "xyz".index(axis) + 1
    sideways = " ".join(f"{other} {p} {p} {step.pressure_damping_fs}" for other in "xyz" if other != axis)
    text, way = "", "append"
    if not done:
        way = "file"
        text += f"write_dump all custom {START.format(number=number)} id type x y z ix iy iz vx vy vz "
        text += "modify sort id format float %.17g\n"
    return text + (
        f"variable edge equal $(l{axis}/(1+{step.strain}*{done}/{total}))\n"
        f"variable strain equal l{axis}/v_edge-1\n"
        f"fix move all npt temp {t} {t} {damping_fs} {sideways}\n"
        f"fix pull all deform 1 {axis} scale {1 + step.strain:.10g} remap x units box\n"
        f"fix stress all ave/time 1 {window} {window} v_strain c_thermo_press[{place}] {way} {stress_name(number)}\n"
    )


def restore(number: int) -> str:
    """Put back box, positions and velocities, once the fixes of a deformation are gone."""
    return f"read_dump {START.format(number=number)} 0 x y z ix iy iz vx vy vz box yes\n"
