"""Drawing strings from a trained model, many at a time."""

import torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.generator.model import GPT
from autodisco.generator.tokens import CLASS_INDICES, END_INDEX, class_prefix, decode


def draw(
    model: GPT,
    n: int,
    label: str,
    max_tokens: int,
    temperature: float,
    top_k: int,
    seed: int,
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

    device = next(model.parameters()).device
    generator = torch.Generator(device=device).manual_seed(seed)
    model.eval()
    strings: list[str] = []
    while len(strings) < n:
        rows = min(batch_size, n - len(strings))
        tokens = torch.tensor([prefix] * rows, device=device)
        tokens = extend(model, tokens, max_tokens, temperature, top_k, generator)
        strings += [decode(row[len(prefix) :]) for row in tokens.tolist()]
    return strings


@torch.no_grad()
def extend(
    model: GPT, tokens: Tensor, max_tokens: int, temperature: float, top_k: int, generator: torch.Generator
) -> Tensor:
    """`tokens` (batch, time) continued by up to `max_tokens` drawn ones; a row is all end tokens after its first."""
    ended = torch.zeros(len(tokens), 1, dtype=torch.bool, device=tokens.device)
    for _ in range(max_tokens):
        logits = model(tokens)[:, -1] / temperature
        logits[:, CLASS_INDICES] = -torch.inf
        if top_k:
            kth = torch.topk(logits, min(top_k, logits.shape[1])).values[:, -1:]
            logits = logits.masked_fill(logits < kth, -torch.inf)
        drawn = torch.multinomial(logits.softmax(-1), 1, generator=generator)
        tokens = torch.cat([tokens, drawn.masked_fill(ended, END_INDEX)], 1)
        ended = ended | (drawn == END_INDEX)
        if ended.all():
            break
    return tokens
