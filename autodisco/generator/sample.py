"""Drawing strings token by token from a network, many at a time; the network is evaluated once per token."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from autodisco.generator.network import Network
from autodisco.generator.settings import Sampling
from autodisco.generator.syntax import Prefix
from autodisco.generator.tokens import END_INDEX, PROMPT_INDICES, class_prefix, decode

#: Strings at a time with a network of the width of gpt-nano; fewer with a wider one, to save memory.
DRAWS_AT_ONCE = 1024
#: Ended strings are removed from a batch when fewer than this share of its strings continue.
_CROWDED = 0.7
#: Most lines that strings with the same prefix share; above it, rearranging costs more than it saves.
_SHARED = 128


class Memory(NamedTuple):
    """State of a network after some tokens: their number, and tensors whose last dimension is the batch.

    The batch is last so that the small sums over heads and places run along it.
    """

    time: int = 0
    tensors: Sequence[Tensor] = ()

    def lines(self, which: list[int]) -> "Memory":
        """A copy for some lines of the batch."""
        lines = torch.tensor(which, device=self.tensors[0].device if self.tensors else None)
        # gather along the last dimension is three times as fast as indexing
        return Memory(self.time, [t.gather(-1, lines.expand(*t.shape[:-1], -1)) for t in self.tensors])


class Autoregressive(Network):
    """A network that gives the distribution of the next token."""

    @abstractmethod
    def step(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Logits (batch, vocabulary) of what follows `tokens` (batch,), and the memory for the next step."""

    @torch.no_grad()
    def draw(self, n: int, sampling: Sampling, generator: torch.Generator) -> list[str]:
        """`n` strings in the order drawn."""
        prompts = [class_prefix(sampling.label)]
        if sampling.guidance:
            prompts.append(class_prefix(sampling.away_from))
        memory = Memory()
        for tokens in torch.tensor(prompts, device=generator.device).unbind(1):
            logits, memory = self.step(tokens, memory)
        start = Prefix()
        strings: list[str] = []
        while len(strings) < n:
            rows = min(max(32, DRAWS_AT_ONCE * 48 // self.width), n - len(strings))
            strings += map(decode, _extend(self, logits, memory, rows, sampling, generator, start))
        return strings


def _extend(
    network: Autoregressive,
    logits: Tensor,
    memory: Memory,
    rows: int,
    sampling: Sampling,
    generator: torch.Generator,
    start: Prefix,
) -> list[list[int]]:
    """`rows` continuations of the prompts behind `logits`, each up to its end token (left out) or `max_tokens`.

    Strings with the same prefix share a line of the batch as long as there are few lines. With guidance there is one
    line for each prompt; the second half of the batch belongs to the class to lead away from.
    """
    prompts, lines, shared = len(logits), 1, True
    written: list[list[int]] = [[] for _ in range(rows)]
    going, line_of = list(range(rows)), [0] * rows  # strings that have not ended, and the line of each in the batch
    states = [start] * rows if sampling.grammar else []
    for left in range(sampling.max_tokens - 1, -1, -1):
        logits = guided(logits, prompts, sampling)[line_of]
        states, drawn = choose(logits, sampling.top_k, generator, states, left)
        kept = [number for number, token in enumerate(drawn) if token != END_INDEX]
        for number in kept:
            written[going[number]].append(drawn[number])
        if not kept or left == 0:
            break
        going, states = [going[number] for number in kept], [states[number] for number in kept] if states else []
        line_of, tokens = [line_of[number] for number in kept], [drawn[number] for number in kept]
        ways = list(zip(line_of, tokens, strict=True))
        different = list(dict.fromkeys(ways)) if shared else []
        shared = shared and len(different) <= _SHARED
        if shared:
            memory = memory.lines(_both([line for line, _ in different], lines, prompts))
            lines, place = len(different), dict(zip(different, range(len(different)), strict=True))
            line_of = [place[way] for way in ways]
        elif not _CROWDED * lines <= len(kept) <= lines:
            memory = memory.lines(_both(line_of, lines, prompts))
            lines, line_of = len(kept), list(range(len(kept)))
        column = torch.full((lines,), END_INDEX)
        column[line_of] = torch.tensor(tokens)
        logits, memory = network.step(column.repeat(prompts).to(logits.device), memory)
    return written


def _both(places: list[int], lines: int, prompts: int) -> list[int]:
    return [place + half * lines for half in range(prompts) for place in places]


def guided(logits: Tensor, prompts: int, sampling: Sampling) -> Tensor:
    """Logits to draw from; with guidance `logits` holds those of the wanted class, then those of the other class."""
    if prompts > 1:
        wanted, other = logits.log_softmax(-1).chunk(2)
        logits = (1 + sampling.guidance) * wanted - sampling.guidance * other
    return logits / sampling.temperature


def choose(
    logits: Tensor, top_k: int, generator: torch.Generator, states: Sequence[Prefix], left: int
) -> tuple[list[Prefix], list[int]]:
    """The next token for every row of `logits`, and the prefixes with these tokens appended.

    A token that is not among the `top_k` likeliest, or that the syntax forbids, is drawn again. This is the same as
    giving it a probability of zero, and is seldom needed.
    """
    logits[:, PROMPT_INDICES] = -torch.inf
    chances = logits.softmax(-1).cumsum(-1)
    point = torch.rand(len(logits), 1, generator=generator, device=logits.device) * chances[:, -1:]
    first = torch.searchsorted(chances, point, right=True).clamp(max=logits.shape[1] - 1)
    level = logits.gather(1, first)
    fits = level > -torch.inf
    if top_k:
        fits &= (logits > level).sum(1, keepdim=True) < top_k
    drawn, fit = first[:, 0].tolist(), fits[:, 0].tolist()
    if not states:
        again = [row for row, good in enumerate(fit) if not good]
        for row, order in zip(again, _orders(logits[again], top_k, generator), strict=True):
            drawn[row] = order[0]
        return [], drawn
    after = [state.then(token, left) if good else None for state, token, good in zip(states, drawn, fit, strict=True)]
    again = [row for row, state in enumerate(after) if state is None]
    for row, order in zip(again, _orders(logits[again], top_k, generator), strict=True):
        ways = ((token, way) for token in order if (way := states[row].then(token, left)) is not None)
        # If no token can follow, which the syntax should exclude, the string ends here.
        drawn[row], after[row] = next(ways, (END_INDEX, states[row]))
    return [state for state in after if state is not None], drawn


def _orders(logits: Tensor, top_k: int, generator: torch.Generator) -> list[list[int]]:
    """All tokens of each row in random order, as drawn without replacement, the `top_k` likeliest before the others.

    The first allowed token is then a draw among the allowed ones (Gumbel's trick).
    """
    if not len(logits):
        return []
    uniform = torch.rand(logits.shape, generator=generator, device=logits.device)
    keys = logits - (-uniform.log()).log()
    if top_k:
        kth = torch.topk(logits, min(top_k, logits.shape[1])).values[:, -1:]
        keys = keys.where(logits >= kth, keys - 1e6)
    return keys.argsort(-1, descending=True).tolist()
