"""The training loop: weighted draws of rows, AdamW, and a checkpoint from which it continues bit for bit."""

import hashlib
import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from autodisco.errors import InputError
from autodisco.files import write_atomic
from autodisco.generator.batches import IGNORED, encode_rows, pack, row_probabilities
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.model import GPT
from autodisco.generator.settings import GeneratorSettings

#: Called after each iteration with (iteration, iterations, loss in nats per token).
Progress = Callable[[int, int, float], None]


def train(
    model: GPT,
    rows: Sequence[TrainingRow],
    settings: GeneratorSettings,
    seed: int,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
) -> list[float]:
    """Train `model` in place and return the loss (nats per token) of every iteration.

    Dropout draws from torch's global generator, so call this inside `torch.random.fork_rng` after seeding it.

    Raises
    ------
    InputError
        `rows` is empty, has no weight, or holds a string that is too long or cannot be written in tokens.
    """
    device = next(model.parameters()).device
    sequences = encode_rows(rows, settings.block_size, settings.augment)
    cumulative = torch.from_numpy(row_probabilities(rows, settings.balance)).cumsum(0)
    draws = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        model.parameter_groups(settings.weight_decay),
        lr=settings.learning_rate,
        betas=(settings.beta1, settings.beta2),
        fused=True,
    )
    losses: list[float] = []
    run = fingerprint(model, rows, settings, seed)
    if checkpoint is not None and checkpoint.exists():
        state = load_archive(checkpoint)
        if state.get("run") == run:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            losses = state["losses"]
            draws.set_state(state["draws"])
            _set_global_rng(state["dropout"], device)

    model.train()
    while len(losses) < settings.iterations:
        uniform = torch.rand(settings.batch_size, dtype=torch.float64, generator=draws)
        chosen = torch.searchsorted(cumulative, uniform * cumulative[-1], right=True).clamp(max=len(rows) - 1)
        ways = [sequences[i] for i in chosen.tolist()]
        if settings.augment:
            turns = torch.rand(settings.batch_size, generator=draws).tolist()
            batch = pack([way[int(turn * len(way))] for way, turn in zip(ways, turns, strict=True)]).to(device)
        else:
            batch = pack([way[0] for way in ways]).to(device)
        logits = model(batch.tokens, batch.positions, batch.visible)
        loss = F.cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=IGNORED)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.grad_clip)
        optimizer.step()
        losses.append(loss.item())
        if checkpoint is not None and (len(losses) % checkpoint_every == 0 or len(losses) == settings.iterations):
            state = {
                "run": run,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "losses": losses,
                "draws": draws.get_state(),
                "dropout": _global_rng(device),
            }
            save_archive(checkpoint, state)
        if progress is not None:
            progress(len(losses), settings.iterations, losses[-1])
    return losses


def fingerprint(model: GPT, rows: Sequence[TrainingRow], settings: GeneratorSettings, seed: int) -> str:
    """Names a training run by all that decides its result, so that a checkpoint of another run is not taken up."""
    digest = hashlib.sha256(json.dumps([settings.to_dict(), seed]).encode())
    for row in rows:
        digest.update(f"{row.smiles} {row.label} {row.weight!r}\n".encode())
    for parameter in model.parameters():
        digest.update(parameter.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def save_archive(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values to `path`, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomic(path, buffer.getvalue())


def load_archive(path: Path) -> dict[str, Any]:
    """What `save_archive` wrote, on the CPU. Only tensors and plain values are read: a file cannot run code.

    Raises
    ------
    InputError
        The file is missing or is no such archive.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such model file")
    try:
        # torch falls back to older formats for what is no zip archive, and fails there in many ways
        state = torch.load(path, map_location="cpu", weights_only=True) if zipfile.is_zipfile(path) else None
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise InputError(f"{path}: not a model file of this program") from error
    if not isinstance(state, dict):
        raise InputError(f"{path}: not a model file of this program")
    return state


@contextmanager
def cpu_threads(number: int) -> Iterator[None]:
    """Let torch use `number` threads inside the block; 0 changes nothing."""
    before = torch.get_num_threads()
    if number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _global_rng(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_global_rng(state: Tensor, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
