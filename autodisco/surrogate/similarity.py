"""Kernels between polymers: min-max and linear on environments, and how far descriptors are from HTP-MD's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.structure import DESCRIPTORS, structure
from autodisco_kernels.similarity import Sparse, min_max

COMMON = 4.0
"""Scale of the linear kernel: polymers share some of their environments only, each a fraction of one per heavy atom."""


@dataclass(frozen=True)
class Structures:
    """The structures of several polymers as arrays.

    Attributes
    ----------
    starts, bits, counts : row i holds ``counts[starts[i]:starts[i + 1]]`` of the environments `bits` in the same slice
    descriptors : (n, d), centred and scaled
    """

    starts: Indices
    bits: Indices
    counts: Floats
    descriptors: Floats

    @classmethod
    def of(cls, smiles: Sequence[str]) -> "Structures":
        """The structures of repeat units. Raises InvalidRepeatUnit for a string that is none."""
        found = [structure(text) for text in smiles]
        starts = np.zeros(len(found) + 1, dtype=np.int64)
        starts[1:] = np.cumsum([len(one.bits) for one in found])
        return cls(
            starts,
            np.concatenate([np.empty(0, np.int64), *(one.bits for one in found)]),
            np.concatenate([np.empty(0), *(one.counts for one in found)]),
            np.array([one.descriptors for one in found]).reshape(len(found), len(DESCRIPTORS)),
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: slice) -> "Structures":
        first, last, _ = rows.indices(len(self))
        inside = slice(self.starts[first], self.starts[last])
        starts = self.starts[first : last + 1] - self.starts[first]
        return Structures(starts, self.bits[inside], self.counts[inside], self.descriptors[rows])

    def of_rows(self, rows: Indices) -> "Structures":
        """Those of some numbers, in their order."""
        lengths = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        starts[1:] = np.cumsum(lengths)
        inside = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Structures(starts, self.bits[inside], self.counts[inside], self.descriptors[rows])

    def joined(self, others: "Structures") -> "Structures":
        """These and then the others."""
        return Structures(
            np.concatenate([self.starts, self.starts[-1] + others.starts[1:]]),
            np.concatenate([self.bits, others.bits]),
            np.concatenate([self.counts, others.counts]),
            np.concatenate([self.descriptors, others.descriptors]),
        )

    def counts_of(self, environments: Indices) -> Floats:
        """Counts per heavy atom of some environments, ascending, shape (n, k)."""
        table = np.zeros((len(self), len(environments)))
        if len(environments):
            place = np.searchsorted(environments, self.bits).clip(max=len(environments) - 1)
            known = environments[place] == self.bits
            row = np.repeat(np.arange(len(self)), np.diff(self.starts))
            table[row[known], place[known]] = self.counts[known]
        return table

    def alike(self, others: "Structures") -> tuple[Floats, Floats]:
        """Min-max similarity of environments, 1 for equal polymers, and the product of their counts, about 1 for equal
        polymers; both of shape (n, m)."""
        bits = np.unique(np.concatenate([self.bits, others.bits]))
        rows, columns = self._in(bits), others._in(bits)
        tables = [
            csr_array((counts, at, starts), shape=(len(starts) - 1, len(bits)))
            for starts, at, counts in (rows, columns)
        ]
        product: Floats = COMMON * (tables[0] @ tables[1].T.toarray())
        return min_max(rows, columns, len(bits)), product

    def distance(self, others: "Structures") -> Floats:
        """Mean product of the descriptors, which are zero in the middle of HTP-MD's table, shape (n, m)."""
        return self.descriptors @ others.descriptors.T / len(DESCRIPTORS)

    @property
    def linear_with_itself(self) -> Floats:
        """The diagonal of `linear`, shape (n,)."""
        row = np.repeat(np.arange(len(self)), np.diff(self.starts))
        squares = np.bincount(row, np.square(self.counts), minlength=len(self)).astype(np.float64)
        return COMMON * squares

    @property
    def distance_of_itself(self) -> Floats:
        """The diagonal of `distance`, shape (n,)."""
        means: Floats = np.square(self.descriptors).mean(axis=1)
        return means

    def _in(self, bits: Indices) -> Sparse:
        return self.starts, np.searchsorted(bits, self.bits), self.counts


def similarity(smiles: Sequence[str], others: Sequence[str]) -> Floats:
    """Min-max similarity of the environments of repeat units, shape (n, m), 1 for equal polymers."""
    return Structures.of(smiles).alike(Structures.of(others))[0]
