"""How long contacts and clusters last, as one time each: that after which 1/e of them are left."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from autodisco.analysis.observe import Observations, spread_lags
from autodisco.analysis.statistics import standard_error, student_factor
from autodisco_kernels import Runs

N_SETS = 5


@dataclass(frozen=True)
class Decay:
    """When a share falls to 1/e, in ps: `value`, or None. Where it has not fallen so far by the last lag, that lag is
    `at_least`; where it falls between two frames, or there is nothing to follow, both are None."""

    value: float | None
    at_least: float | None = None


def lifetimes(seen: Observations) -> dict[str, Any]:
    """The times of `TransportProperties` that follow contacts, their errors, and the bounds of those that did not end.

    Errors are the spread over five disjoint sets of contacts, with the quantile of Student's t.
    """
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
    found, error = Decay(None), None
    if runs is not None and len(runs.keys):
        dt = seen.trajectory.frame_interval_ps
        found = decay_time(runs, dt, possible)
        parts = [decay_time(part, dt, possible and possible / N_SETS).value for part in runs.parts(N_SETS)]
        if found.value is not None and None not in parts:
            spread = standard_error([part for part in parts if part is not None])
            error = None if spread is None else spread * student_factor(N_SETS)
    return {name: found.value, f"{name}_sem": error, f"{name}_at_least": found.at_least}


def decay_time(runs: Runs, frame_interval_ps: float, possible: float | None = None) -> Decay:
    """Time at which the share of contacts that are left falls to 1/e, interpolated between lags up to half the run.

    Parameters
    ----------
    runs : spells of the contacts
    possible : how many contacts there could be at once. With it a contact may be broken in between: the share C of
        those that are there again falls to the share p of the possible ones that are there at any time, and not to
        zero, so that ``(C - p)/(1 - p)`` is followed. Without it a contact has to be unbroken.
    """
    lags = np.concatenate([[0], spread_lags(runs.n_frames, 200)])
    if possible is None:
        share = runs.continuous(lags)
    else:
        occupied = float(runs.present.mean()) / possible
        if occupied >= 1:
            return Decay(None, float(lags[-1]) * frame_interval_ps)
        share = (runs.intermittent(lags) - occupied) / (1 - occupied)
    below = np.flatnonzero(share < np.exp(-1))
    if not len(below):
        whole = np.isfinite(share).all()
        return Decay(None, float(lags[-1]) * frame_interval_ps if whole else None)
    if below[0] <= 1:
        return Decay(None)
    k = int(below[0])
    between = (share[k - 1] - np.exp(-1)) / (share[k - 1] - share[k])
    return Decay(float((lags[k - 1] + between * (lags[k] - lags[k - 1])) * frame_interval_ps))
