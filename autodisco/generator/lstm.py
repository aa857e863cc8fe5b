"""A recurrent network in place of the transformer, as PI1M's generator was (Ma and Luo, J. Chem. Inf. Model. 2020)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from autodisco.generator.batches import pad
from autodisco.generator.model import cross_entropy
from autodisco.generator.sample import Autoregressive, Memory
from autodisco.generator.settings import SIZES, NetworkSettings
from autodisco.generator.tokens import VOCABULARY

#: Width of the state beside that of the embedding; three layers then have as many parameters as gpt-nano.
_WIDER = 1.5


class LSTM(Autoregressive):
    """Layers and embedding width of the transformer of that size, about as many parameters."""

    def __init__(self, settings: NetworkSettings):
        super().__init__()
        n_layer, _, n_embd = SIZES[settings.size]
        self.width = width = int(_WIDER * n_embd)
        self.token_embedding = nn.Embedding(len(VOCABULARY), n_embd)
        self.layers = nn.LSTM(n_embd, width, n_layer, batch_first=True, dropout=settings.dropout if n_layer > 1 else 0)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(width, len(VOCABULARY))

    def step(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """The memory holds hidden state and cell, each (layers, width, batch)."""
        state = tuple(part.transpose(1, 2).contiguous() for part in memory.tensors) or None
        x, after = self.layers(self.token_embedding(tokens)[:, None], state)
        return self.head(x[:, 0]), Memory(memory.time + 1, [part.transpose(1, 2) for part in after])

    def loss(self, sequences: Sequence[np.ndarray], weights: Sequence[float] | None, draws: torch.Generator) -> Tensor:
        """Negative log-likelihood of the strings given their class."""
        batch = pad(sequences, weights).to(self.head.weight.device)
        x, _ = self.layers(self.token_embedding(batch.tokens))
        return cross_entropy(self.head(self.dropout(x)), batch)
