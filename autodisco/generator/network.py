"""What training and drawing need of a network."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from autodisco.generator.settings import Sampling


class Network(nn.Module, ABC):
    """A conditional distribution over strings of tokens."""

    width: int

    @abstractmethod
    def loss(self, sequences: Sequence[np.ndarray], weights: Sequence[float] | None, draws: torch.Generator) -> Tensor:
        """Mean loss in nats per token of token sequences with their prompt and end, times the weight of each row."""

    @abstractmethod
    def draw(self, n: int, sampling: Sampling, generator: torch.Generator) -> list[str]:
        """`n` strings in the order drawn."""
