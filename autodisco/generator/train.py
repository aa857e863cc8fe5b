"""The training loop: weighted draws of rows, AdamW, and a checkpoint from which it continues bit for bit."""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from autodisco.errors import InputError, TrainingDiverged
from autodisco.generator.archive import load_archive, save_archive
from autodisco.generator.base import Progress
from autodisco.generator.batches import encode_rows
from autodisco.generator.dataset import TrainingRow, row_probabilities
from autodisco.generator.model import parameter_groups
from autodisco.generator.network import Network
from autodisco.generator.optimizer import AdamW
from autodisco.generator.settings import EVALUATE_EVERY, PATIENCE, NetworkSettings

Weights = dict[str, Tensor]


def train(
    model: Network,
    rows: Sequence[TrainingRow],
    settings: NetworkSettings,
    seed: int,
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
) -> list[float]:
    """Train `model` in place and return the loss (nats per token) of every iteration.

    An exception from `progress` ends the training; a later call continues from `checkpoint` without losing a step.
    Dropout draws from torch's global generator, so call this inside `torch.random.fork_rng` after seeding it.

    Raises
    ------
    InputError
        `rows` is empty, has a total weight of zero, or holds a string that is too long or cannot be written in tokens.
    TrainingDiverged
        The loss is infinite or no number.
    """
    training = Training(model, rows, settings, seed)
    run = fingerprint(model, rows, settings, seed)
    if checkpoint is not None and checkpoint.exists():
        training.resume(checkpoint, run)
    while not training.done:
        training.step()
        iteration = len(training.losses)
        if checkpoint is not None and (iteration % checkpoint_every == 0 or training.done):
            training.save(checkpoint, run)
        if progress is not None:
            try:
                progress(iteration, settings.iterations, training.losses[-1])
            except Exception:
                if checkpoint is not None:
                    training.save(checkpoint, run)
                raise
    if training.chosen:
        model.load_state_dict(training.chosen)
    return training.losses


