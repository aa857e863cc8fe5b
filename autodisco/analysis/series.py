"""Positions of many particles over a whole run, written frame by frame and read back particle by particle.

Displacements need all frames of a particle at once, but only of a few particles at a time. Positions are therefore
spooled to a temporary file, and memory does not grow with the length of the run.
"""

import tempfile
from collections.abc import Iterator

import numpy as np

from autodisco.arrays import Floats


class Series:
    """Positions (n_frames, n_particles, 3) in float64 on disk, 24 bytes per particle and frame.

    The file has no name and is removed with the process; TMPDIR names its folder.
    """

    def __init__(self, n_particles: int) -> None:
        self.n_particles = n_particles
        self.n_frames = 0
        self._lengths: list[int] = []
        self._file = tempfile.TemporaryFile(prefix="autodisco-")  # noqa: SIM115 - closed by close

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def append(self, positions: Floats) -> None:
        """Add consecutive frames (C, n_particles, 3)."""
        self._file.write(np.ascontiguousarray(positions.transpose(1, 2, 0)).data)
        self._lengths.append(len(positions))
        self.n_frames += len(positions)

    def blocks(self, start: int, stop: int, most_bytes: int) -> Iterator[Floats]:
        """Particles start:stop as arrays (p, 3, n_frames), each of about `most_bytes` at most."""
        self._file.flush()
        width = max(1, int(most_bytes // max(24 * self.n_frames, 1)))
        for first in range(start, stop, width):
            last = min(first + width, stop)
            block = np.empty((last - first, 3, self.n_frames))
            offset, frame = 0, 0
            for length in self._lengths:
                self._file.seek(offset + first * 24 * length)
                part = np.frombuffer(self._file.read((last - first) * 24 * length))
                block[:, :, frame : frame + length] = part.reshape(last - first, 3, length)
                offset += self.n_particles * 24 * length
                frame += length
            yield block
