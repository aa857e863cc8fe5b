"""Whether the frames are many enough, near enough in time, and of a neutral box; gives warnings only."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from autodisco.analysis.diffusion import LEAST_TO_CHOOSE
from autodisco.analysis.frames import Frames
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.observables.box import Box
from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.text import counted

FEW_FRAMES = 50
LONGEST_JUMP = 100.0  # boxes between two frames; with 1e-5 cm²/s an ion needs some 10 µs
LONG_JUMP = 0.35


class Sampling(Observable):
    """The longest way of an ion between two frames, as a share of the box; it has no quantities."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._box = run.get(Box)
        self._last: Floats | None = None
        self._lowest = np.inf  # Å, height of the box between two of its faces
        self._largest_jump, self._half_a_box, self._whole_box = 0.0, 0, 0

    def add(self, frames: Frames) -> None:
        """Look at the steps. Raises InputError where ions of unwrapped coordinates jump by whole boxes."""
        heights = 1 / np.linalg.norm(np.linalg.inv(frames.cells), axis=-2)
        self._lowest = min(self._lowest, float(heights.min()))
        ions = np.concatenate(frames.ions, axis=1)
        followed = ions if self._last is None else np.concatenate([self._last[None], ions])
        steps = np.diff(followed, axis=0)
        if len(steps):
            jumps = np.abs(steps @ np.linalg.inv(frames.cells[-len(steps) :]))
            self._largest_jump = max(self._largest_jump, float(jumps.max()))
            if self._largest_jump > LONGEST_JUMP:
                raise InputError(
                    f"{self.run.trajectory.source}: an ion moves by {self._largest_jump:.3g} boxes between two frames; "
                    "a coordinate is damaged"
                )
            # Ways of ions thin out with their length; ways of about a whole box stand out where images were lost.
            self._half_a_box += int(np.count_nonzero((jumps > 0.25) & (jumps < 0.75)))
            self._whole_box += int(np.count_nonzero((jumps > 0.75) & (jumps < 1.25)))
        if self.run.trajectory.unwrapped and self._whole_box > self._half_a_box:
            raise InputError(
                f"{self.run.trajectory.source}: said to be unwrapped, but ions jump by whole boxes between two frames "
                f"({self._whole_box} times in the first {self.run.n_frames} frames)"
            )
        self._last = ions[-1].copy()

    def result(self) -> Mapping[str, Any]:
        """Nothing."""
        return {}

    def warnings(self) -> list[str]:
        """Of few frames, long steps and a net charge."""
        said, n_frames, trajectory = [], self.run.n_frames, self.run.trajectory
        if n_frames < FEW_FRAMES:
            said.append(f"only {counted(n_frames, 'frame')}: fits and errors are rough")
        elif n_frames < LEAST_TO_CHOOSE and not trajectory.fit_ps:
            said.append(
                f"{n_frames} frames are too few to look for diffusive lags ({LEAST_TO_CHOOSE} would do): the fit "
                "takes 15 to 50 % of the run"
            )
        if self._largest_jump > LONG_JUMP and not (trajectory.unwrapped and self._box.is_constant):
            said.append(
                f"an ion moves by {self._largest_jump:.2f} of the box between two frames; from 0.5 on it cannot be "
                "told from its image: write frames more often"
            )
        for name, cutoff in (
            ("cluster cutoff", self.run.settings.cluster_cutoff),
            ("coordination cutoff", self.run.settings.coordination_cutoff),
        ):
            if cutoff > self._lowest / 2:
                said.append(
                    f"the {name} of {cutoff:g} Å exceeds half the shortest height of the box ({self._lowest / 2:.4g} "
                    "Å): ions touch several images of one ion, so that clusters and coordination numbers are too large"
                )
        if scaled := [abs(kind.charge) for kind in self.run.composition.species if abs(kind.charge) < 1]:
            said.append(
                f"an ion of charge {min(scaled):g} e: conductivities use the charges given; if these are scaled ones "
                "of a force field, give the whole ones"
            )
        if abs(net := sum(kind.n * kind.charge for kind in self.run.composition.species)) > 1e-6:
            said.append(f"the ions carry a net charge of {net:+g}: are all ions selected, with the right charges?")
        return said
