"""Values and errors over a few replicas as people see them, and what such errors are worth."""

from collections.abc import Mapping, Sequence
from typing import Any

from autodisco.analysis.combination import KNOWN, SEM
from autodisco.analysis.quantities import known, quantity
from autodisco.analysis.replicas import combine

FEW = 5
"""From this number of replicas, two standard errors cover about 95 % (2.8 with five replicas)."""

Given = Mapping[str, Any]


def combined_for_people(replicas: Sequence[Given]) -> dict[str, Any]:
    """The combined values of replicas, in which an error of exactly 0 is None: equal values do not tell an error."""
    return {key: _told(value) if key.endswith(SEM) else value for key, value in combine(replicas).items()}


def _told(error: Any) -> Any:
    if isinstance(error, Mapping):
        return {kind: one or None for kind, one in error.items()}
    return error or None


def own_error(name: str, replicas: Sequence[Given]) -> float | None:
    """The standard error of a mean from the errors of the runs: root of the sum of squares over n.

    None if a run that has the value does not tell its error.
    """
    errors = [replica.get(f"{name}{SEM}") for replica in replicas if replica.get(name) is not None]
    told = [error for error in errors if error is not None]
    return None if not errors or len(told) < len(errors) else float(sum(e * e for e in told) ** 0.5 / len(told))


def notes(replicas: Sequence[Given], names: Sequence[str] | None = None) -> list[str]:
    """Sentences about errors over 2 to 4 replicas: Student's t, and quantities whose runs tell larger errors.

    The quantities are `names`, or all.
    """
    n = len(replicas)
    if not 2 <= n < FEW:
        return []
    from scipy.special import stdtrit

    found = [f"{n} replicas hardly tell an error: 95 % lies within {float(stdtrit(n - 1, 0.975)):.1f} errors"]
    values = combine(replicas)
    larger = [
        name
        for name, value in values.items()
        if (names is None or name in names)
        and known(name)
        and quantity(name).has_error
        and isinstance(value, int | float)
        and values.get(f"{name}{KNOWN}", n) > 1
        and (own_error(name, replicas) or 0.0) > (values.get(f"{name}{SEM}") or 0.0)
    ]
    if larger:
        found.append(
            f"the errors of the runs tell a larger error of the mean than the replicas do: {', '.join(larger)}"
        )
    return found
