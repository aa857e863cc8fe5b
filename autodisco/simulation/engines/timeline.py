"""The time of a run: time steps of each step of a protocol, the legs in which they are run, and the progress."""

from collections.abc import Mapping
from dataclasses import dataclass

from autodisco.simulation.protocols import Protocol
from autodisco.simulation.steps import Minimise, Npt, Production, Relax, Step


@dataclass(frozen=True, order=True)
class Place:
    """How far a run is: the number of a step of the protocol, and the time steps of it that are done."""

    step: int
    done: int


@dataclass(frozen=True)
class Leg:
    """Time steps of one step of the protocol, from `begin` to `end`; both are 0 for a minimisation."""

    step: int
    begin: int
    end: int

    @property
    def place(self) -> Place:
        """How far the run is after it."""
        return Place(self.step, self.end)


class Timeline:
    """Durations of a protocol in time steps; `scale` multiplies each time step."""

    def __init__(self, protocol: Protocol, scale: float = 1.0):
        self.protocol, self.scale = protocol, scale

    def timestep_fs(self, step: Step) -> float:
        """Time step in fs; with several time steps the outer one."""
        if isinstance(step, Relax):
            return step.timestep_fs * self.scale
        timestep = getattr(step, "timestep_fs", None) or self.protocol.timestep_fs
        return timestep * self.protocol.nonbonded.every * self.scale

    def time_steps(self, duration_ps: float, step: Step) -> int:
        """Number of time steps in a duration, at least 1."""
        return max(1, round(duration_ps * 1000 / self.timestep_fs(step)))

    def averaged(self, step: Step) -> int:
        """Time steps at the end of a step over which the box is averaged."""
        if isinstance(step, Npt) and step.set_mean_box_over_ps:
            return min(self.time_steps(step.duration_ps, step), self.time_steps(step.set_mean_box_over_ps, step))
        return 0

    @property
    def frame(self) -> int:
        """Time steps between two frames of production."""
        return self.time_steps(self.protocol.production.frame_interval_ps, self.protocol.production)

    @property
    def production(self) -> int:
        """Time steps of production."""
        return self.time_steps(self.protocol.production.duration_ps, self.protocol.production)

    def is_production(self, place: Place) -> bool:
        """Whether a place is in the last step."""
        return place.step == len(self.protocol.steps) - 1

    def leg(self, step: Step) -> int:
        """Time steps between two checkpoints: the whole step without them, whole frames in production."""
        every_ps = self.protocol.checkpoint_every_ps
        if not every_ps:
            return self.time_steps(getattr(step, "duration_ps", 0.0), step)
        leg = self.time_steps(every_ps, step)
        if not isinstance(step, Production):
            return leg
        return max(self.frame, leg - leg % self.frame)


@dataclass(frozen=True)
class Plan:
    """What is left of a run until it is judged, or to its end.

    `start` is where it goes on, None at the beginning; `extensions` says how many times more a step is run; `gate` is
    the step that is judged when its legs are run, before the part over which its box is averaged.
    """

    timeline: Timeline
    start: Place | None
    extensions: Mapping[int, int]
    gate: int | None

    def times(self, number: int) -> int:
        """How many times the duration of a step is run."""
        return 1 + self.extensions.get(number, 0)

    def total(self, number: int) -> int:
        """Time steps of a step with its extensions; 0 for a minimisation."""
        step = self.timeline.protocol.steps[number]
        if isinstance(step, Minimise):
            return 0
        return self.times(number) * self.timeline.time_steps(step.duration_ps, step)

    @property
    def legs(self) -> list[Leg]:
        """The legs that are left."""
        legs: list[Leg] = []
        for number, step in enumerate(self.timeline.protocol.steps):
            if self.start and number < self.start.step:
                continue
            if isinstance(step, Minimise):
                legs.append(Leg(number, 0, 0))
                continue
            done = self.start.done if self.start and number == self.start.step else 0
            total, averaged, leg = self.total(number), self.timeline.averaged(step), self.timeline.leg(step)
            # without checkpoints a step is one leg
            length = leg if self.timeline.protocol.checkpoint_every_ps else total
            before = total - averaged
            legs += [Leg(number, at, min(at + length, before)) for at in range(done, before, length)]
            if number == self.gate:
                break
            if averaged and done < total:
                legs.append(Leg(number, max(done, before), total))
        return legs
