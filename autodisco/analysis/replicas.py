"""From replicas to a polymer's value and its error."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autodisco.analysis.statistics import ratio_of_means, standard_error, weighted_mean

NOT_AVERAGED = frozenset({"frames"})

# Lists of which a polymer has what any replica has.
UNITED = frozenset({"estimated_terms", "force_field_flags"})

# What follows the name of a property: its error, a bound where it is censored, the number of replicas that know it.
SEM, AT_LEAST, KNOWN = "_sem", "_at_least", "_n"

Replica = Mapping[str, Any]


def _over(above: Sequence[str], below: str) -> Callable[[Replica], tuple[float, float] | None]:
    def pair(replica: Replica) -> tuple[float, float] | None:
        parts = [replica.get(name) for name in above]
        whole = replica.get(below)
        return None if whole is None or None in parts else (sum(part for part in parts if part is not None), whole)

    return pair


def _share(name: str, of: str) -> Callable[[Replica], tuple[float, float] | None]:
    def pair(replica: Replica) -> tuple[float, float] | None:
        share, whole = replica.get(name), replica.get(of)
        return None if share is None or whole is None else (share * whole, whole)

    return pair


# Made of the means of two other quantities, here as numerator and denominator of a replica.
RATIOS: dict[str, Callable[[Replica], tuple[float, float] | None]] = {
    "haven_ratio": _over(["conductivity_ne_s_per_cm"], "conductivity_einstein_s_per_cm"),
    "ionicity": _over(["conductivity_einstein_s_per_cm"], "conductivity_ne_s_per_cm"),
    "transference_number": _share("transference_number", "conductivity_s_per_cm"),
    "transference_number_ne": _share("transference_number_ne", "conductivity_ne_s_per_cm"),
    "transference_number_einstein": _over(
        ["onsager_cation_cation_s_per_cm", "onsager_cation_anion_s_per_cm"], "conductivity_einstein_s_per_cm"
    ),
}


def combine(replicas: Sequence[Replica]) -> dict[str, Any]:
    """Means of the properties of a polymer over its replicas, with standard errors.

    Parameters
    ----------
    replicas : records as `TransportProperties.to_dict` writes them

    Returns
    -------
    dict
        ``n_replicas``; for every numeric property its arithmetic mean under the same name (as published values
        are) and ``<name>_sem``, the standard error over replicas; ``cluster_population`` averaged; text that all
        replicas share; ``estimated_terms`` and ``force_field_flags`` of any. Haven ratio, ionicity and transference
        numbers are ratios of means: the mean part of the cations in the conductivity over the mean conductivity; of a
        single replica they are its own, None included.
        A replica in which a property is None is left out of that mean, and ``<name>_n`` says how many know it where not
        all do. Where a replica knows only a bound (``<name>_at_least``), the mean is None, and that of the values and
        bounds is a bound of it, under the same name. A standard error is None below two values. Errors within one
        trajectory are not used: builds differ by more. A replica that stopped because it was sure to lie below the
        benchmark (``censored``) counts with the share of its production that it ran; the polymer is ``censored``
        too.

    Raises
    ------
    ValueError
        Without any replica.
    """
    if not replicas:
        raise ValueError("no replica to combine")
    combined: dict[str, Any] = {"n_replicas": len(replicas)}
    for name in dict.fromkeys(name for replica in replicas for name in replica):
        if name.endswith((SEM, AT_LEAST)) or name in NOT_AVERAGED:
            continue
        values = [replica[name] for replica in replicas if replica.get(name) is not None]
        if name == "cluster_population":
            kinds = dict.fromkeys(kind for value in values for kind in value)
            columns = {kind: [value.get(kind, 0.0) for value in values] for kind in kinds}
            combined[name] = {kind: sum(column) / len(column) for kind, column in columns.items()}
            combined[f"{name}{SEM}"] = {kind: standard_error(column) for kind, column in columns.items()}
        elif name in RATIOS:
            pairs = [(*pair, replica.get(name)) for replica in replicas if (pair := RATIOS[name](replica)) is not None]
            above, below, own = zip(*pairs, strict=True) if pairs else ((), (), ())
            # A single pair does not tell its noise; its replica does, and leaves out a ratio that is lost in it.
            combined[name], combined[f"{name}{SEM}"] = (own[0], None) if len(own) == 1 else ratio_of_means(above, below)
            combined |= _how_many(name, len(pairs), len(replicas))
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            combined |= _mean(name, values, replicas)
        elif name in UNITED:
            combined[name] = sorted({entry for value in values for entry in value})
        elif all(isinstance(value, str) and value == values[0] for value in values):
            combined[name] = values[0]
    return combined


def _mean(name: str, values: Sequence[float], replicas: Sequence[Replica]) -> dict[str, Any]:
    known = _how_many(name, len(values), len(replicas))
    bound = f"{name}{AT_LEAST}"
    bounds = [r[bound] for r in replicas if r.get(name) is None and r.get(bound) is not None]
    if bounds:
        both = [*values, *bounds]
        return {name: None, f"{name}{SEM}": None, bound: sum(both) / len(both), **known}
    if not values:
        return {name: None, f"{name}{SEM}": None, **known}
    weights = [r["production_share"] if r.get("censored") else 1.0 for r in replicas if r.get(name) is not None]
    mean, error = weighted_mean(values, weights)
    return {name: mean, f"{name}{SEM}": error, **known}


def _how_many(name: str, known: int, replicas: int) -> dict[str, int]:
    return {f"{name}{KNOWN}": known} if known < replicas else {}
