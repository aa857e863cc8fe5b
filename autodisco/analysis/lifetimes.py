"""How long contacts and clusters last, as one time each: that after which 1/e of them are left."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.analysis.observe import Observations, spread_lags
from autodisco.analysis.statistics import Floats, student_factor
from autodisco.analysis.trajectory import Indices
from autodisco_kernels import Runs

N_SETS = 10
BELOW = np.exp(-1)


@dataclass(frozen=True)
class Decay:
    """When a share falls to 1/e, in ps: `value` with its standard error, or None. Where it has not fallen so far by the
    last lag, that lag is `at_least`; where it falls between two frames, or there is nothing to follow, all are None."""

    value: float | None
    sem: float | None = None
    at_least: float | None = None


def lifetimes(seen: Observations) -> dict[str, Any]:
    """The times of `TransportProperties` that follow contacts, their errors, and bounds of those that did not end."""
    n_cations = sum(kind.n for kind in seen.trajectory.who.cations)
    n_anions = sum(kind.n for kind in seen.trajectory.who.species) - n_cations
    hosted = seen.to_matrix.runs if seen.to_matrix else None
    n_hosted = n_cations * len(seen.trajectory.who.hosts)
    return {
        **_named("cation_polymer_residence_ps", seen, hosted, n_hosted),
        **_named("ion_pair_residence_ps", seen, seen.pairs, n_cations * n_anions),
        **_named("ion_pair_lifetime_ps", seen, seen.pairs),
        **_named("cluster_lifetime_ps", seen, seen.clusters),
    }


def _named(name: str, seen: Observations, runs: Runs | None, possible: int | None = None) -> dict[str, Any]:
    found = Decay(None)
    if runs is not None and len(runs.keys):
        found = decay_time(runs, seen.trajectory.frame_interval_ps, possible)
    return {name: found.value, f"{name}_sem": found.sem, f"{name}_at_least": found.at_least}


def decay_time(runs: Runs, frame_interval_ps: float, possible: int | None = None) -> Decay:
    """Time at which the share of contacts that are left falls to 1/e, interpolated between lags up to half the run.

    The error is that of the jackknife over ten disjoint sets of contacts, with the quantile of Student's t.

    Parameters
    ----------
    runs : spells of the contacts
    possible : how many contacts there could be at once. With it a contact may be broken in between: the share C of
        those that are there again falls to the share p of the possible ones that are there at any time, and not to
        zero, so that ``(C - p)/(1 - p)`` is followed. Without it a contact has to be unbroken.
    """
    lags = np.concatenate([[0], spread_lags(runs.n_frames, 200)])
    last = float(lags[-1]) * frame_interval_ps
    counts = [part.counts(lags, unbroken=possible is None) for part in runs.parts(N_SETS)]
    kept, origins = (np.array(counted, dtype=np.float64) for counted in zip(*counts, strict=True))

    def share(kept: Floats, origins: Floats, possible: float | None) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            left = kept / origins
            if possible is None:
                return left
            occupied = origins[0] / runs.n_frames / possible
            return (left - occupied) / (1 - occupied) if occupied < 1 else np.ones(len(left))

    whole = share(kept.sum(axis=0), origins.sum(axis=0), possible)
    if not (whole < BELOW).any():
        return Decay(None, at_least=last if np.isfinite(whole).all() else None)
    value = _crossing(lags, whole)
    rest = None if possible is None else possible * (1 - 1 / N_SETS)
    others = [
        _crossing(lags, share(k, o, rest))
        for k, o in zip(kept.sum(axis=0) - kept, origins.sum(axis=0) - origins, strict=True)
    ]
    sem = None
    if value is not None and None not in others:
        spread = float(np.std(np.array(others, dtype=np.float64))) * np.sqrt(N_SETS - 1)
        sem = spread * student_factor(N_SETS) * frame_interval_ps
    return Decay(None if value is None else value * frame_interval_ps, sem)


def _crossing(lags: Indices, share: Floats) -> float | None:
    """Lag at which a share first falls below 1/e, in frames; None where it never does, or before the first lag."""
    below = np.flatnonzero(share < BELOW)
    if not len(below) or below[0] <= 1:
        return None
    k = int(below[0])
    between = (share[k - 1] - BELOW) / (share[k - 1] - share[k])
    return float(lags[k - 1] + between * (lags[k] - lags[k - 1]))
