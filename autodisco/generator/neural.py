"""The generators that are networks: fitted by gradient descent, drawn from token by token."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autodisco.errors import InputError
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.diffusion import Diffusion
from autodisco.generator.generator import Generator, Run
from autodisco.generator.lstm import LSTM
from autodisco.generator.model import GPT, Network
from autodisco.generator.sample import draw
from autodisco.generator.settings import GeneratorSettings, Sampling
from autodisco.generator.tokens import CLASS_REPEATS, VOCABULARY
from autodisco.generator.train import cpu_threads, train

NETWORKS: dict[str, type[GPT | LSTM]] = {"gpt": GPT, "lstm": LSTM, "diffusion": Diffusion}


class NeuralGenerator(Generator):
    """A network over the tokens of repeat units, kinds `gpt`, `lstm` and `diffusion`.

    The string of a repeat unit follows five class tokens: `1` for high, `0` for low conductivity, `2` for repeat units
    without a label. Prompted with a class, the network writes strings of that class (Khajeh et al., 2025).
    """

    def __init__(self, settings: GeneratorSettings, model: Network, losses: Sequence[float] = ()):
        super().__init__(settings, losses)
        self.model = model

    @classmethod
    def _fit(cls, rows: Sequence[TrainingRow], settings: GeneratorSettings, run: Run) -> "NeuralGenerator":
        device = find_device(settings.device)
        seed_global, seed_draws = (int(s) for s in np.random.SeedSequence(run.seed).generate_state(2, np.uint64))
        gpus = [device.index or 0] if device.type == "cuda" else []
        with cpu_threads(settings.threads), torch.random.fork_rng(devices=gpus):
            torch.manual_seed(seed_global)
            model = NETWORKS[settings.kind](settings)
            if run.start_from is not None:
                _copy_weights(run.start_from, model, settings)
            model.to(device)
            losses = train(model, rows, settings, seed_draws, run.progress, run.checkpoint, run.checkpoint_every)
        return cls(settings, model.eval(), losses)

    def _draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        room = self.settings.block_size - CLASS_REPEATS
        if sampling.max_tokens > room:
            raise InputError(f"max_tokens is {sampling.max_tokens}; this model writes between 1 and {room} tokens")
        state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        generator = torch.Generator(device=next(self.model.parameters()).device).manual_seed(state)
        with cpu_threads(self.settings.threads):
            if isinstance(self.model, Diffusion):
                return self.model.draw(n, sampling, generator)
            return draw(self.model, n, sampling, generator)

    def _content(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        return {"vocabulary": list(VOCABULARY)}, self.model.state_dict()

    @classmethod
    def _from_content(
        cls, settings: GeneratorSettings, facts: dict[str, Any], tensors: dict[str, Tensor]
    ) -> "NeuralGenerator":
        if tuple(facts["vocabulary"]) != VOCABULARY:
            raise InputError("written by another version of this program; train the model again")
        elsewhere = settings.device.startswith("cuda") and not torch.cuda.is_available()
        with torch.random.fork_rng(devices=[]):
            model = NETWORKS[settings.kind](settings)
        model.load_state_dict(tensors)
        return cls(settings, model.to(find_device("cpu" if elsewhere else settings.device)).eval(), facts["losses"])


def find_device(name: str) -> torch.device:
    """The device of a name, ``auto`` the GPU where there is one. Raises InputError for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"generator device {name!r} is unknown; choose auto, cpu or cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"generator device {name!r} is not supported; choose auto, cpu or cuda")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"generator device is {name!r}, but torch finds no such GPU here; choose auto or cpu")
    return device


def _copy_weights(source: Generator, model: Network, settings: GeneratorSettings) -> None:
    for name in ("kind", "size", "block_size"):
        theirs, ours = getattr(source.settings, name), getattr(settings, name)
        if theirs != ours:
            raise InputError(f"cannot start from a generator with {name} {theirs!r}: the settings ask for {ours!r}")
    if isinstance(source, NeuralGenerator):
        model.load_state_dict(source.model.state_dict())
