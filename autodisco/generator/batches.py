"""From training rows to tensors: which rows come next, and how they share the lines of a batch.

Lengths differ by a factor of ten, so that padding every row to the longest would spend most of the time on padding.
Rows are packed into lines instead; a mask keeps them apart, and the loss is the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, class_prefix, encode

#: Target that the loss leaves out: the prompt, and what fills a line.
IGNORED = -100


class Batch(NamedTuple):
    """Packed rows: tokens, their targets and places in their rows (lines, time); who sees whom (lines, time, time)."""

    tokens: Tensor
    targets: Tensor
    positions: Tensor
    visible: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in self))


def encode_rows(rows: Sequence[TrainingRow], block_size: int, augment: bool = False) -> list[list[np.ndarray]]:
    """Per row one integer array, or with `augment` one for every drawing: class prefix, string and end token.

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
    if not augment:
        return [[sequence] for sequence in sequences]
    from autodisco.polymer import ORGANIC_ELEMENTS, parse

    drawings = ([np.array(_tokens(row, text)) for text in parse(row.smiles, ORGANIC_ELEMENTS).drawings] for row in rows)
    return [[tokens for tokens in drawn if len(tokens) - 1 <= block_size] for drawn in drawings]


def _tokens(row: TrainingRow, smiles: str) -> list[int]:
    return class_prefix(row.label) + encode(smiles) + [END_INDEX]


def row_probabilities(rows: Sequence[TrainingRow], balance: float) -> np.ndarray:
    """The chance of each row to be the next in a batch, shape (rows,).

    Within a class it is proportional to the weight; a class as a whole gets a share proportional to the power
    1 − `balance` of its total weight. At 1 all classes get the same, which is in expectation what the paper reaches by
    copying the rows of the smaller class; at 0 weights count as they stand.
    """
    weights = np.array([row.weight for row in rows], dtype=float)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise InputError("the weights of the training set must be finite, not negative and not all zero")
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row.label] += row.weight
    weights = np.array([row.weight * totals[row.label] ** -balance if row.weight else 0.0 for row in rows])
    return weights / weights.sum()


def pack(sequences: Sequence[np.ndarray]) -> Batch:
    """Lay `sequences` into as few lines as first-fit finds, each as wide as the longest of them.

    The target at a place is the token after it. Inside the prompt it is `IGNORED`: the model is to learn
    p(string | class), not p(class).
    """
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    width = len(sequences[order[0]]) - 1
    used: list[int] = []
    spots: list[tuple[int, int, np.ndarray]] = []
    for i in order:
        length = len(sequences[i]) - 1
        line = next((n for n, taken in enumerate(used) if taken + length <= width), len(used))
        if line == len(used):
            used.append(0)
        spots.append((line, used[line], sequences[i]))
        used[line] += length

    tokens = np.full((len(used), width), END_INDEX)
    targets = np.full((len(used), width), IGNORED)
    positions = np.zeros((len(used), width), dtype=int)
    owner = np.full((len(used), width), -1)
    for number, (line, begin, sequence) in enumerate(spots):
        end = begin + len(sequence) - 1
        tokens[line, begin:end] = sequence[:-1]
        targets[line, begin + CLASS_REPEATS - 1 : end] = sequence[CLASS_REPEATS:]
        positions[line, begin:end] = np.arange(end - begin)
        owner[line, begin:end] = number
    visible = (owner[:, :, None] == owner[:, None, :]) & np.tri(width, dtype=bool)
    return Batch(*(torch.from_numpy(array) for array in (tokens, targets, positions, visible)))
