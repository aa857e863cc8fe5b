"""What is believed of every polymer, given the labels of all sources: a Gaussian process over the structure.

Values are on the scale of an objective (log10 of S/cm for conductivities). The posterior speaks about the mean over all
builds that there could be in the target source. `docs/surrogate.md` has the model and what it is worth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, cholesky, lapack, solve_triangular

from autodisco.analysis.belief import Z_90
from autodisco.arrays import Floats, Indices
from autodisco.surrogate.calibration import judging, left_out, widening
from autodisco.surrogate.covariance import Hyperparameters, Kernels, of_each_value, of_followed, of_labels, of_values
from autodisco.surrogate.fitting import Known, constant_mean, fitted
from autodisco.surrogate.inducing import MOST_EXACT, condensed
from autodisco.surrogate.prior_mean import PriorMean
from autodisco.surrogate.similarity import Structures
from autodisco.surrogate.sources import Label, Source
from autodisco.surrogate.threads import one_thread
from autodisco.surrogate.wish import HIGHEST, Wish

PRIOR = "prior mean"
"""Name of what is known before any label, among the contributions."""

ROWS_AT_ONCE = 2000
JITTER = 1e-9
MOST_DRAWN = 2000
"""Polymers that are drawn together where there are very many."""


@dataclass(frozen=True)
class Prediction:
    """The posterior of several polymers, arrays of shape (n,) on the scale of the objective.

    Attributes
    ----------
    mean, sd : of the true value in the target, without the noise of a build
    low, high : ends of the interval that holds 90 %
    contributions : how far the prior mean (from zero) and each source with labels moved the mean; they add up to it.
        Labels are taken one after another in their order, so that a source moves what those before it left to say
    """

    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    contributions: Mapping[str, Floats]


class Posterior:
    """A fitted model; it does not change. See `fit`."""

    def __init__(
        self,
        sources: Sequence[Source],
        target: str,
        by: Hyperparameters,
        prior_mean: PriorMean,
        labels: Known,
        factor: Floats,
        weights: Floats,
        level: float,
        widened: float | None = None,
        left: tuple[Floats, Floats] | None = None,
    ) -> None:
        self.sources, self.target = tuple(sources), target
        #: What the marginal likelihood found.
        self.hyperparameters = by
        self._prior_mean, self._labels = prior_mean, labels
        self._factor, self._weights, self._level, self._widened = factor, weights, level, widened
        #: What `leave_one_out` says where the labels are replaced by fewer points.
        self._left = left

    @classmethod
    @one_thread
    def fit(
        cls,
        labels: Sequence[Label],
        sources: Sequence[Source],
        target: str,
        *,
        prior_mean: PriorMean | None,
        seed: int,
        spread: float = 0.5,
        level: float | None = None,
        most_exact: int = MOST_EXACT,
    ) -> "Posterior":
        """Condition on labels; hyperparameters are those of the largest posterior density.

        Parameters
        ----------
        labels, sources : any number of labels, and the sources that they name
        target : name of the source that is spoken about, one with `reference`
        prior_mean : what is known before any label; None for a constant
        seed : decides which labels are used for the hyperparameters where there are many
        spread : standard deviation between polymers that is expected
        level : value about which slopes turn; the mean of the values if left out
        most_exact : more labels than these are condensed to points (`autodisco.surrogate.inducing`)

        Raises
        ------
        InvalidRepeatUnit, ValueError
            A label is no repeat unit, or names a source that there is not; the target is no reference.
        """
        numbers = {source.name: number for number, source in enumerate(sources)}
        if target not in numbers or not sources[numbers[target]].reference:
            raise ValueError(f"target {target!r} is none of the reference sources")
        unknown = {label.source for label in labels} - numbers.keys()
        if unknown:
            raise ValueError(f"labels of unknown sources: {', '.join(sorted(unknown))}")
        prior_mean = prior_mean or constant_mean(labels, sources, spread)
        if len(labels) > most_exact:
            at = condensed(labels, sources, numbers[target], prior_mean, seed, spread, level)
            return cls(
                sources, target, at.by, prior_mean, at.points, at.factor, at.weights, at.level, at.widened, at.left
            )
        known, covariance, by, level = fitted(labels, sources, prior_mean, seed, spread, level)
        factor = cholesky(covariance, lower=True, overwrite_a=True) if len(labels) else covariance
        weights = cho_solve((factor, True), known.residuals)
        return cls(sources, target, by, prior_mean, known, factor, weights, level)

    @one_thread
    def predict(self, smiles: Sequence[str]) -> Prediction:
        """The posterior of each repeat unit. Raises InvalidRepeatUnit for a string that is none."""
        parts = [self._predict(rows) for rows in _in_parts(Structures.of(smiles))]
        mean, variance = (np.concatenate([np.empty(0), *(part[k] for part in parts)]) for k in range(2))
        moved = {
            name: np.concatenate([np.empty(0), *(part[2][name] for part in parts)])
            for name in (parts[0][2] if parts else ())
        }
        sd = self.widened * np.sqrt(variance)
        return Prediction(mean, sd, mean - Z_90 * sd, mean + Z_90 * sd, moved)

    @one_thread
    def joint(self, smiles: Sequence[str]) -> tuple[Floats, Floats]:
        """Mean (n,) and covariance (n, n) of the true values of several polymers."""
        rows = Structures.of(smiles)
        cross = self._truth_with_labels(rows)
        known = self._halved(cross)
        covariance = Kernels.between(rows, rows).truth(self.hyperparameters) - known.T @ known
        return self._prior_mean.values(rows) + cross @ self._weights, self.widened**2 * covariance

    def draws(self, smiles: Sequence[str], n: int, rng: np.random.Generator) -> Floats:
        """Random functions: true values of the polymers, shape (n, len(smiles))."""
        mean, covariance = self.joint(smiles)
        scale = max(float(np.diag(covariance).max(initial=0.0)), JITTER)
        covariance[np.diag_indices(len(mean))] += 1e-8 * scale
        drawn: Floats = mean + rng.standard_normal((n, len(mean))) @ cholesky(covariance, lower=True).T
        return drawn

    @one_thread
    def against(self, smiles: Sequence[str], reference_smiles: str, wish: Wish = HIGHEST) -> tuple[Floats, Floats]:
        """Chance of each polymer to have a better value than the reference, and standard deviation of its difference to
        it, (n,) each; 0.5 and 0 for the reference itself.

        Shared errors, such as that of the common level, cancel.
        """
        rows, reference = Structures.of(smiles), Structures.of([reference_smiles])
        at, own, there = self._moments(reference)
        chances, sds = [np.empty(0)], [np.empty(0)]
        for part in _in_parts(rows):
            mean, variance, known = self._moments(part)
            shared = Kernels.between(part, reference).truth(self.hyperparameters)[:, 0] - there[:, 0] @ known
            chances.append(wish.p_better(mean, variance, shared, at, own, self.widened))
            sds.append(self.widened * np.sqrt(np.maximum(variance + own - 2 * shared, 0.0)))
        same = np.array([text == reference_smiles for text in smiles], dtype=bool)
        return np.where(same, 0.5, np.concatenate(chances)), np.where(same, 0.0, np.concatenate(sds))

    def p_best(
        self, smiles: Sequence[str], k: int, rng: np.random.Generator, n: int = 2000, wish: Wish = HIGHEST
    ) -> Floats:
        """Chance of each polymer to be among the `k` with the best values of these, from `n` random functions.

        Polymers that would have to be more than four standard deviations off their mean have 0; among more than
        `MOST_EXACT`, also all but the `MOST_DRAWN` that are best two standard deviations off their mean.
        """
        chances, found = np.zeros(len(smiles)), self.predict(smiles)
        if k >= len(smiles):
            return np.ones(len(smiles))
        needed = np.sort(wish.within(found.mean, found.sd, -2.0))[-k]
        near = np.flatnonzero(wish.within(found.mean, found.sd, 4.0) >= needed)
        if len(smiles) > MOST_EXACT:
            upper = wish.within(found.mean, found.sd, 2.0)[near]
            near = np.sort(near[np.argsort(-upper, kind="stable")[: max(MOST_DRAWN, k)]])
        drawn = wish.worth(self.draws([smiles[row] for row in near.tolist()], n, rng))
        best = np.argpartition(drawn, -min(k, len(near)), axis=1)[:, -min(k, len(near)) :]
        chances[near] = np.bincount(best.ravel(), minlength=len(near)) / n
        return chances

    @one_thread
    def condition(self, smiles: Sequence[str], source: str | None = None, builds: int = 1) -> "Posterior":
        """The posterior once these polymers have their expected values in a source (the target if left out).

        The mean stays as it is and the variance is what it will be: hallucinated labels (Desautels et al., JMLR 15,
        4053, 2014).
        """
        number = self._number(source or self.target)
        rows = Structures.of(smiles)
        added = np.full(len(rows), number)
        noise = np.full(len(rows), self.hyperparameters.noise[number] / builds)
        cross = self._halved(self._value_with_labels(rows, number))
        among = of_labels(Kernels.between(rows, rows), self.hyperparameters, self.sources, added, noise)
        corner = cholesky(among - cross.T @ cross, lower=True)
        n, m = len(self._weights), len(rows)
        factor = np.zeros((n + m, n + m))
        factor[:n, :n], factor[n:, :n], factor[n:, n:] = self._factor, cross.T, corner
        old = self._labels
        labels = Known(
            old.structures.joined(rows),
            np.concatenate([old.source, added]),
            np.concatenate([old.residuals, np.zeros(m)]),
            np.concatenate([old.noise, noise]),
        )
        weights = np.concatenate([self._weights, np.zeros(m)])
        return Posterior(
            self.sources, self.target, self.hyperparameters, self._prior_mean, labels, factor, weights, self._level,
            self.widened, self._left,
        )  # fmt: skip

    @one_thread
    def values(self, smiles: Sequence[str], source: str) -> tuple[Floats, Floats]:
        """What a source would say of polymers as the mean over very many builds: mean and standard deviation, (n,)."""
        number, by = self._number(source), self.hyperparameters
        means, sds = [np.empty(0)], [np.empty(0)]
        for rows in _in_parts(Structures.of(smiles)):
            own, cross = Kernels.of_each(rows), self._value_with_labels(rows, number)
            prior = by.slope[number] * (self._prior_mean.values(rows) - self._level)
            means.append(self._level + by.offset[number] + prior + cross @ self._weights)
            variance = of_each_value(own, by, self.sources, np.full(len(rows), number))
            variance -= np.square(self._halved(cross)).sum(axis=0)
            sds.append(self.widened * np.sqrt(np.maximum(variance, JITTER)))
        return np.concatenate(means), np.concatenate(sds)

    def widen(self, factor: float) -> "Posterior":
        """The same posterior with standard deviations `factor` times as large."""
        return Posterior(
            self.sources, self.target, self.hyperparameters, self._prior_mean, self._labels, self._factor,
            self._weights, self._level, factor * self.widened, self._left,
        )  # fmt: skip

    def noise(self, source: str) -> float:
        """Standard deviation of one build in a source, on its own scale."""
        return float(np.sqrt(self.hyperparameters.noise[self._number(source)]))

    def offset(self, source: str) -> float:
        """Offset of a source from the target as its labels tell it, on the scale of the objective."""
        n, by = self._number(source), self.hyperparameters
        return float(by.offset[n] + by.offset_variance[n] * self._weights[self._labels.source == n].sum())

    @one_thread
    def shift(self, smiles: Sequence[str], source: str, builds: int = 1) -> Floats:
        """By how much `builds` more builds in a source would move the mean of each polymer: the standard deviation of
        the change, given all labels so far; (n,)."""
        number, by = self._number(source), self.hyperparameters
        moves = []
        for rows in _in_parts(Structures.of(smiles)):
            own = Kernels.of_each(rows)
            truth = self._halved(self._truth_with_labels(rows))
            value = self._halved(self._value_with_labels(rows, number))
            there = np.full(len(rows), number)
            covariance = by.slope[number] * of_followed(own, by, self.sources, there, there)
            covariance -= np.einsum("ij,ij->j", truth, value)
            variance = of_each_value(own, by, self.sources, there) + by.noise[number] / builds
            variance = np.maximum(variance - np.square(value).sum(axis=0), JITTER)
            moves.append(self.widened * np.abs(covariance) / np.sqrt(variance))
        return np.concatenate([np.empty(0), *moves])

    @one_thread
    def leave_one_out(self, rows: Indices | None = None) -> tuple[Floats, Floats]:
        """Residual of each label and its standard deviation, noise included, predicted from all other labels.

        Closed form: Rasmussen and Williams, equation 5.12. `rows` are numbers of labels, all if left out.
        """
        if self._left is not None:
            residuals, sds = self._left
            return (residuals, sds) if rows is None else (residuals[rows], sds[rows])
        if rows is None:  # from one inverse, which takes less than as many columns of it
            precision = np.diag(lapack.dpotri(self._factor, lower=1)[0])
            return self._weights / precision, 1.0 / np.sqrt(precision)
        unit = np.zeros((len(self._weights), len(rows)))
        unit[rows, np.arange(len(rows))] = 1.0
        precision = np.square(self._halved(unit.T)).sum(axis=0)
        return self._weights[rows] / precision, 1.0 / np.sqrt(precision)

    @one_thread
    def leave_out(self, fold: Indices) -> tuple[Floats, Floats]:
        """The same of an exact posterior for whole folds of labels at a time; `fold` has the number of each one's."""
        return left_out(self._factor, self._weights, fold)

    @cached_property
    def widened(self) -> float:
        """Factor by which standard deviations are widened, 1 unless the labels lie further off than was said."""
        if self._widened is not None:
            return self._widened
        residuals, sds = self.leave_one_out(judging(self._labels.noise, self._labels.source, self._number(self.target)))
        return widening(residuals / sds)

    def _number(self, source: str) -> int:
        return [one.name for one in self.sources].index(source)

    def _predict(self, rows: Structures) -> tuple[Floats, Floats, dict[str, Floats]]:
        """Mean, variance before it is widened, and what moved the mean."""
        mean, variance, known = self._moments(rows)
        moved, told = {PRIOR: self._prior_mean.values(rows)}, self._factor.T @ self._weights
        for number, source in enumerate(self.sources):
            own = self._labels.source == number
            if own.any():
                moved[source.name] = told[own] @ known[own]
        return mean, variance, moved

    def _moments(self, rows: Structures) -> tuple[Floats, Floats, Floats]:
        """Mean and variance before it is widened, (n,), and `_halved` of the covariance with the labels."""
        cross = self._truth_with_labels(rows)
        known = self._halved(cross)
        variance = Kernels.of_each(rows).truth(self.hyperparameters) - np.square(known).sum(axis=0)
        return self._prior_mean.values(rows) + cross @ self._weights, np.maximum(variance, JITTER), known

    def _truth_with_labels(self, rows: Structures) -> Floats:
        """Covariance of the truth of some polymers with the labels, (n, labels)."""
        return self._value_with_labels(rows, self._number(self.target))

    def _value_with_labels(self, rows: Structures, number: int) -> Floats:
        """Covariance of the values of some polymers in a source with the labels, (n, labels)."""
        kernels, of_rows = Kernels.between(rows, self._labels.structures), np.full(len(rows), number)
        return of_values(kernels, self.hyperparameters, self.sources, of_rows, self._labels.source)

    def _halved(self, cross: Floats) -> Floats:
        """Inverse of the factor times the transposed of `cross`, (labels, n)."""
        if not len(self._weights):
            return cross.T
        halved: Floats = solve_triangular(self._factor, cross.T, lower=True, check_finite=False)
        return halved


def _in_parts(rows: Structures) -> Iterator[Structures]:
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[first : first + ROWS_AT_ONCE]
