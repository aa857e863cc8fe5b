"""Rules by which the values of replicas become the value of their polymer."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodisco.analysis.means import mean, ratio_of_means, weighted_mean

SEM, AT_LEAST, KNOWN = "_sem", "_at_least", "_n"
"""What follows a name: standard error; lower bound of a censored value; number of replicas that know the value."""

Replica = Mapping[str, Any]


class Combination(ABC):
    """How one quantity is combined."""

    @abstractmethod
    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Keys and values of the quantity `name` in the record of the polymer; `replicas` are the records of each."""

    def missing(self) -> Any:
        """What stands for a value that is unknown."""
        return None


@dataclass(frozen=True)
class Mean(Combination):
    """The arithmetic mean with its standard error over replicas, as published values are.

    A replica that stopped because it lies below the benchmark (``censored``) counts with the share of its production
    that it ran.
    """

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Value, error and, where not all replicas know the value, how many do."""
        knowing = [replica for replica in replicas if replica.get(name) is not None]
        how_many = _how_many(name, len(knowing), len(replicas))
        if not knowing:
            return {name: None, f"{name}{SEM}": None, **how_many}
        weights = [r["production_share"] if r.get("censored") else 1.0 for r in knowing]
        mean, error = weighted_mean([r[name] for r in knowing], weights)
        return {name: mean, f"{name}{SEM}": error, **how_many}


@dataclass(frozen=True)
class Censored(Mean):
    """The mean; if a replica knows only a lower bound (``_at_least``), the mean is unknown and has a bound itself.

    The bound is the mean of values and bounds.
    """

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """As `Mean`, or the bound."""
        bound = f"{name}{AT_LEAST}"
        values = [replica[name] for replica in replicas if replica.get(name) is not None]
        bounds = [r[bound] for r in replicas if r.get(name) is None and r.get(bound) is not None]
        if not bounds:
            return super().combine(name, replicas)
        mean = sum([*values, *bounds]) / (len(values) + len(bounds))
        return {name: None, f"{name}{SEM}": None, bound: mean, **_how_many(name, len(values), len(replicas))}


@dataclass(frozen=True)
class RatioOfMeans(Combination):
    """The mean of a numerator over the mean of a denominator; a mean of ratios would be ruled by small denominators.

    Attributes
    ----------
    below : quantity in the denominator
    above : quantities whose sum is the numerator; without any, the numerator is the ratio of the replica times `below`
    """

    below: str
    above: tuple[str, ...] = ()

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Ratio, error and, where not all replicas know both terms, how many do."""
        terms = [(*pair, replica.get(name)) for replica in replicas if (pair := self._terms(name, replica)) is not None]
        above, below, own = zip(*terms, strict=True) if terms else ((), (), ())
        # A single pair does not tell its noise; its replica does, and leaves out a ratio that is lost in it.
        value, error = (own[0], None) if len(own) == 1 else ratio_of_means(above, below)
        return {name: value, f"{name}{SEM}": error, **_how_many(name, len(terms), len(replicas))}

    def _terms(self, name: str, replica: Replica) -> tuple[float, float] | None:
        """Numerator and denominator in one replica, None if one of them is unknown."""
        below = replica.get(self.below)
        above = [replica.get(term) for term in self.above or (name,)]
        if below is None or None in above:
            return None
        total = sum(term for term in above if term is not None)
        return (total if self.above else total * below), below


@dataclass(frozen=True)
class Populations(Combination):
    """A mapping from kind to number, averaged kind by kind; a kind that a replica lacks counts as 0 there."""

    def missing(self) -> Any:
        """No kinds."""
        return {}

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Means and errors, a mapping each."""
        given = [replica[name] for replica in replicas if replica.get(name) is not None]
        kinds = dict.fromkeys(kind for value in given for kind in value)
        columns = {kind: [value.get(kind, 0.0) for value in given] for kind in kinds}
        return {
            name: {kind: sum(column) / len(column) for kind, column in columns.items()},
            f"{name}{SEM}": {kind: mean(column)[1] for kind, column in columns.items()},
        }


@dataclass(frozen=True)
class Union(Combination):
    """A list of names: those that any replica has, sorted."""

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """The list."""
        return {name: sorted({entry for replica in replicas for entry in replica.get(name) or ()})}


@dataclass(frozen=True)
class Text(Combination):
    """A text, kept if all replicas that have one have the same."""

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """The text, or nothing."""
        texts = {replica[name] for replica in replicas if replica.get(name) is not None}
        return {name: texts.pop()} if len(texts) == 1 else {}


@dataclass(frozen=True)
class NotCombined(Combination):
    """Describes a single replica; a polymer has none."""

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class ByValues(Combination):
    """Of a quantity that is not in the table: numbers as `Censored`, texts as `Text`, others not at all."""

    def combine(self, name: str, replicas: Sequence[Replica]) -> dict[str, Any]:
        """Keys and values."""
        values = [replica[name] for replica in replicas if replica.get(name) is not None]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            return Censored().combine(name, replicas)
        return Text().combine(name, replicas) if all(isinstance(value, str) for value in values) else {}


def _how_many(name: str, known: int, replicas: int) -> dict[str, int]:
    return {f"{name}{KNOWN}": known} if known < replicas else {}
