"""The language model: a decoder-only transformer small enough to read in a sitting.

The layout is GPT-2's (norms before each block, GELU, learned positions), with the sizes and the initialisation of
minGPT, which the paper trained. Input and output embeddings are separate, as there.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autodisco.generator.settings import SIZES, GeneratorSettings
from autodisco.generator.tokens import VOCABULARY

#: Keys and values of one layer for the tokens before, each (batch, heads, time, width); empty before the first.
Past = list[Tensor]


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
    """Every position attends to those visible to it, in `n_head` subspaces."""

    def __init__(self, n_embd: int, n_head: int, p_drop: float):
        super().__init__()
        self.n_head = n_head
        self.p_drop = p_drop
        self.qkv = nn.Linear(n_embd, 3 * n_embd)
        self.projection = nn.Linear(n_embd, n_embd)

    def forward(self, x: Tensor, visible: Tensor, past: Past | None = None) -> Tensor:
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.n_head, C // self.n_head).permute(2, 0, 3, 1, 4)
        if past is not None:
            if past:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            past[:] = k, v
        scores = q @ k.transpose(-2, -1) / math.sqrt(C // self.n_head)
        attention = scores.masked_fill(~visible.unsqueeze(-3), -torch.inf).softmax(-1)
        y = dropout(attention, self.p_drop * self.training) @ v
        y = y.transpose(1, 2).reshape(B, T, C)
        return dropout(self.projection(y), self.p_drop * self.training)


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

    def forward(self, x: Tensor, visible: Tensor, past: Past | None = None) -> Tensor:
        x = x + self.attention(self.norm_1(x), visible, past)
        h = self.projection(F.gelu(self.expand(self.norm_2(x))))
        return x + dropout(h, self.p_drop * self.training)


class GPT(nn.Module):
    """The distribution of the next token given all before it.

    Weights are drawn from torch's global generator: seed it (in a fork) before building a model.
    """

    def __init__(self, settings: GeneratorSettings):
        super().__init__()
        n_layer, n_head, n_embd = SIZES[settings.size]
        self.block_size = settings.block_size
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

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor | None = None,
        visible: Tensor | None = None,
        past: Sequence[Past] | None = None,
    ) -> Tensor:
        """Logits of shape (batch, time, vocabulary) for integer `tokens` of shape (batch, time ≤ block_size).

        `positions` (batch, time) and `visible` (batch, query time, key time; boolean) say where each token stands and
        which it sees, for several strings in one line; without them a line is one string read from its beginning.
        `past` holds a list per layer, empty at first, in which keys and values of the tokens so far are kept: then
        `tokens` are only those that follow.
        """
        T = tokens.shape[1]
        before = past[0][0].shape[2] if past and past[0] else 0
        if positions is None:
            positions = torch.arange(before, before + T, device=tokens.device)
        if visible is None:
            visible = torch.ones(T, before + T, dtype=torch.bool, device=tokens.device).tril(before)
        x = self.token_embedding(tokens) + self.position_embedding(positions)
        x = dropout(x, self.p_drop * self.training)
        for number, block in enumerate(self.blocks):
            x = block(x, visible, past[number] if past else None)
        return self.head(self.norm(x))

    def parameter_groups(self, weight_decay: float) -> list[dict]:
        """Parameters for AdamW: matrices of linear layers decay; biases, norms and embeddings do not."""
        decay = [module.weight for module in self.modules() if isinstance(module, nn.Linear)]
        decaying = {id(parameter) for parameter in decay}
        rest = [parameter for parameter in self.parameters() if id(parameter) not in decaying]
        return [{"params": decay, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
