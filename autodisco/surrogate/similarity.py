"""Kernels between polymers: Dice similarities of environments and of patterns, product of counts, and how far
descriptors are from HTP-MD's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from autodisco.arrays import Floats, Indices
from autodisco.surrogate.structure import DESCRIPTORS, structure
from autodisco_kernels.similarity import Sparse, min_max

ATOMS = 10.0
"""Weight of atoms in the linear kernel, beside 1 for atoms with their neighbours: the effect of the composition is
learnt from all polymers, and holds for those unlike them too."""

COMMON = 0.6
"""Scale of the linear kernel: polymers share some of their environments only, each a fraction of one per heavy atom."""


@dataclass(frozen=True)
class Counts:
    """Sparse rows of counts: row i holds ``counts[starts[i]:starts[i + 1]]`` of the `bits` in the same slice."""

    starts: Indices
    bits: Indices
    counts: Floats

    @classmethod
    def of(cls, rows: Sequence[tuple[Indices, Floats]]) -> "Counts":
        """From the bits and counts of each row."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        starts[1:] = np.cumsum([len(bits) for bits, _ in rows])
        bits = np.concatenate([np.empty(0, np.int64), *(bits for bits, _ in rows)])
        return cls(starts, bits, np.concatenate([np.empty(0), *(counts for _, counts in rows)]))

    def of_rows(self, rows: Indices) -> "Counts":
        """Those of some numbers, in their order."""
        lengths = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        starts[1:] = np.cumsum(lengths)
        inside = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Counts(starts, self.bits[inside], self.counts[inside])

    def joined(self, others: "Counts") -> "Counts":
        """These and then the others."""
        return Counts(
            np.concatenate([self.starts, self.starts[-1] + others.starts[1:]]),
            np.concatenate([self.bits, others.bits]),
            np.concatenate([self.counts, others.counts]),
        )

    def min_max(self, others: "Counts") -> Floats:
        """Sum of the smaller counts over that of the larger ones, 1 for equal rows, shape (n, m)."""
        bits = np.unique(np.concatenate([self.bits, others.bits]))
        return min_max(self.within(bits), others.within(bits), len(bits))

    def dice(self, others: "Counts") -> Floats:
        """Dice similarity: twice the sum of the smaller counts over the sum of all, 1 for equal rows, shape (n, m).

        Positive definite: a product of the kernels Σ min and 1 / (sum + sum).
        """
        shared = self.min_max(others)
        shared /= 1.0 + shared
        shared *= 2.0
        return shared

    def product(self, others: "Counts") -> Floats:
        """Sum of the products of counts, shape (n, m)."""
        bits = np.unique(np.concatenate([self.bits, others.bits]))
        tables = [
            csr_array((counts, at, starts), shape=(len(starts) - 1, len(bits)))
            for starts, at, counts in (self.within(bits), others.within(bits))
        ]
        product: Floats = tables[0] @ tables[1].T.toarray()
        return product

    def product_with_itself(self) -> Floats:
        """The diagonal of `product`, shape (n,)."""
        row = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return np.bincount(row, np.square(self.counts), minlength=len(self.starts) - 1).astype(np.float64)

    def within(self, bits: Indices) -> Sparse:
        """These rows with the place of each bit among `bits`, ascending, which hold all of them."""
        return self.starts, np.searchsorted(bits, self.bits), self.counts


@dataclass(frozen=True)
class Structures:
    """The structures of several polymers as arrays; the rows of `Structure`.

    Attributes
    ----------
    environments : counts per heavy atom
    weighted : the same, with the weights of the linear kernel
    patterns : share of each pattern among those of its kind
    descriptors : (n, d), centred and scaled
    """

    environments: Counts
    weighted: Counts
    patterns: Counts
    descriptors: Floats

    @classmethod
    def of(cls, smiles: Sequence[str]) -> "Structures":
        """The structures of repeat units. Raises InvalidRepeatUnit for a string that is none."""
        found = [structure(text) for text in smiles]
        return cls(
            Counts.of([(one.bits, one.counts) for one in found]),
            Counts.of([(one.bits, one.counts * np.where(one.atoms, np.sqrt(ATOMS), 1.0)) for one in found]),
            Counts.of([(one.pattern_bits, one.pattern_counts) for one in found]),
            np.array([one.descriptors for one in found]).reshape(len(found), len(DESCRIPTORS)),
        )

    def __len__(self) -> int:
        return len(self.descriptors)

    def __getitem__(self, rows: slice) -> "Structures":
        return self.of_rows(np.arange(len(self))[rows])

    def of_rows(self, rows: Indices) -> "Structures":
        """Those of some numbers, in their order."""
        return Structures(
            self.environments.of_rows(rows),
            self.weighted.of_rows(rows),
            self.patterns.of_rows(rows),
            self.descriptors[rows],
        )

    def joined(self, others: "Structures") -> "Structures":
        """These and then the others."""
        return Structures(
            self.environments.joined(others.environments),
            self.weighted.joined(others.weighted),
            self.patterns.joined(others.patterns),
            np.concatenate([self.descriptors, others.descriptors]),
        )

    def counts_of(self, environments: Indices) -> Floats:
        """Counts per heavy atom of some environments, ascending, shape (n, k)."""
        starts, bits, counts = self.environments.starts, self.environments.bits, self.environments.counts
        table = np.zeros((len(self), len(environments)))
        if len(environments):
            place = np.searchsorted(environments, bits).clip(max=len(environments) - 1)
            known = environments[place] == bits
            row = np.repeat(np.arange(len(self)), np.diff(starts))
            table[row[known], place[known]] = counts[known]
        return table

    def alike(self, others: "Structures") -> tuple[Floats, Floats, Floats]:
        """Dice similarities of the environments and of the patterns, 1 for equal polymers, and the weighted product of
        the counts of environments, about 1 for equal polymers; all of shape (n, m)."""
        product = COMMON * self.weighted.product(others.weighted)
        return self.environments.dice(others.environments), self.patterns.dice(others.patterns), product

    def distance(self, others: "Structures") -> Floats:
        """Mean product of the descriptors, which are zero in the middle of HTP-MD's table, shape (n, m)."""
        return self.descriptors @ others.descriptors.T / len(DESCRIPTORS)

    @property
    def linear_with_itself(self) -> Floats:
        """The diagonal of `linear`, shape (n,)."""
        return COMMON * self.weighted.product_with_itself()

    @property
    def distance_of_itself(self) -> Floats:
        """The diagonal of `distance`, shape (n,)."""
        means: Floats = np.square(self.descriptors).mean(axis=1)
        return means


def similarity(smiles: Sequence[str], others: Sequence[str]) -> Floats:
    """Min-max similarity of the environments of repeat units, shape (n, m), 1 for equal polymers."""
    return Structures.of(smiles).environments.min_max(Structures.of(others).environments)
