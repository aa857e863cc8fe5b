"""The generators that are networks. torch is imported when one is fitted or loaded, not for its settings."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from autodisco.errors import InputError
from autodisco.generator.base import FitOptions, Generator
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.settings import NetworkSettings, Sampling
from autodisco.generator.tokens import VOCABULARY

if TYPE_CHECKING:
    from torch import Tensor

    from autodisco.generator.network import Network


class NeuralGenerator(Generator):
    """A network over the tokens of repeat units.

    The string of a repeat unit follows five class tokens: `1` for high, `0` for low conductivity, `2` for repeat units
    without a label. Prompted with a class, the network writes strings of that class (Khajeh et al., 2025).
    """

    Settings = NetworkSettings
    settings: NetworkSettings

    def __init__(self, settings: NetworkSettings, model: "Network", losses: Sequence[float] = ()):
        super().__init__(settings, losses)
        self.model = model

    @classmethod
    @abstractmethod
    def network(cls, settings: NetworkSettings) -> "Network":
        """An untrained network, with weights from torch's global generator."""

    @classmethod
    def fit(cls, rows: Sequence[TrainingRow], settings: Any, options: FitOptions) -> Self:
        """Train the network; what `options.progress` raises ends the training, which `options.checkpoint` continues."""
        import torch

        from autodisco.generator.device import cpu_threads, find_device
        from autodisco.generator.train import train

        device = find_device(settings.device)
        seed_global, seed_draws = (int(s) for s in np.random.SeedSequence(options.seed).generate_state(2, np.uint64))
        gpus = [device.index or 0] if device.type == "cuda" else []
        with cpu_threads(settings.threads), torch.random.fork_rng(devices=gpus):
            torch.manual_seed(seed_global)
            model = cls.network(settings)
            if options.start_from is not None:
                _copy_weights(options.start_from, model, settings)
            model.to(device)
            losses = train(
                model, rows, settings, seed_draws, options.progress, options.checkpoint, options.checkpoint_every
            )
        return cls(settings, model.eval(), losses)

    def draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        """`n` strings, token by token; raises InputError for more tokens than the network has places."""
        import torch

        from autodisco.generator.device import cpu_threads

        if sampling.max_tokens > self.settings.longest:
            raise InputError(
                f"max_tokens is {sampling.max_tokens}; this model writes between 1 and {self.settings.longest} tokens"
            )
        state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
        generator = torch.Generator(device=next(self.model.parameters()).device).manual_seed(state)
        with cpu_threads(self.settings.threads):
            return self.model.draw(n, sampling, generator)

    def content(self) -> "tuple[dict[str, Any], dict[str, Tensor]]":
        """The vocabulary and the weights."""
        return {"vocabulary": list(VOCABULARY)}, self.model.state_dict()

    @classmethod
    def restore(cls, settings: Any, facts: Mapping[str, Any], tensors: "Mapping[str, Tensor]") -> Self:
        """The trained network, on a CPU if the GPU that it was trained on is not there."""
        import torch

        from autodisco.generator.device import find_device

        if tuple(facts["vocabulary"]) != VOCABULARY:
            raise InputError("written by another version of this program; train the model again")
        elsewhere = settings.device == "cuda" and not torch.cuda.is_available()
        with torch.random.fork_rng(devices=[]):
            model = cls.network(settings)
        model.load_state_dict(tensors)
        return cls(settings, model.to(find_device("cpu" if elsewhere else settings.device)).eval(), facts["losses"])

    @classmethod
    def check(cls, settings: Any) -> None:
        """Raise InputError if the settings ask for a GPU that is not there; torch is loaded only to look for one."""
        if settings.device == "cuda":
            from autodisco.generator.device import find_device

            find_device(settings.device)


class GptGenerator(NeuralGenerator):
    """Kind `gpt`: the transformer of the paper."""

    @classmethod
    def network(cls, settings: NetworkSettings) -> "Network":
        """An untrained transformer."""
        from autodisco.generator.model import GPT

        return GPT(settings)


class LstmGenerator(NeuralGenerator):
    """Kind `lstm`: a recurrent network of about as many parameters."""

    @classmethod
    def network(cls, settings: NetworkSettings) -> "Network":
        """An untrained recurrent network."""
        from autodisco.generator.lstm import LSTM

        return LSTM(settings)


class DiffusionGenerator(NeuralGenerator):
    """Kind `diffusion`: the transformer without a causal mask, which fills in hidden tokens."""

    @classmethod
    def network(cls, settings: NetworkSettings) -> "Network":
        """An untrained transformer for discrete diffusion."""
        from autodisco.generator.diffusion import Diffusion

        return Diffusion(settings)


def _copy_weights(source: Generator, model: "Network", settings: NetworkSettings) -> None:
    for name in ("kind", "size", "block_size"):
        theirs, ours = getattr(source.settings, name, None), getattr(settings, name)
        if theirs != ours:
            raise InputError(
                f"cannot start from a generator with {name} {theirs!r}: the settings ask for {ours!r}; make them equal"
            )
    model.load_state_dict(source.content()[1])
