"""From training rows to tensors: which rows come next, and how they share the lines of a batch.

Lengths differ by a factor of ten, so that padding every row to the longest would spend most of the time on padding.
Rows are packed into lines instead; a mask keeps them apart, and the loss is the same.
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
    """Packed rows: tokens, their targets and places in their rows (lines, time); who sees whom (lines, time, time).

    `counted` (lines, time) is 1 at a target that counts, 0 in the prompt, since the model is to learn p(string | class)
    and not p(class), and where a line is filled up; `weights` is that times the weight of the row.
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
    """Per row an integer array for every way to write it: class prefix, string and end token.

    Raises
    ------
    InputError
        There are no rows, or one is too long or cannot be written in tokens.
    """
    if not rows:
        raise InputError("the training set of the generator is empty")
    sequences = [np.array(_tokens(row, row.smiles)) for row in rows]
    longest = max(range(len(rows)), key=lambda i: len(sequences[i]))
    # the end token is a target and never an input, so it takes no place in the block
    if len(sequences[longest]) - 1 > block_size:
        raise InputError(
            f"{rows[longest].smiles!r} has {len(sequences[longest]) - 1 - CLASS_REPEATS} tokens; at block_size "
            f"{block_size} the generator takes at most {block_size - CLASS_REPEATS}"
        )
    if augment == "none":
        return [[sequence] for sequence in sequences]
    # What is drawn otherwise may need tokens that there are not, such as [SH]; the row as it stands does not.
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
    """Lay `sequences` into as few lines as first-fit finds, each as wide as the longest of them."""
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
    """A line for each of `sequences`, in their order, filled up to the longest of them."""
    spots = [(line, 0, line) for line in range(len(sequences))]
    return _laid_out(sequences, weights, spots, len(sequences), max(map(len, sequences)) - 1)


def _laid_out(
    sequences: Sequence[np.ndarray],
    weights: Sequence[float] | None,
    spots: list[tuple[int, int, int]],
    lines: int,
    width: int,
) -> Batch:
    """A batch of `lines` with the sequences at `spots`: line, first place, which sequence."""
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
