"""How long contacts and clusters last, as one time each: that after which 1/e of them are left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autodisco.analysis.frames import Frames
from autodisco.analysis.lags import spread_lags
from autodisco.analysis.observable import Observable, Run
from autodisco.analysis.plots import COLOURS, GREY, time_axis
from autodisco.analysis.quantities import chosen
from autodisco.analysis.statistics import student_factor
from autodisco.arrays import Floats, Indices
from autodisco_kernels import SpellRecorder, Spells, cluster_names

N_SETS = 10
BELOW = np.exp(-1)


@dataclass(frozen=True)
class Decay:
    """When a share falls to 1/e, in ps: `value` with its standard error, or None. Where it has not fallen so far by the
    last lag, that lag is `at_least`; where it falls between two frames, or there is nothing to follow, all are None."""

    value: float | None
    sem: float | None = None
    at_least: float | None = None


class Lifetimes(Observable):
    """Residence times of cations at the polymer and of ion pairs, lifetimes of unbroken pairs and clusters.

    Attributes
    ----------
    at_polymer, pairs, clusters : unbroken spells of contacts, and of clusters of unchanged members
    """

    quantities = chosen(
        "cation_polymer_residence_ps", "ion_pair_residence_ps", "ion_pair_lifetime_ps", "cluster_lifetime_ps"
    )

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._at_polymer = SpellRecorder() if len(run.composition.hosts) else None
        self._pairs, self._clusters = SpellRecorder(), SpellRecorder()

    def add(self, frames: Frames) -> None:
        """Follow contacts and clusters."""
        atoms = self.run.ion_atoms
        self._clusters.add(*cluster_names(frames.clusters))
        if self._at_polymer:
            self._at_polymer.add(frames.polymer_neighbours.touching, frames.polymer_neighbours.edges)
        near = frames.anion_neighbours.contacts.within(self.run.settings.cluster_cutoff)
        pairs = atoms.cation_of[near.points].astype(np.int64) * atoms.n_anions + atoms.anion_of[near.others]
        self._pairs.add(pairs, near.frames)

    @cached_property
    def at_polymer(self) -> Spells | None:
        """Of contacts between a cation and an atom of polymer or solvent."""
        return self._at_polymer.spells() if self._at_polymer else None

    @cached_property
    def pairs(self) -> Spells:
        """Of contacts between a cation and an anion."""
        return self._pairs.spells()

    @cached_property
    def clusters(self) -> Spells:
        """Of clusters."""
        return self._clusters.spells()

    def result(self) -> Mapping[str, Any]:
        """Times with errors, and bounds of those that did not end."""
        atoms, n_hosts = self.run.ion_atoms, len(self.run.composition.hosts)
        return {
            **self._time("cation_polymer_residence_ps", self.at_polymer, atoms.n_cations * n_hosts),
            **self._time("ion_pair_residence_ps", self.pairs, atoms.n_cations * atoms.n_anions),
            **self._time("ion_pair_lifetime_ps", self.pairs),
            **self._time("cluster_lifetime_ps", self.clusters),
        }

    def _time(self, name: str, spells: Spells | None, possible: int | None = None) -> dict[str, Any]:
        if spells is None or not len(spells.keys):
            return {}
        found = decay_time(spells, self.run.trajectory.frame_interval_ps, possible)
        return {name: found.value, f"{name}_sem": found.sem, f"{name}_at_least": found.at_least}

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """Shares that are left, or there again, after a time."""
        return {"lifetimes": self._plot}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """The shares that are plotted."""
        times, shares = self._shares
        return {"lifetimes": {"lag_ps": times, **{f"share of {name}": share for name, share in shares.items()}}}

    @cached_property
    def _shares(self) -> tuple[Floats, dict[str, Floats]]:
        """Times in ps, and the share of each kind that is left, or there again, after them."""
        lags = np.concatenate([[0], spread_lags(self.run.n_frames, 100)])
        shares = {"ion pairs": self.pairs.intermittent, "ion pairs, unbroken": self.pairs.continuous}
        if self.at_polymer:
            shares = {"cation–polymer contacts": self.at_polymer.intermittent, **shares}
        shares["clusters, unchanged"] = self.clusters.continuous
        times = lags[1:] * self.run.trajectory.frame_interval_ps
        return times, {name: share(lags)[1:] for name, share in shares.items()}

    def _plot(self, axes: Any) -> None:
        """Shares of contacts and clusters that are left, or there again, after a time."""
        times, shares = self._shares
        for (name, share), colour in zip(shares.items(), COLOURS, strict=False):
            axes.plot(times, share, color=colour, lw=1.6, label=name)
        axes.axhline(BELOW, color=GREY, lw=0.8, ls=":", label="1/e")
        time_axis(axes, times)
        axes.set(ylabel="share left or there again", ylim=(0, 1.02))
        axes.legend(frameon=False, fontsize=8)


def decay_time(spells: Spells, frame_interval_ps: float, possible: int | None = None) -> Decay:
    """Time at which the share of contacts that are left falls to 1/e, interpolated between lags up to half the run.

    The error is that of the jackknife over ten disjoint sets of contacts, with the quantile of Student's t.

    Parameters
    ----------
    spells : spells of the contacts
    possible : how many contacts there could be at once. With it a contact may be broken in between: the share C of
        those that are there again falls to the share p of the possible ones that are there at any time, and not to
        zero, so that ``(C - p)/(1 - p)`` is followed. Without it a contact has to be unbroken.
    """
    lags = np.concatenate([[0], spread_lags(spells.n_frames, 200)])
    last = float(lags[-1]) * frame_interval_ps
    counts = [part.counts(lags, unbroken=possible is None) for part in spells.parts(N_SETS)]
    kept, origins = (np.array(counted, dtype=np.float64) for counted in zip(*counts, strict=True))

    def share(kept: Floats, origins: Floats, possible: float | None) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            left = kept / origins
            if possible is None:
                return left
            occupied = origins[0] / spells.n_frames / possible
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
