"""Drawing strings from a trained model, many at a time, each token after one look at the token before it."""

import torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.generator.model import GPT, Past
from autodisco.generator.syntax import Syntax
from autodisco.generator.tokens import CLASS_INDICES, END_INDEX, class_prefix, decode


def draw(
    model: GPT,
    n: int,
    label: str,
    max_tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
    grammar: bool,
    batch_size: int = 512,
) -> list[str]:
    """`n` strings of class `label`, in the order drawn; see `Generator.sample` for the parameters."""
    prefix = class_prefix(label)
    if not 1 <= max_tokens <= model.block_size - len(prefix):
        longest = model.block_size - len(prefix)
        raise InputError(f"max_tokens is {max_tokens}; this model writes between 1 and {longest} tokens")
    if not temperature > 0:
        raise InputError(f"temperature is {temperature}; it must be above 0")
    if top_k < 0:
        raise InputError(f"top_k is {top_k}; it must be 0 (all tokens) or above")
    if n < 0:
        raise InputError(f"{n} strings cannot be drawn; ask for 0 or more")

    generator = torch.Generator(device=next(model.parameters()).device).manual_seed(seed)
    model.eval()
    strings: list[str] = []
    while len(strings) < n:
        rows = min(batch_size, n - len(strings))
        strings += map(decode, extend(model, prefix, rows, max_tokens, temperature, top_k, generator, grammar))
    return strings


@torch.no_grad()
def extend(
    model: GPT,
    prefix: list[int],
    rows: int,
    max_tokens: int,
    temperature: float,
    top_k: int,
    generator: torch.Generator,
    grammar: bool,
) -> list[list[int]]:
    """`rows` continuations of `prefix`, each up to its end token (left out) or `max_tokens` long."""
    device = next(model.parameters()).device
    past: list[Past] = [[] for _ in model.blocks]
    written: list[list[int]] = [[] for _ in range(rows)]
    going = list(range(rows))
    syntax = [Syntax() for _ in going] if grammar else []
    tokens = torch.tensor([prefix] * rows, device=device)
    for left in range(max_tokens - 1, -1, -1):
        logits = model(tokens, past=past)[:, -1] / temperature
        logits[:, CLASS_INDICES] = -torch.inf
        states = [syntax[row] for row in going] if grammar else []
        drawn = _choose(logits, top_k, generator, states, left)
        kept = [place for place, token in enumerate(drawn) if token != END_INDEX]
        for place in kept:
            written[going[place]].append(drawn[place])
        if not kept:
            break
        if len(kept) < len(going):
            going = [going[place] for place in kept]
            chosen = torch.tensor(kept, device=device)
            past = [[tensor[chosen] for tensor in layer] for layer in past]
        tokens = torch.tensor([[drawn[place]] for place in kept], device=device)
    return written


def _choose(logits: Tensor, top_k: int, generator: torch.Generator, states: list[Syntax], left: int) -> list[int]:
    """A token for every row of `logits`, the next one of its string; one that its syntax forbids is drawn again.

    To draw again without the forbidden token is the same as never to have allowed it, and seldom needed.
    """
    likely = logits
    if top_k:
        kth = torch.topk(logits, min(top_k, logits.shape[1])).values[:, -1:]
        likely = logits.masked_fill(logits < kth, -torch.inf)
    drawn = torch.multinomial(likely.softmax(-1), 1, generator=generator)[:, 0].tolist()
    open_rows = [row for row, state in enumerate(states) if not state.accepts(drawn[row], left)]
    while open_rows:
        for row in open_rows:
            likely[row, drawn[row]] = logits[row, drawn[row]] = -torch.inf
            if torch.isneginf(likely[row]).all():
                likely[row] = logits[row]
            if torch.isneginf(likely[row]).all():  # nothing can follow: a dead end that its syntax did not foresee
                likely[row, END_INDEX] = 0.0
                states[row].give_up()
        again = torch.multinomial(likely[open_rows].softmax(-1), 1, generator=generator)[:, 0].tolist()
        for row, token in zip(open_rows, again, strict=True):
            drawn[row] = token
        open_rows = [row for row in open_rows if not states[row].accepts(drawn[row], left)]
    for state, token in zip(states, drawn, strict=bool(states)):
        state.push(token)
    return drawn
