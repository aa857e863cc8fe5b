"""Strings by discrete diffusion: tokens are hidden at random and predicted from the remaining ones.

The network is the transformer without its causal mask. Trained to fill in tokens hidden at every rate, it writes a
string by filling in one place after another (absorbing-state diffusion: Austin et al., NeurIPS 2021; weights of the
loss: Sahoo et al., NeurIPS 2024).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from autodisco.generator.model import GPT
from autodisco.generator.sample import DRAWS_AT_ONCE, choose, guided
from autodisco.generator.settings import Sampling
from autodisco.generator.syntax import Prefix
from autodisco.generator.tokens import CLASS_REPEATS, END_INDEX, MASK_INDEX, class_prefix, decode


class Diffusion(GPT):
    """Lines of `block_size` places: the prompt, the string, and end tokens that fill the line."""

    def loss(self, sequences: Sequence[np.ndarray], weights: Sequence[float] | None, draws: torch.Generator) -> Tensor:
        """Bound on the negative log-likelihood, per place of a line behind the prompt."""
        device = self.head.weight.device
        whole = torch.full((len(sequences), self.block_size), END_INDEX)
        for line, sequence in enumerate(sequences):
            whole[line, : len(sequence) - 1] = torch.from_numpy(sequence[:-1])
        # One rate for each line, evenly spread over a batch, which makes the sum over rates less noisy.
        rate = (torch.rand(1, generator=draws) + torch.arange(len(sequences)) / len(sequences)) % 1
        rate = rate.clamp(min=1e-3)[:, None]
        hidden = torch.rand(whole.shape, generator=draws) < rate
        hidden[:, :CLASS_REPEATS] = False
        seen = whole.masked_fill(hidden, MASK_INDEX)
        each = F.cross_entropy(
            self._guess(seen.to(device)).flatten(0, 1), whole.flatten().to(device), reduction="none"
        ).view(whole.shape)
        factor = torch.ones(len(sequences)) if weights is None else torch.tensor(weights)
        scale = (hidden / rate * factor[:, None]).to(device)
        return (each * scale).sum() / (len(sequences) * (self.block_size - CLASS_REPEATS))

    def _guess(self, tokens: Tensor) -> Tensor:
        time = tokens.shape[1]
        logits: Tensor = self(tokens, visible=torch.ones(time, time, dtype=torch.bool, device=tokens.device))
        return logits

    @torch.no_grad()
    def draw(self, n: int, sampling: Sampling, generator: torch.Generator) -> list[str]:
        """`n` strings: places are filled in random order, or with grammar from left to right."""
        strings: list[str] = []
        while len(strings) < n:
            strings += self._fill(min(DRAWS_AT_ONCE, n - len(strings)), sampling, generator)
        return strings

    def _fill(self, rows: int, sampling: Sampling, generator: torch.Generator) -> list[str]:
        device = generator.device
        lines = torch.full((rows, self.block_size), END_INDEX, device=device)
        lines[:, :CLASS_REPEATS] = torch.tensor(class_prefix(sampling.label), device=device)
        begin, end = CLASS_REPEATS, CLASS_REPEATS + sampling.max_tokens
        lines[:, begin:end] = MASK_INDEX
        order = torch.arange(begin, end, device=device).expand(rows, -1)
        if not sampling.grammar:
            order = begin + torch.rand(rows, end - begin, generator=generator, device=device).argsort(-1)
        states = [Prefix()] * rows if sampling.grammar else []
        every = torch.arange(rows, device=device)
        for number in range(end - begin):
            place = order[:, number]
            logits = self._guess(lines)[every, place]
            if sampling.guidance:
                other = lines.clone()
                other[:, :CLASS_REPEATS] = torch.tensor(class_prefix(sampling.away_from), device=device)
                logits = torch.cat([logits, self._guess(other)[every, place]])
            left = sampling.max_tokens - 1 - number
            logits = guided(logits, 1 + bool(sampling.guidance), sampling)
            states, drawn = choose(logits, sampling.top_k, generator, states, left)
            lines[every, place] = torch.tensor(drawn, device=device)
        return [decode(line) for line in lines[:, begin:end].tolist()]
