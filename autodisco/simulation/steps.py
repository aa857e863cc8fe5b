"""The steps of a protocol, as they stand in its file."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from autodisco.section import AboveZero, Kelvin, Table

LEAST_JUDGED_PS = 10.0
LEAST_COOLED_K, LEAST_RAMP_PS = 150.0, 50.0
LEAST_DEFORMED_PS = 20.0


class Minimise(Table):
    """Energy minimisation."""

    kind: Literal["minimise"]
    max_iterations: Annotated[int, Field(gt=0)]


class Relax(Table):
    """NVE with a limit on how far an atom moves per step, and a Langevin thermostat: takes out what is too close."""

    kind: Literal["relax"]
    duration_ps: AboveZero
    timestep_fs: AboveZero
    temperature_k: Kelvin
    max_displacement: AboveZero


class Npt(Table):
    """Nosé–Hoover NPT with linear ramps; `set_mean_box_over_ps` fixes the box at its mean volume over the last part.

    `timestep_fs` stands for the protocol's in this step. While density or energy still drift at its end, the step is
    run again, at most `extend_up_to` times; it has to be one of constant temperature and pressure then. With
    `glass_transition` the bend of the specific volume is read from a slow ramp of the temperature.
    """

    kind: Literal["npt"]
    duration_ps: AboveZero
    temperature_k: tuple[Kelvin, Kelvin]
    pressure_atm: tuple[float, float]
    pressure_damping_fs: AboveZero
    timestep_fs: AboveZero | None = None
    set_mean_box_over_ps: AboveZero | None = None
    extend_up_to: Annotated[int, Field(ge=0)] = 0
    glass_transition: bool = False

    @model_validator(mode="after")
    def _is_constant(self) -> "Npt":
        ramps = len(set(self.temperature_k)) > 1 or len(set(self.pressure_atm)) > 1
        if self.extend_up_to and ramps:
            raise ValueError(
                "extend_up_to is for steps of constant temperature_k and pressure_atm; leave it out of others"
            )
        if self.extend_up_to and self.duration_ps - (self.set_mean_box_over_ps or 0.0) < LEAST_JUDGED_PS:
            raise ValueError(f"extend_up_to needs {LEAST_JUDGED_PS:g} ps before the box is averaged, to judge them")
        cooled = abs(self.temperature_k[0] - self.temperature_k[1])
        is_ramp = len(set(self.pressure_atm)) == 1 and cooled >= LEAST_COOLED_K and self.duration_ps >= LEAST_RAMP_PS
        if self.glass_transition and not is_ramp:
            raise ValueError(
                f"glass_transition is for ramps over {LEAST_COOLED_K:g} K or more in {LEAST_RAMP_PS:g} ps or more at "
                "constant pressure_atm"
            )
        return self


class Nvt(Table):
    """Nosé–Hoover NVT with a linear ramp."""

    kind: Literal["nvt"]
    duration_ps: AboveZero
    temperature_k: tuple[Kelvin, Kelvin]


class Deform(Table):
    """Young's modulus: the edge along `axis` grows at a constant rate by the share `strain`, and the two other edges
    follow `pressure_atm`.

    After the step the box and its atoms are as they were before it. LAMMPS only.
    """

    kind: Literal["deform"]
    axis: Literal["x", "y", "z"]
    strain: Annotated[float, Field(gt=0, le=0.1)]
    duration_ps: Annotated[float, Field(ge=LEAST_DEFORMED_PS)]
    temperature_k: Kelvin
    pressure_atm: float
    pressure_damping_fs: AboveZero

    def conditions(self) -> dict[str, object]:
        """All but the axis."""
        return self.model_dump(exclude={"axis"})


class Production(Table):
    """NVT at the protocol's temperature with a frame of all atoms every `frame_interval_ps`.

    It may stop at a checkpoint when the conductivity of this trajectory has a relative error below
    `stop_at_relative_error`, or lies below that of the reference with the confidence `stop_below_with_confidence`.
    `fit_ps` are the lags over which displacements are fitted; without it the analysis looks for diffusive ones.
    """

    kind: Literal["production"]
    duration_ps: AboveZero
    frame_interval_ps: AboveZero
    stop_at_relative_error: AboveZero | None = None
    stop_below_with_confidence: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    fit_ps: tuple[AboveZero, AboveZero] | None = None

    @property
    def may_stop(self) -> bool:
        """Whether it has to be asked."""
        return bool(self.stop_at_relative_error or self.stop_below_with_confidence)


Step = Annotated[Minimise | Relax | Npt | Nvt | Deform | Production, Field(discriminator="kind")]
