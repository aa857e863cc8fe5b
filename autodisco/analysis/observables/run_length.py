"""Length and conditions of the trajectory."""

from collections.abc import Mapping
from typing import Any

from autodisco.analysis.observable import Derived
from autodisco.analysis.quantities import chosen


class RunLength(Derived):
    """What is analysed: mode, repeat unit, temperature, number of frames, length. Warns of what the readers noted."""

    quantities = chosen("mode", "monomer_smiles", "temperature_k", "frames", "length_ns")
    needs_ions = False

    def result(self) -> Mapping[str, Any]:
        """Of the trajectory as it was read."""
        trajectory = self.run.trajectory
        return {
            "mode": self.run.settings.mode,
            "monomer_smiles": trajectory.monomer_smiles,
            "temperature_k": trajectory.temperature_k,
            "frames": self.run.n_frames,
            "length_ns": self.run.length_ps / 1000,
        }

    def warnings(self) -> list[str]:
        """What the readers assumed or left out."""
        return list(self.run.trajectory.notes)
