"""What generalised least squares gains for diffusivities, and how often the errors of an analysis cover.

    python bench/error_coverage.py

Brownian ions, with and without rattling, some faster than others; a series of known correlation time. Takes about a
minute.
"""

import numpy as np
from scipy.signal import lfilter

from autodisco.analysis.diffusion import diffusivity
from autodisco.analysis.slopes import fit_line
from autodisco.analysis.statistics import series_error, standard_error
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS, msd


def diffusivities(rng: np.random.Generator) -> None:
    """Scatter and coverage of the fit over 15 to 50 % of a run, and of ordinary least squares over the same lags."""
    print("ions frames rattle unlike   sd OLS  sd GLS  variance   covered by 1 and 2 errors: OLS, spread    GLS")
    for n, frames, rattle, unlike, runs in (
        (4, 61, 0.0, 0.0, 1000), (50, 61, 0.0, 0.0, 300), (4, 500, 0.0, 0.0, 400), (50, 500, 0.0, 0.0, 100),
        (4, 61, 1.5, 0.0, 1000), (4, 61, 5.0, 0.0, 1000), (4, 61, 0.0, 0.5, 1000), (50, 61, 0.0, 0.5, 300),
    ):  # fmt: skip
        first, last = int(np.ceil(0.15 * (frames - 1))), (frames - 1) // 2
        lags, found = np.arange(first, last + 1), []
        for _ in range(runs):
            speeds = rng.gamma(1 / unlike, unlike, n) if unlike else np.ones(n)
            x = np.cumsum(rng.normal(size=(frames, n, 3)) * np.sqrt(2 * speeds)[:, None], axis=0)
            x += rattle * rng.normal(size=x.shape)
            parts = np.array_split(np.arange(n), min(n, 32))
            groups = np.array([msd(x[:, part]) for part in parts])
            curve = np.array([len(part) for part in parts]) / n @ groups
            one = diffusivity(curve, groups, fit_line(curve, first, last), 1.0, n)
            slopes = np.polyfit(lags, groups[:, lags].T, 1)[0] / 6
            ordinary = np.polyfit(lags, curve[lags], 1)[0] / 6
            found.append((one.value, one.sem or np.nan, ordinary * CM2_PER_S_PER_A2_PER_PS,
                          (standard_error(slopes) or np.nan) * CM2_PER_S_PER_A2_PER_PS))  # fmt: skip
        gls, sem, ols, spread = np.array(found).T / CM2_PER_S_PER_A2_PER_PS
        covered = [np.mean(np.abs(v - 1) < k * e) for v, e in ((ols, spread), (gls, sem)) for k in (1, 2)]
        print(
            f"{n:4d} {frames:6d} {rattle:6.1f} {unlike:6.1f}   {ols.std():6.3f}  {gls.std():6.3f}  "
            f"{gls.var() / ols.var():8.2f}   {covered[0]:25.2f} {covered[1]:.2f}      {covered[2]:.2f} {covered[3]:.2f}"
        )


def series(rng: np.random.Generator) -> None:
    """Errors of the mean of an autoregressive series of variance 1: how often given, and how often they cover."""
    print("\nframes  correlation time   five blocks: covered by 1 and 2   now: given  covered by 1 and 2")
    for length in (61, 200, 1000, 2500):
        for time in (0, 1, 3, 6, 12, 30, 100):
            phi = np.exp(-1 / time) if time else 0.0
            steps = rng.normal(size=(500, length))
            steps[:, 1:] *= np.sqrt(1 - phi**2)
            x = lfilter([1], [1, -phi], steps, axis=1)
            off = np.abs(x.mean(axis=1))
            blocks = np.array([standard_error([b.mean() for b in np.array_split(one, 5)]) for one in x])
            errors = np.array([series_error(one) or np.nan for one in x])
            given = np.isfinite(errors)
            now = [f"{np.mean(off[given] < k * errors[given]):.2f}" if given.mean() > 0.02 else "  – " for k in (1, 2)]
            old = [f"{np.mean(off < k * blocks):.2f}" for k in (1, 2)]
            print(f"{length:6d}  {time:16d}   {old[0]:>25} {old[1]}   {given.mean():10.2f}  {now[0]:>16} {now[1]}")


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    for section in (diffusivities, series):
        section(generator)
