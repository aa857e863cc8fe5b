"""Cluster populations of consecutive blocks of a run, in memory that does not grow with its length."""

import numpy as np
from numpy.typing import NDArray

from autodisco.arrays import Indices
from autodisco_kernels import Population, populations

LEAST_BLOCKS = 40


class PopulationSeries:
    """Populations of consecutive blocks of a run of unknown length; neighbours merge when there are too many."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, dict[tuple[int, ...], float]]] = []
        self._frames_per_block = 1

    def add(self, labels: NDArray[np.int32], species: Indices) -> None:
        """Add frames of cluster labels (C, n_ions); `species` (n_ions,) is the kind of each ion."""
        start = 0
        while start < len(labels):
            if not self._blocks or self._blocks[-1][0] == self._frames_per_block:
                if len(self._blocks) == 2 * LEAST_BLOCKS:
                    self._halve()
                self._blocks.append((0, {}))
            n, counts = self._blocks[-1]
            taken = min(self._frames_per_block - n, len(labels) - start)
            part = populations(labels[start : start + taken], species)
            for kind, mean in zip(map(tuple, part.counts.tolist()), part.mean.tolist(), strict=True):
                counts[kind] = counts.get(kind, 0.0) + mean * taken
            self._blocks[-1] = (n + taken, counts)
            start += taken

    def _halve(self) -> None:
        merged = []
        for (n, first), (m, second) in zip(self._blocks[::2], self._blocks[1::2], strict=True):
            merged.append((n + m, {kind: first.get(kind, 0.0) + second.get(kind, 0.0) for kind in first | second}))
        self._blocks = merged
        self._frames_per_block *= 2

    def whole(self) -> Population:
        """Population over all frames."""
        total: dict[tuple[int, ...], float] = {}
        for _, counts in self._blocks:
            for kind, count in counts.items():
                total[kind] = total.get(kind, 0.0) + count
        return _population(sum(n for n, _ in self._blocks), total)

    def blocks(self) -> list[Population]:
        """Populations of consecutive blocks of equal length; frames at the end that fill none are left out."""
        return [_population(n, counts) for n, counts in self._blocks if n == self._frames_per_block]


def _population(n_frames: int, counts: dict[tuple[int, ...], float]) -> Population:
    kinds = sorted(counts)
    return Population(np.array(kinds, dtype=np.int64), np.array([counts[kind] for kind in kinds]) / n_frames)