class Training:
    """The state of a training: everything that decides how it continues."""

    def __init__(self, model: Network, rows: Sequence[TrainingRow], settings: NetworkSettings, seed: int):
        self.model = model
        self.settings = settings
        self.device = next(model.parameters()).device
        self.losses: list[float] = []
        self.draws = torch.Generator().manual_seed(seed)
        self.ways = encode_rows(rows, settings.block_size, settings.augment)
        self.chances = row_probabilities(rows, settings.balance)
        self.held_out = _held_out(rows, settings.held_out, seed)
        drawn = np.where(self.held_out, 0.0, self.chances)
        by_loss = settings.weighting == "loss"
        self.cumulative = torch.from_numpy((drawn > 0) * 1.0 if by_loss else drawn).cumsum(0)
        self.weights = drawn / drawn[drawn > 0].mean() if by_loss else None
        self.averaged: Weights = _copy(model) if settings.ema else {}
        self.best: Weights = {}
        self.best_loss, self.best_at = np.inf, 0
        self.optimizer = AdamW(
            parameter_groups(model, settings.weight_decay),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            fused=True,
        )

    @property
    def done(self) -> bool:
        """Whether all iterations are done, or the held-out loss has not fallen for `PATIENCE` evaluations."""
        overdue = self.best and len(self.losses) - self.best_at >= PATIENCE * EVALUATE_EVERY
        return len(self.losses) >= self.settings.iterations or bool(overdue)

    @property
    def chosen(self) -> Weights:
        """The final weights; empty if they are those of the model as it is."""
        return self.best or self.averaged

    def step(self) -> None:
        """Train on one batch."""
        settings = self.settings
        uniform = torch.rand(settings.batch_size, dtype=torch.float64, generator=self.draws)
        last = len(self.ways) - 1
        rows = torch.searchsorted(self.cumulative, uniform * self.cumulative[-1], right=True).clamp(max=last).tolist()
        ways = [self.ways[row] for row in rows]
        turns = [0.0] * len(ways)
        if settings.augment != "none":
            turns = torch.rand(settings.batch_size, generator=self.draws).tolist()
        sequences = [way[int(turn * len(way))] for way, turn in zip(ways, turns, strict=True)]
        weights = None if self.weights is None else self.weights[rows].tolist()

        self.model.train()
        loss = self.model.loss(sequences, weights, self.draws)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if not math.isfinite(value := loss.item()):
            raise TrainingDiverged(
                f"the training diverged: the loss of iteration {len(self.losses) + 1} is {value}; lower "
                f"generator.learning_rate (now {settings.learning_rate:g})"
            )
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.grad_clip)
        self.optimizer.step()
        self.losses.append(value)
        if self.averaged:
            # A shorter memory in the beginning, so that the average forgets the random weights.
            decay = min(settings.ema, (1 + len(self.losses)) / (10 + len(self.losses)))
            for name, weight in self.model.state_dict().items():
                self.averaged[name].lerp_(weight, 1 - decay)
        if self.held_out.any() and len(self.losses) % EVALUATE_EVERY == 0:
            self._evaluate()

    @torch.no_grad()
    def _evaluate(self) -> None:
        """Keep the weights if they are the best so far on the held-out rows, weighted as in training."""
        now = _copy(self.model) if self.averaged else {}
        if self.averaged:
            self.model.load_state_dict(self.averaged)
        self.model.eval()
        generator = torch.Generator().manual_seed(0)
        numbers = np.flatnonzero(self.held_out)
        weights = self.chances / self.chances[numbers].mean()
        total = 0.0
        for chunk in np.array_split(numbers, -(-len(numbers) // 256)):
            loss = self.model.loss([self.ways[row][0] for row in chunk], weights[chunk].tolist(), generator)
            total += loss.item() * len(chunk) / len(numbers)
        if total < self.best_loss:
            self.best_loss, self.best_at, self.best = total, len(self.losses), _copy(self.model)
        if now:
            self.model.load_state_dict(now)

    def save(self, path: Path, run: str) -> None:
        """Write this state to a checkpoint."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"averaged.{name}": tensor for name, tensor in self.averaged.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in state.items()}
        tensors |= {"random.draws": self.draws.get_state(), "random.dropout": _global_rng(self.device)}
        facts = {"run": run, "losses": self.losses, "best_loss": self.best_loss, "best_at": self.best_at}
        save_archive(path, "checkpoint", facts, tensors)

    def resume(self, path: Path, run: str) -> None:
        """Continue from a checkpoint of this training. A checkpoint of another one, or of a later step, is ignored."""
        try:
            facts, tensors = load_archive(path)
        except InputError:
            raise InputError(f"{path}: not the state of a training; delete it to train from the beginning") from None
        if facts.get("run") != run or len(facts["losses"]) > self.settings.iterations:
            return
        parts: dict[str, Weights] = {name: {} for name in ("model", "averaged", "best", "optimizer", "random")}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        self.model.load_state_dict(parts["model"])
        self.averaged = {name: tensor.to(self.device) for name, tensor in parts["averaged"].items()}
        self.best = parts["best"]
        state: dict[int, Weights] = {}
        for name, tensor in parts["optimizer"].items():
            number, _, rest = name.partition(".")
            state.setdefault(int(number), {})[rest] = tensor
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})
        self.losses, self.best_loss, self.best_at = facts["losses"], facts["best_loss"], facts["best_at"]
        self.draws.set_state(parts["random"]["draws"])
        _set_global_rng(parts["random"]["dropout"], self.device)


def fingerprint(model: Network, rows: Sequence[TrainingRow], settings: NetworkSettings, seed: int) -> str:
    """A hash of everything that decides a training, so that a checkpoint of another training is not used.

    The number of iterations is left out: a longer training continues where a shorter one ended.
    """
    course = settings.fitting() | {"iterations": None}
    digest = hashlib.sha256(json.dumps([course, seed]).encode())
    for row in rows:
        digest.update(f"{row.smiles} {row.label} {row.weight!r}\n".encode())
    for parameter in model.parameters():
        digest.update(parameter.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def _held_out(rows: Sequence[TrainingRow], share: float, seed: int) -> np.ndarray:
    """The rows put aside: a share of each class, rounded down, so that the training keeps every class."""
    aside = np.zeros(len(rows), dtype=bool)
    rng = np.random.default_rng(seed)
    for label in sorted({row.label for row in rows}):
        members = [number for number, row in enumerate(rows) if row.label == label and row.weight > 0]
        aside[rng.permutation(members)[: int(share * len(members))].astype(int)] = True
    return aside


def _copy(model: Network) -> Weights:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _global_rng(device: torch.device) -> Tensor:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()


def _set_global_rng(state: Tensor, device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
