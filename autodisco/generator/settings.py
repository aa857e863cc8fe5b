"""Settings of generators, without torch, so that a campaign file is checked in milliseconds.

Each kind of generator owns one subclass of `GeneratorSettings`. The defaults of the network are the paper's
(Khajeh et al. 2025, minGPT on the HTP-MD set), apart from `augment` and `grammar`.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from autodisco.generator.tokens import CLASS_REPEATS
from autodisco.section import AboveZero, Amount, BelowOne, Count, Positive, Section, key_error

#: Layers, heads and embedding width of the sizes by name, as minGPT defines them.
SIZES = {
    "gpt-nano": (3, 3, 48),
    "gpt-mini": (6, 6, 192),
    "gpt-2": (12, 12, 768),
}

#: Iterations between two evaluations on the held-out rows, and how many of them without a gain end the training.
EVALUATE_EVERY = 200
PATIENCE = 5

_BLOCK_SIZE = 64


class SamplingSettings(Section):
    """How strings are drawn from a fitted generator. A kind may ignore some of these."""

    temperature: AboveZero = 1.0
    """Divides the logits: above 1 draws are more diverse, below 1 common strings become more common."""
    grammar: bool = True
    """Draw only tokens that can follow in a repeat unit and let it end in time; the paper drew any token."""
    top_k: Count = 40
    """Sample among the k likeliest tokens; 0 for all."""
    guidance: Amount = 0.0
    """How far draws are driven away from the low class; 0 not at all. The logarithm of the probability of a token
    becomes (1 + guidance) times that in the wanted class less guidance times that in the other one."""
    max_tokens: Annotated[int, Field(ge=3)] = 10
    """Longest repeat unit in tokens, both ends included."""


class Sampling(SamplingSettings):
    """One request to draw: the sampling settings and the classes.

    Guidance follows Ho and Salimans (2022), with another class in place of none.
    """

    label: str = "high"
    """Class to draw: `high`, `low`, `unlabelled`, `q0` and so on; a word for each of several properties."""
    away_from: str = "low"
    """The class that guidance leads away from."""


class GeneratorSettings(SamplingSettings):
    """Settings that every kind has; a kind adds its own in a subclass."""

    kind: str = "gpt"
    """Kind of generator: `gpt` (the paper's), another one of docs/generator.md, or `path/to/file.py:Class` of your own
    (docs/extending.md)."""
    warm_start: bool = False
    """Continue from the previous model instead of training afresh."""

    @property
    def longest(self) -> int:
        """Longest repeat unit that this kind can read and write, in tokens."""
        return _BLOCK_SIZE - CLASS_REPEATS

    def sampling(self) -> dict[str, Any]:
        """The settings that decide how strings are drawn, by the names of `Generator.sample`."""
        return self.model_dump(include=set(SamplingSettings.model_fields))

    def fitting(self) -> dict[str, Any]:
        """The settings that decide how a generator is fitted, as stored in a model file."""
        return self.model_dump(exclude={*SamplingSettings.model_fields, "warm_start"})

    @pydantic.model_validator(mode="after")
    def _strings_fit(self) -> Self:
        if self.max_tokens > self.longest:
            raise key_error("max_tokens", self.max_tokens, "not_allowed", f"less than or equal to {self.longest}")
        return self


class NetworkSettings(GeneratorSettings):
    """Size of a network and how it is trained: AdamW on mini-batches at a constant learning rate."""

    size: Literal["gpt-nano", "gpt-mini", "gpt-2"] = "gpt-nano"
    """`gpt-nano` (3 layers, 3 heads, width 48), `gpt-mini` (6, 6, 192) or `gpt-2` (12, 12, 768)."""
    iterations: Positive = 6000
    """Training steps."""
    batch_size: Positive = 64
    """Rows per training step."""
    learning_rate: AboveZero = 5e-4
    """Learning rate of AdamW."""
    beta1: BelowOne = 0.9
    """Decay of the first moment in AdamW."""
    beta2: BelowOne = 0.95
    """Decay of the second moment in AdamW."""
    weight_decay: Amount = 0.1
    """Weight decay of AdamW, applied to matrices but not to biases, norms and embeddings."""
    grad_clip: AboveZero = 1.0
    """Gradient clipping norm."""
    dropout: BelowOne = 0.1
    """Share of the elements that are zeroed while training."""
    block_size: Annotated[int, Field(ge=8)] = _BLOCK_SIZE
    """Longest sequence in tokens, the five class tokens included."""
    balance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1 gives every class the same share of a batch, 0 each the share of its rows; between, small classes are lifted in
    part, which keeps a few labelled rows from being learnt by heart beside thousands without a label."""
    augment: Literal["none", "symmetry", "smiles"] = "symmetry"
    """`symmetry`: cut each polymer elsewhere and read it from either end, at random, each time the model sees it;
    `smiles`: write branches and rings in random order as well; `none`: as it stands, as in the paper."""
    weighting: Literal["copies", "loss"] = "copies"
    """`copies`: draw the rows of a small class or a large weight more often; `loss`: draw all equally often and weigh
    their loss."""
    ema: BelowOne = 0.0
    """Decay of an exponential moving average of the weights, from which strings are then drawn; 0 for the last weights
    as they are."""
    held_out: BelowOne = 0.0
    """Share of the rows of each class put aside for early stopping: training ends when their loss no longer falls, and
    the best weights are kept. 0 for none."""
    threads: Positive = 1
    """CPU threads of training and drawing; another number changes the last digits of the weights."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of training and drawing; `auto` is a GPU if torch finds one. Only a CPU reproduces a campaign bit for
    bit."""

    @property
    def longest(self) -> int:
        """Longest repeat unit that fits into a block behind the class tokens, in tokens."""
        return self.block_size - CLASS_REPEATS


class PlainSettings(GeneratorSettings):
    """Base for kinds without a network.

    Earlier versions wrote the settings of a network for every kind; here they are accepted and ignored.
    """

    _ignored: ClassVar[frozenset[str]] = frozenset(NetworkSettings.model_fields)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _without_network(cls, given: Any) -> Any:
        if isinstance(given, dict):
            return {key: value for key, value in given.items() if key in cls.model_fields or key not in cls._ignored}
        return given


class GeneticSettings(PlainSettings):
    """Settings of kind `genetic`."""

    balance: Annotated[float, Field(ge=0, le=1)] = 1.0
    """1 draws parents of every class equally often, 0 as often as its rows count."""
