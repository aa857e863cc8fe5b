"""The language model: a decoder-only transformer.

The layout is GPT-2's (norms before each block, GELU, learned positions), with the sizes and the initialisation of
minGPT, which the paper trained. Input and output embeddings are separate, as there.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autodisco.generator.batches import Batch, pack
from autodisco.generator.sample import Autoregressive, Memory
from autodisco.generator.settings import SIZES, NetworkSettings
from autodisco.generator.tokens import VOCABULARY

#: Number of positions by which the memory for keys and values grows.
_GROWTH = 8


def dropout(x: Tensor, p: float) -> Tensor:
    """Zero each element with chance `p` (to 1 in 65,536) and scale the rest by 1 / (1 − p).

    On a CPU drawing one uniform number per element costs torch more than the small matrix products around it, so four
    elements share the 64 bits of one draw.
    """
    if p == 0:
        return x
    n = x.numel()
    bits = torch.empty((n + 3) // 4, dtype=torch.int64, device=x.device).random_(-(2**63), None)
    keep = bits.view(torch.int16)[:n].view(x.shape) >= round(p * 65536) - 32768
    return x * (keep * (1 / (1 - p)))


class CausalSelfAttention(nn.Module):
    """Attention of every position to the positions visible to it, in `n_head` subspaces."""

    def __init__(self, n_embd: int, n_head: int, p_drop: float):
        super().__init__()
        self.n_head = n_head
        self.p_drop = p_drop
        self.qkv = nn.Linear(n_embd, 3 * n_embd)
        self.projection = nn.Linear(n_embd, n_embd)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) / math.sqrt(C // self.n_head)
        attention = scores.masked_fill(~visible.unsqueeze(-3), -torch.inf).softmax(-1)
        y = dropout(attention, self.p_drop * self.training) @ v
        y = y.transpose(1, 2).reshape(B, T, C)
        return dropout(self.projection(y), self.p_drop * self.training)

    def step(self, x: Tensor, time: int, k: Tensor, v: Tensor) -> Tensor:
        """`forward` for position `time` alone, x of shape (batch, width), which sees all positions before it.

        Its key and value are written into `k` and `v`, of shape (positions, heads, width of a head, batch).
        """
        B, C = x.shape
        q, k[time], v[time] = self.qkv(x).T.reshape(3, self.n_head, C // self.n_head, B)
        scores = (q * k[: time + 1]).sum(2) / math.sqrt(C // self.n_head)
        y = (scores.softmax(0).unsqueeze(2) * v[: time + 1]).sum(0)
        projected: Tensor = self.projection(y.view(C, B).T)
        return projected


class Block(nn.Module):
    """Attention, then a two-layer perceptron, each added to the residual stream."""

    def __init__(self, n_embd: int, n_head: int, p_drop: float):
        super().__init__()
        self.norm_1 = nn.LayerNorm(n_embd)
        self.attention = CausalSelfAttention(n_embd, n_head, p_drop)
        self.norm_2 = nn.LayerNorm(n_embd)
        self.expand = nn.Linear(n_embd, 4 * n_embd)
        self.projection = nn.Linear(4 * n_embd, n_embd)
        self.p_drop = p_drop

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        x = x + self.attention(self.norm_1(x), visible)
        return x + dropout(self._perceive(x), self.p_drop * self.training)

    def step(self, x: Tensor, time: int, k: Tensor, v: Tensor) -> Tensor:
        """`forward` for position `time` alone, x of shape (batch, width)."""
        x = x + self.attention.step(self.norm_1(x), time, k, v)
        return x + self._perceive(x)

    def _perceive(self, x: Tensor) -> Tensor:
        perceived: Tensor = self.projection(F.gelu(self.expand(self.norm_2(x))))
        return perceived


class GPT(Autoregressive):
    """The distribution of the next token given all before it.

    Weights are drawn from torch's global generator: seed it (in a fork) before building a model.
    """

    def __init__(self, settings: NetworkSettings):
        super().__init__()
        n_layer, n_head, n_embd = SIZES[settings.size]
        self.block_size, self.width = settings.block_size, n_embd
        self.heads = (n_head, n_embd // n_head)
        self.token_embedding = nn.Embedding(len(VOCABULARY), n_embd)
        self.position_embedding = nn.Embedding(settings.block_size, n_embd)
        self.p_drop = settings.dropout
        self.blocks = nn.ModuleList(Block(n_embd, n_head, settings.dropout) for _ in range(n_layer))
        self.norm = nn.LayerNorm(n_embd)
        self.head = nn.Linear(n_embd, len(VOCABULARY), bias=False)

        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
        for name, parameter in self.named_parameters():
            if name.endswith("projection.weight"):
                # each layer adds two terms to the residual stream; this keeps its variance the same at any depth
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * n_layer))

    def forward(self, tokens: Tensor, positions: Tensor | None = None, visible: Tensor | None = None) -> Tensor:
        """Logits of shape (batch, time, vocabulary) for integer `tokens` of shape (batch, time ≤ block_size).

        `positions` (batch, time) and `visible` (batch, query time, key time; boolean) give the place of each token and
        the tokens that it sees, for several strings in one line; by default a line is one string.
        """
        T = tokens.shape[1]
        if positions is None:
            positions = torch.arange(T, device=tokens.device)
        if visible is None:
            visible = torch.ones(T, T, dtype=torch.bool, device=tokens.device).tril()
        x = self.token_embedding(tokens) + self.position_embedding(positions)
        x = dropout(x, self.p_drop * self.training)
        for block in self.blocks:
            x = block(x, visible)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def step(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """The memory holds keys and values of every layer, with room for some more places; it is changed in place."""
        time, tensors = memory
        if time % _GROWTH == 0:
            room = torch.empty(_GROWTH, *self.heads, len(tokens), device=tokens.device)
            tensors = [torch.cat([old, room]) for old in tensors] or [room.clone() for _ in range(2 * len(self.blocks))]
        x = self.token_embedding(tokens) + self.position_embedding.weight[time]
        for number, block in enumerate(self.blocks):
            x = block.step(x, time, *tensors[2 * number : 2 * number + 2])  # type: ignore[operator]
        return self.head(self.norm(x)), Memory(time + 1, tensors)

    def loss(self, sequences: Sequence[np.ndarray], weights: Sequence[float] | None, draws: torch.Generator) -> Tensor:
        """Negative log-likelihood of the strings given their class."""
        batch = pack(sequences, weights).to(self.head.weight.device)
        return cross_entropy(self(batch.tokens, batch.positions, batch.visible), batch)


def cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Mean of loss times weight over the targets that count; weights of mean 1 keep their share in every batch."""
    each = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), reduction="none")
    return (each * batch.weights.flatten()).sum() / batch.counted.sum()


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters for AdamW: matrices decay; biases, norms and embeddings do not."""
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    decays = [p.ndim > 1 and id(p) not in embeddings for p in model.parameters()]
    split: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter, decaying in zip(model.parameters(), decays, strict=True):
        split[decaying].append(parameter)
    return [{"params": split[True], "weight_decay": weight_decay}, {"params": split[False], "weight_decay": 0.0}]
