"""Values of a polymer, and their errors, from those of its replicas."""

from collections.abc import Sequence
from typing import Any

from autodisco.analysis.combination import AT_LEAST, SEM, Replica
from autodisco.analysis.quantities import quantity


def combine(replicas: Sequence[Replica]) -> dict[str, Any]:
    """The values of a polymer from those of its replicas, each quantity by the rule that the table of quantities names.

    Parameters
    ----------
    replicas : records of properties, as an analysis or a simulation writes them

    Returns
    -------
    dict
        ``n_replicas``; for every quantity its value under the same name and ``<name>_sem``, the standard error over
        replicas, None below two values. A replica that does not know a quantity is left out, and ``<name>_n`` says how
        many know it where not all do. Errors within one trajectory are not used: builds differ by more. The rules are
        in `autodisco.analysis.combination`.

    Raises
    ------
    ValueError
        Without any replica.
    """
    if not replicas:
        raise ValueError("no replica to combine")
    combined: dict[str, Any] = {"n_replicas": len(replicas)}
    for name in dict.fromkeys(name for replica in replicas for name in replica):
        if not name.endswith((SEM, AT_LEAST)):
            combined |= quantity(name).combination.combine(name, replicas)
    return combined
