"""The generator as the campaign sees it: three verbs, fit, sample, and save or load.

A fitted generator does not change; the next iteration fits a new one, from scratch or from the weights of the last.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from autodisco.errors import InputError
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.model import GPT
from autodisco.generator.sample import draw
from autodisco.generator.settings import GeneratorSettings
from autodisco.generator.tokens import VOCABULARY
from autodisco.generator.train import Progress, cpu_threads, load_archive, save_archive, train

#: Version of the model file; files of another version are refused.
FORMAT = 1


class Generator:
    """A conditional GPT over the tokens of repeat units.

    The string of a repeat unit follows five copies of its class token: `1` for high, `0` for low conductivity, `2` for
    repeat units without a label. Prompted with a class, the model writes strings of that class (Khajeh et al., 2025).

    Examples
    --------
    >>> rows = [TrainingRow("*OCC*", "high"), TrainingRow("*CC*", "low")]
    >>> generator = Generator.fit(rows, GeneratorSettings(iterations=2), seed=1)
    >>> len(generator.sample(3, "high", seed=2))
    3
    """

    def __init__(self, model: GPT, settings: GeneratorSettings, losses: Sequence[float] = ()):
        self.model = model
        self.settings = settings
        #: Training loss of every iteration, nats per token.
        self.losses = list(losses)

    @classmethod
    def fit(
        cls,
        training_set: Sequence[TrainingRow],
        settings: GeneratorSettings | None = None,
        *,
        seed: int,
        progress: Progress | None = None,
        start_from: "Generator | None" = None,
        checkpoint: Path | None = None,
        checkpoint_every: int = 200,
    ) -> "Generator":
        """Train on `training_set`; on a CPU the result depends on the arguments alone, bit for bit.

        Parameters
        ----------
        training_set
            Repeat units with class and weight; a weight of 5 is what five copies of the row are. With `balance` 1 the
            weights are compared within a class (the paper's 4,000 copies of PEO, beside about 19 of any other row of
            the high class, are a weight of 211).
        settings
            Network and optimiser; the paper's when left out.
        seed
            Non-negative integer that decides initial weights, batches and dropout.
        progress
            Called after each iteration with (iteration, iterations, loss).
        start_from
            Begin with the weights of this generator (same size and block) instead of random ones.
        checkpoint
            File that is written every `checkpoint_every` iterations and at the end; when it holds the state of this
            very training (same arguments), training continues from it and ends with the same weights.

        Raises
        ------
        InputError
            The training set is empty, a string is too long or has unknown tokens, a label or weight is not allowed,
            or `start_from` has another shape.
        """
        settings = settings or GeneratorSettings()
        device = _device(settings.device)
        seed_global, seed_draws = (int(s) for s in np.random.SeedSequence(seed).generate_state(2, np.uint64))
        gpus = [device.index or 0] if device.type == "cuda" else []
        with cpu_threads(settings.threads), torch.random.fork_rng(devices=gpus):
            torch.manual_seed(seed_global)
            model = GPT(settings)
            if start_from is not None:
                _copy_weights(start_from, model, settings)
            model.to(device)
            losses = train(model, training_set, settings, seed_draws, progress, checkpoint, checkpoint_every)
        model.eval()
        return cls(model, settings, losses)

    def sample(
        self,
        n: int,
        label: str,
        max_tokens: int = 10,
        temperature: float = 1.0,
        top_k: int = 40,
        seed: int = 0,
        grammar: bool = True,
    ) -> list[str]:
        """Draw `n` strings of class `label`; the same arguments give the same strings (per device).

        Strings are returned as drawn: they may repeat each other, and whether one is a repeat unit is for the parser to
        say. With `grammar` nearly all are; without, one that has not ended after `max_tokens` tokens is cut there and
        returned as it is, as in the paper.

        Parameters
        ----------
        n
            Number of draws.
        label
            `high`, `low` or `unlabelled`.
        max_tokens
            Most tokens of a string, its two `*` included.
        temperature
            Divides the logits; below 1 the common becomes more common.
        top_k
            Draw among the `top_k` likeliest tokens; 0 for all.
        seed
            Non-negative integer.
        grammar
            Whether only such tokens are drawn as can follow in a repeat unit and let it end in time.

        Raises
        ------
        InputError
            An argument is out of its range.
        """
        with cpu_threads(self.settings.threads):
            return draw(self.model, n, label, max_tokens, temperature, top_k, seed, grammar)

    def save(self, path: Path) -> None:
        """Write settings, weights and losses to one file, whole or not at all."""
        state = {
            "format": FORMAT,
            "kind": "gpt",
            "vocabulary": list(VOCABULARY),
            "settings": self.settings.to_dict(),
            "weights": {name: tensor.cpu() for name, tensor in self.model.state_dict().items()},
            "losses": self.losses,
        }
        save_archive(Path(path), state)

    @classmethod
    def load(cls, path: Path) -> "Generator":
        """Read what `save` wrote; raises InputError for a missing file, another program's or another version's."""
        state = load_archive(Path(path))
        if state.get("kind") != "gpt" or "weights" not in state:
            raise InputError(f"{path}: not a model file of this program")
        if state["format"] != FORMAT or tuple(state["vocabulary"]) != VOCABULARY:
            raise InputError(f"{path}: written by another version of this program; train the model again")
        settings = GeneratorSettings.from_dict(state["settings"])
        elsewhere = settings.device.startswith("cuda") and not torch.cuda.is_available()
        with torch.random.fork_rng(devices=[]):
            model = GPT(settings)
        model.load_state_dict(state["weights"])
        model.to(_device("cpu" if elsewhere else settings.device)).eval()
        return cls(model, settings, state["losses"])


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"generator device {name!r} is unknown; choose auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"generator device is {name!r}, but torch finds no such GPU here; choose auto or cpu")
    return device


def _copy_weights(source: Generator, model: GPT, settings: GeneratorSettings) -> None:
    for name in ("size", "block_size"):
        theirs, ours = getattr(source.settings, name), getattr(settings, name)
        if theirs != ours:
            raise InputError(f"cannot start from a generator with {name} {theirs!r}: the settings ask for {ours!r}")
    model.load_state_dict(source.model.state_dict())
