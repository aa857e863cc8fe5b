"""What decides how a model is built and trained, apart from the training set and the seed.

The defaults are the paper's (Khajeh et al. 2025, minGPT on the HTP-MD set); they live without torch so that a campaign
file can be checked in milliseconds.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any

from autodisco.errors import InputError

#: Layers, heads and embedding width of the sizes by name, as minGPT defines them.
SIZES = {
    "gpt-nano": (3, 3, 48),
    "gpt-mini": (6, 6, 192),
    "gpt-2": (12, 12, 768),
}

#: What the settings that are names may be.
CHOICES = {
    "kind": ("gpt", "lstm", "diffusion", "genetic", "random"),
    "size": tuple(SIZES),
    "augment": ("none", "symmetry", "smiles"),
    "weighting": ("copies", "loss"),
}

#: Iterations between two looks at the held-out rows, and how many looks without a gain end the training.
EVALUATE_EVERY = 200
PATIENCE = 5


@dataclass(frozen=True)
class GeneratorSettings:
    """Size of the network and how it is trained.

    Parameters
    ----------
    kind
        `gpt`, the paper's; `lstm`, a recurrent network; `diffusion`, which writes its tokens in any order; `genetic`,
        which recombines the units of the training set; `random`, pieces of chains in a row, without any learning.
    size
        A key of `SIZES`, for the networks.
    iterations, batch_size, learning_rate, beta1, beta2, weight_decay, grad_clip, dropout
        AdamW on mini-batches at a constant rate; the decay applies to matrices, not to biases, norms and embeddings.
    block_size
        Longest sequence in tokens, the five class tokens included.
    balance
        1 gives every class that occurs the same share of a batch (what the paper reaches by copying rows), 0 counts
        weights as they stand; between, small classes are lifted in part, which keeps a handful of labelled rows from
        being learnt by heart beside thousands without a label.
    augment
        How a row is written each time it is drawn. `none`: as it stands. `symmetry`: cut elsewhere and read from
        either end, at random; all drawings of a polymer are equally good, and none of them is learnt by heart.
        `smiles`: such a drawing with its branches and rings in random order as well.
    weighting
        How `balance` and weights act: `copies` draws a row as often as its share of a batch says, `loss` draws all
        rows equally often and weighs their loss.
    ema
        Decay per iteration of an exponential moving average of the weights, which the fitted generator takes; 0 for the
        last weights as they are.
    held_out
        Share of the rows of each class put aside for early stopping: training ends when their loss has not fallen for
        `PATIENCE` evaluations, and the weights of the best one are kept. 0 trains for all iterations.
    threads
        CPU threads while training and sampling; results are reproducible at a fixed number. 0 leaves torch's choice.
    device
        `auto` takes a GPU when torch sees one; or a torch device name such as `cpu`.

    Raises
    ------
    InputError
        A value is out of its range.
    """

    kind: str = "gpt"
    size: str = "gpt-nano"
    iterations: int = 6000
    batch_size: int = 64
    learning_rate: float = 5e-4
    beta1: float = 0.9
    beta2: float = 0.95
    weight_decay: float = 0.1
    grad_clip: float = 1.0
    dropout: float = 0.1
    block_size: int = 64
    balance: float = 1.0
    augment: str = "none"
    weighting: str = "copies"
    ema: float = 0.0
    held_out: float = 0.0
    threads: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, smallest in {"iterations": 1, "batch_size": 1, "block_size": 8, "threads": 0}.items():
            if getattr(self, name) < smallest:
                raise InputError(f"generator {name} is {getattr(self, name)}; it must be at least {smallest}")
        for name in ("learning_rate", "grad_clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"generator {name} is {getattr(self, name)}; it must be above 0")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"generator {name} {getattr(self, name)!r} is unknown; choose one of {', '.join(allowed)}"
                )
        for name in ("beta1", "beta2", "dropout", "ema", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"generator {name} is {getattr(self, name)}; it must be at least 0 and below 1")
        if not 0 <= self.balance <= 1:
            raise InputError(f"generator balance is {self.balance}; it must lie between 0 and 1")
        if self.weight_decay < 0:
            raise InputError(f"generator weight_decay is {self.weight_decay}; it must not be negative")

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, as stored in a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "GeneratorSettings":
        """Settings from plain values; raises InputError for a name that is not a setting."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise InputError(f"generator setting {min(unknown)!r} is unknown")
        return cls(**values)


@dataclass(frozen=True)
class Sampling:
    """How strings are drawn from a fitted generator.

    Parameters
    ----------
    label
        Class to draw: `high`, `low`, `unlabelled`, `q0` and so on; a word for each where there are several properties.
    max_tokens
        Most tokens of a string, its two `*` included.
    temperature
        Divides the logits; below 1 the common becomes more common.
    top_k
        Draw among the `top_k` likeliest tokens; 0 for all.
    grammar
        Whether only such tokens are drawn as can follow in a repeat unit and let it end in time.
    guidance
        How far the odds are driven away from those of the class `away_from`: the logarithm of the probability of a
        token becomes (1 + guidance) times that in `label` less guidance times that in `away_from`
        (Ho and Salimans, 2022, with another class in place of none). 0 leaves them.
    away_from
        The class that guidance leads away from.

    Raises
    ------
    InputError
        A value is out of its range.
    """

    label: str = "high"
    max_tokens: int = 10
    temperature: float = 1.0
    top_k: int = 40
    grammar: bool = True
    guidance: float = 0.0
    away_from: str = "low"

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise InputError(f"max_tokens is {self.max_tokens}; it must be at least 1")
        if not self.temperature > 0:
            raise InputError(f"temperature is {self.temperature}; it must be above 0")
        if self.top_k < 0:
            raise InputError(f"top_k is {self.top_k}; it must be 0 (all tokens) or above")
        if not self.guidance >= 0:
            raise InputError(f"guidance is {self.guidance}; it must not be negative")
