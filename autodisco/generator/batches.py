"""Batches of token sequences as tensors.

Lengths differ by a factor of ten, so that padding every row to the longest would spend most of the time on padding.
Several rows are packed into one line instead; a mask keeps them apart, and the loss is the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, class_prefix, encode, is_writable

#: Random orders of branches and rings that a row gets with `augment = "smiles"`.
_RANDOM_ORDERS = 24


class Batch(NamedTuple):
    """Packed rows.

    `tokens`, their `targets` and their `positions` within their rows have the shape (lines, time); `visible`
    (lines, time, time) says which tokens a token sees. `counted` (lines, time) is 1 for targets that enter the loss. It
    is 0 in the prompt (the model learns p(string | class), not p(class)) and in the padding. `weights` is `counted`
    times the weight of the row.
    """

    tokens: Tensor
    targets: Tensor
    counted: Tensor
    weights: Tensor
    positions: Tensor
    visible: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in self))


def encode_rows(rows: Sequence[TrainingRow], block_size: int, augment: str = "none") -> list[list[np.ndarray]]:
    """For each row an integer array for every spelling: class prefix, string and end token.

    Raises
    ------
    InputError
        There are no rows, or a row is too long or cannot be written in tokens.
    """
    if not rows:
        raise InputError("the training set of the generator is empty; give a data set with repeat units")
    sequences = [np.array(_tokens(row, row.smiles)) for row in rows]
    longest = max(range(len(rows)), key=lambda i: len(sequences[i]))
    # The end token is a target but never an input, so it takes no place in the block.
    if len(sequences[longest]) - 1 > block_size:
        raise InputError(
            f"{rows[longest].smiles!r} has {len(sequences[longest]) - 1 - CLASS_REPEATS} tokens; at block_size "
            f"{block_size} the generator takes at most {block_size - CLASS_REPEATS}"
        )
    if augment == "none":
        return [[sequence] for sequence in sequences]
    # Another spelling may need a token that does not exist, such as [SH]; the row as it stands does not.
    ways = ([np.array(_tokens(row, t)) for t in _spellings(row.smiles, augment) if is_writable(t)] for row in rows)
    return [
        [tokens for tokens in drawn if len(tokens) - 1 <= block_size] or [plain]
        for drawn, plain in zip(ways, sequences, strict=True)
    ]


def _spellings(smiles: str, augment: str) -> list[str]:
    from autodisco.polymer import ORGANIC_ELEMENTS, parse

    unit = parse(smiles, ORGANIC_ELEMENTS)
    if augment == "symmetry":
        return unit.spellings
    rng = np.random.default_rng(0)
    return [unit.random_spelling(rng) for _ in range(_RANDOM_ORDERS)]


def _tokens(row: TrainingRow, smiles: str) -> list[int]:
    return class_prefix(row.label) + encode(smiles) + [END_INDEX]


def pack(sequences: Sequence[np.ndarray], weights: Sequence[float] | None = None) -> Batch:
    """Pack `sequences` into lines by first fit; a line is as wide as the longest sequence."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    width = len(sequences[order[0]]) - 1
    used: list[int] = []
    spots: list[tuple[int, int, int]] = []
    for i in order:
        length = len(sequences[i]) - 1
        line = next((n for n, taken in enumerate(used) if taken + length <= width), len(used))
        if line == len(used):
            used.append(0)
        spots.append((line, used[line], i))
        used[line] += length
    return _laid_out(sequences, weights, spots, len(used), width)


def pad(sequences: Sequence[np.ndarray], weights: Sequence[float] | None = None) -> Batch:
    """One line for each of `sequences`, in their order, padded to the longest."""
    spots = [(line, 0, line) for line in range(len(sequences))]
    return _laid_out(sequences, weights, spots, len(sequences), max(map(len, sequences)) - 1)


def _laid_out(
    sequences: Sequence[np.ndarray],
    weights: Sequence[float] | None,
    spots: list[tuple[int, int, int]],
    lines: int,
    width: int,
) -> Batch:
    """A batch of `lines` with the sequences at `spots`: line, first position, index of the sequence."""
    tokens = np.full((lines, width), END_INDEX)
    targets = np.full((lines, width), END_INDEX)
    counted, factors = np.zeros((2, lines, width), dtype=np.float32)
    positions = np.zeros((lines, width), dtype=int)
    owner = np.full((lines, width), -1)
    for line, begin, number in spots:
        sequence = sequences[number]
        end = begin + len(sequence) - 1
        tokens[line, begin:end] = sequence[:-1]
        targets[line, begin:end] = sequence[1:]
        counted[line, begin + CLASS_REPEATS - 1 : end] = 1.0
        factors[line, begin + CLASS_REPEATS - 1 : end] = 1.0 if weights is None else weights[number]
        positions[line, begin:end] = np.arange(end - begin)
        owner[line, begin:end] = number
    visible = (owner[:, :, None] == owner[:, None, :]) & np.tri(width, dtype=bool)
    return Batch(*(torch.from_numpy(array) for array in (tokens, targets, counted, factors, positions, visible)))
