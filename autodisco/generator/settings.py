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


@dataclass(frozen=True)
class GeneratorSettings:
    """Size of the network and how it is trained.

    Parameters
    ----------
    size
        A key of `SIZES`.
    iterations, batch_size, learning_rate, beta1, beta2, weight_decay, grad_clip, dropout
        AdamW on mini-batches at a constant rate; the decay applies to matrices, not to biases, norms and embeddings.
    block_size
        Longest sequence in tokens, the five class tokens included.
    balance
        1 gives every class that occurs the same share of a batch (what the paper reaches by copying rows), 0 counts
        weights as they stand; between, small classes are lifted in part, which keeps a handful of labelled rows from
        being learnt by heart beside thousands without a label.
    augment
        Whether a row is cut elsewhere and read from either end, at random, each time it is drawn: all drawings of a
        polymer are equally good, and none of them is learnt by heart.
    threads
        CPU threads while training and sampling; results are reproducible at a fixed number. 0 leaves torch's choice.
    device
        `auto` takes a GPU when torch sees one; or a torch device name such as `cpu`.

    Raises
    ------
    InputError
        A value is out of its range.
    """

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
    augment: bool = False
    threads: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"generator size {self.size!r} is unknown; choose one of {', '.join(SIZES)}")
        for name, smallest in {"iterations": 1, "batch_size": 1, "block_size": 8, "threads": 0}.items():
            if getattr(self, name) < smallest:
                raise InputError(f"generator {name} is {getattr(self, name)}; it must be at least {smallest}")
        for name in ("learning_rate", "grad_clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"generator {name} is {getattr(self, name)}; it must be above 0")
        for name in ("beta1", "beta2", "dropout"):
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
