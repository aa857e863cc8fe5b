"""The public base class of generators, and the registry of their kinds.

A generator is fitted to a training set, draws strings, and is saved to one file. A fitted generator does not change;
the next iteration of a campaign fits a new one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pydantic

from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.generator.dataset import TrainingRow
from autodisco.generator.given import Given, words_of
from autodisco.generator.settings import GeneratorSettings, Sampling
from autodisco.generator.tokens import class_prefix
from autodisco.registry import Registry
from autodisco.section import error_sentence, key_error
from autodisco.store import copied_part

if TYPE_CHECKING:
    from torch import Tensor

#: Called after each training iteration with (iteration, iterations, loss in nats per token).
Progress = Callable[[int, int, float], None]

_DRAWS_AT_ONCE = 500


class NewPolymers(NamedTuple):
    """Strings of different new polymers, in the order drawn, and the number of draws that they took."""

    strings: list[str]
    draws: int


@dataclass(frozen=True)
class FitOptions:
    """How one fit runs, apart from rows and settings. A kind that is not trained step by step needs the seed alone.

    Parameters
    ----------
    seed
        Non-negative integer that decides every random number of the fit.
    progress
        To be called after each training iteration. An exception that it raises ends the training.
    start_from
        A fitted generator to continue from; None for a fit from scratch.
    checkpoint
        File to write every `checkpoint_every` iterations and at the end, and to continue from if it holds the state of
        this very training; None for no checkpoint.
    """

    seed: int
    progress: Progress | None = None
    start_from: "Generator | None" = None
    checkpoint: Path | None = None
    checkpoint_every: int = 200


class Generator(ABC):
    """Draws repeat units of a class, such as `high`.

    A kind implements `fit` and `draw`, and `content` and `restore` for saving. It names its settings in `Settings`, a
    subclass of `GeneratorSettings`; campaign file, environment, command line and documentation follow from it.

    Attributes
    ----------
    settings
        The settings that it was fitted with.
    losses
        Training loss of every iteration, nats per token; empty for a kind that is not trained step by step.
    labels
        Labels that occurred in the training set, sorted.
    conditions
        The conditions whose classes stand behind the classes of properties in a label.
    """

    Settings: ClassVar[type[GeneratorSettings]] = GeneratorSettings

    learns: ClassVar[bool] = True
    """Whether the training set changes what is drawn."""

    def __init__(self, settings: GeneratorSettings, losses: Sequence[float] = ()):
        self.settings = settings
        self.losses = list(losses)
        self.labels: list[str] = []
        self.conditions: tuple[Given, ...] = ()

    @classmethod
    @abstractmethod
    def fit(cls, rows: Sequence[TrainingRow], settings: Any, options: FitOptions) -> Self:
        """A generator fitted to `rows` with settings of the class `Settings`.

        A weight of 5 is what five copies of the row are. On a CPU the result depends on the arguments alone.

        Raises
        ------
        InputError
            The training set is empty or has a row that cannot be used.
        """

    @abstractmethod
    def draw(self, n: int, sampling: Sampling, seed: int) -> list[str]:
        """`n` strings of class ``sampling.label``; the same arguments give the same strings.

        Strings may repeat each other and need not be repeat units. A string longer than ``sampling.max_tokens`` tokens
        is not allowed; an empty one stands for a draw that failed.
        """

    def content(self) -> "tuple[dict[str, Any], dict[str, Tensor]]":
        """Plain values and tensors from which `restore` makes the generator again; nothing by default."""
        return {}, {}

    @classmethod
    def restore(cls, settings: Any, facts: Mapping[str, Any], tensors: "Mapping[str, Tensor]") -> Self:
        """The generator that `content` describes. `facts` also holds `losses` and `labels`."""
        return cls(settings, facts["losses"])

    @classmethod
    def check(cls, settings: Any) -> None:
        """Called before a campaign begins; raises InputError if this machine cannot fit or draw with `settings`."""
        return

    def save(self, path: Path) -> None:
        """Write the generator to one file, whole or not at all."""
        from autodisco.generator.archive import save_archive

        facts, tensors = self.content()
        facts |= {"settings": self.settings.fitting(), "losses": self.losses, "labels": self.labels}
        facts |= {"conditions": [one.to_dict() for one in self.conditions]}
        save_archive(Path(path), self.settings.kind, facts, tensors)

    @staticmethod
    def load(path: Path) -> "Generator":
        """Read a file that `save` wrote, of any kind. The model of a campaign uses the copy of its kind in that folder.

        Raises InputError for a missing file, a file of another program or version, and an unknown kind.
        """
        from autodisco.generator.archive import load_archive

        facts, tensors = load_archive(Path(path))
        kind = copied_part(Path(path).absolute().parent.parent, facts["kind"])
        if kind not in GENERATORS or "settings" not in facts:
            raise InputError(f"{path}: not a model file of this program; autodisco train writes them")
        try:
            settings = generator_settings(**{"kind": kind, **facts["settings"]})
            loaded = GENERATORS.get(kind).restore(settings, facts, tensors)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        loaded.labels = facts["labels"]
        loaded.conditions = tuple(Given.of(one) for one in facts.get("conditions", ()))  # earlier files have none
        return loaded

    @property
    def best(self) -> str:
        """The best class of the training set; of several properties the best class of each; at the usual conditions."""
        return self.label_at({})

    def label_at(self, given: Mapping[str, float], label: str = "") -> str:
        """The label of a prompt: classes of properties, the best ones by default, at the conditions `given`.

        A condition that is not named is that of most training rows. Raises InputError for a condition that the model
        has not, or whose value is outside of the training rows.
        """
        best = [max(words, key=lambda word: _rank(word, unlabelled=-1)) for words in self._of_properties()]
        return " ".join([label or " ".join(best), *words_of(self.conditions, given)])

    def worst_at(self, label: str) -> str:
        """The worst class of the training set at the conditions of a label; `unlabelled` if there is no other."""
        properties = self._of_properties()
        worst = [min(words, key=lambda word: _rank(word, unlabelled=50)) for words in properties]
        return " ".join([*worst, *label.split()[len(properties) :]])

    def _of_properties(self) -> list[set[str]]:
        """The classes that occurred, for each property."""
        words = self._words()
        return words[: len(words) - len(self.conditions)]

    def _words(self) -> list[set[str]]:
        """The classes that occurred, for each property and each condition."""
        return [set(words) for words in zip(*(label.split() for label in self.labels), strict=True)]

    def sample(self, n: int, label: str | None = None, *, seed: int = 0, **how: Any) -> list[str]:
        """`n` strings of class `label`, as drawn; the same arguments give the same strings (per device).

        Strings may repeat each other and need not be repeat units. With `grammar` nearly all are; without, a string
        that has not ended after `max_tokens` tokens is cut there and returned as it is, as in the paper.

        Parameters
        ----------
        n
            Number of draws.
        label
            Class to draw; the best by default.
        seed
            Non-negative integer.
        how
            Further fields of `Sampling`; `away_from` is the worst class by default.

        Raises
        ------
        InputError
            An argument is out of its range, or a class did not occur in the training set.
        """
        if n < 0:
            raise InputError(f"{n} strings cannot be drawn; ask for 0 or more")
        label = label or self.best
        try:
            sampling = Sampling(**{"label": label, "away_from": self.worst_at(label), **how})
        except pydantic.ValidationError as error:
            raise InputError(error_sentence(error)) from None
        for name in (sampling.label, sampling.away_from) if sampling.guidance else (sampling.label,):
            class_prefix(name)
            words, known = name.split(), self._words()
            if len(words) != len(known) or any(word not in seen for word, seen in zip(words, known, strict=True)):
                raise InputError(
                    f"label {name!r} did not occur in the training set; there were {', '.join(self.labels)}"
                )
        return self.draw(n, sampling, seed)

    def sample_new(
        self, n: int, label: str | None = None, *, known: Collection[str], max_draws: int, seed: int = 0, **how: Any
    ) -> NewPolymers:
        """Draw until there are `n` different polymers whose keys are not among `known`, or after `max_draws` draws.

        Draws after the last one that was needed are not counted.

        Raises
        ------
        InputError
            An argument is out of its range.
        """
        from autodisco.polymer import ORGANIC_ELEMENTS, parse

        seen, draws = set(known), 0
        strings: list[str] = []
        seeds = np.random.SeedSequence(seed)
        while len(strings) < n and draws < max_draws:
            # Batches of equal size make the draws one stream, whatever the limits.
            batch = self.sample(_DRAWS_AT_ONCE, label, seed=int(seeds.spawn(1)[0].generate_state(1)[0]), **how)
            for text in batch[: max_draws - draws]:
                draws += 1
                try:
                    key = parse(text, ORGANIC_ELEMENTS).key
                except InvalidRepeatUnit:
                    continue
                if key not in seen:
                    seen.add(key)
                    strings.append(text)
                if len(strings) == n:
                    break
        return NewPolymers(strings, draws)


GENERATORS: Registry[type[Generator]] = Registry(
    "generators",
    "generator",
    {
        "gpt": "autodisco.generator.neural:GptGenerator",
        "lstm": "autodisco.generator.neural:LstmGenerator",
        "diffusion": "autodisco.generator.neural:DiffusionGenerator",
        "genetic": "autodisco.generator.genetic:GeneticGenerator",
        "random": "autodisco.generator.random_units:RandomGenerator",
    },
    Generator,
)


def settings_class(values: Any) -> type[GeneratorSettings]:
    """The settings class of the kind that a table of plain values names; raises `pydantic.ValidationError`."""
    kind = values.get("kind", "gpt") if isinstance(values, Mapping) else "gpt"
    if not isinstance(kind, str):
        return GeneratorSettings  # complains about the type
    try:
        settings: Any = GENERATORS.get(kind).Settings
    except InputError as error:
        raise key_error("kind", kind, "unusable", str(error)) from None
    if isinstance(settings, type) and issubclass(settings, GeneratorSettings):
        return settings
    wanted = f"a subclass of GeneratorSettings ({GeneratorSettings.__module__})"
    raise key_error("kind", kind, "unusable", f"generator '{kind}': its Settings is not {wanted}")


def generator_settings(**values: Any) -> GeneratorSettings:
    """Settings of the generator `kind` (default ``gpt``); raises InputError for an unknown key or a wrong value."""
    try:
        return settings_class(values).model_validate(values)
    except pydantic.ValidationError as error:
        raise InputError(f"generator {error_sentence(error)}") from None


def fit(
    rows: Sequence[TrainingRow],
    settings: GeneratorSettings | None = None,
    *,
    seed: int,
    progress: Progress | None = None,
    start_from: Generator | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 200,
) -> Generator:
    """A generator of the kind that `settings` name, fitted to `rows`; see `FitOptions` and `Generator.fit`.

    With `balance` 1 the weights of rows are compared within a class: the paper's 4,000 copies of PEO, beside about 19
    of any other row of the high class, are a weight of 211.

    Raises
    ------
    InputError
        The training set is empty, a string is too long or has unknown tokens, a label or weight is not allowed, or
        `start_from` has another shape.

    Examples
    --------
    >>> rows = [TrainingRow("*OCC*", "high"), TrainingRow("*CC*", "low")]
    >>> generator = fit(rows, generator_settings(iterations=2), seed=1)
    >>> len(generator.sample(3, "high", seed=2))
    3
    """
    settings = settings or generator_settings()
    options = FitOptions(seed, progress, start_from, checkpoint, checkpoint_every)
    fitted = GENERATORS.get(settings.kind).fit(rows, settings, options)
    fitted.labels = sorted({row.label for row in rows})
    return fitted


def _rank(word: str, unlabelled: int) -> int:
    return {"high": 100, "low": -2, "unlabelled": unlabelled}.get(word, int(word[1:]) if word[1:].isdigit() else 0)
