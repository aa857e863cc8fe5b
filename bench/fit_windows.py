"""Which lags an analysis fits on its own, and what this does to D and to the Einstein conductivity.

    python bench/fit_windows.py [RUNS]

Independent ions of known motion, 200 runs of each row without RUNS (a minute):

- brownian: random walks. All lags are diffusive.
- cage: a random walk and an Ornstein–Uhlenbeck process, whose relaxation time is 1 % of the run. Short lags are not.
- slow: a random walk and fractional Brownian motion (exponent 0.5) that moves as far in 1 % of the run.
- subdiffusive: fractional Brownian motion, exponent 0.6. No lag is diffusive.

D of the cations, and the slope of the collective displacement of all ions (the Einstein conductivity), anions being
twice as fast, relative to the known values. Covered: by one and two errors. Found: runs with diffusive lags. First:
median of the first fitted lag, in % of the run. Both rules are applied to the same runs: the former one began at half
the run and went back over octaves as long as their log–log slope was 1.
"""

import sys

import numpy as np
from scipy.signal import lfilter

from autodisco.analysis.diffusion import Window, choose_window, diffusivity, exponent
from autodisco.analysis.slopes import fit_line
from autodisco.analysis.statistics import standard_error
from autodisco.arrays import Floats
from autodisco_kernels import CM2_PER_S_PER_A2_PER_PS

SIZES = ((8, 250), (8, 1000), (50, 250), (50, 1000))
Curve = tuple[Floats, Floats, int]  # of all particles, of groups of them, number of particles


def fractional(rng: np.random.Generator, shape: tuple[int, ...], power: float) -> Floats:
    """Fractional Brownian motion (…, F) with ⟨Δx²(k)⟩ = k**power, by circulant embedding (Davies & Harte 1987)."""
    steps = shape[-1] - 1
    k = np.arange(steps + 1.0)
    covariance = (np.abs(k + 1) ** power - 2 * k**power + np.abs(k - 1) ** power) / 2
    spectrum = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real.clip(0)
    noise = rng.normal(size=(2, *shape[:-1], len(spectrum)))
    moved = np.fft.fft(np.sqrt(spectrum / len(spectrum)) * (noise[0] + 1j * noise[1])).real[..., :steps]
    return np.concatenate([np.zeros((*shape[:-1], 1)), np.cumsum(moved, axis=-1)], axis=-1)


def caged(rng: np.random.Generator, shape: tuple[int, ...], variance: float, time: float) -> Floats:
    """A stationary Ornstein–Uhlenbeck process (…, F)."""
    phi = np.exp(-1 / time)
    steps = rng.normal(size=shape) * np.sqrt(variance)
    steps[..., 1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1], [1, -phi], steps))


def positions(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> Floats:
    """(n, 3, F), of diffusivity 1 per frame where there is one."""
    time = shape[-1] / 100
    if kind == "subdiffusive":
        return fractional(rng, shape, 0.6)
    walk = np.sqrt(2) * np.cumsum(rng.normal(size=shape), axis=-1)
    if kind == "cage":
        walk += caged(rng, shape, 3 * time, time)
    if kind == "slow":
        walk += np.sqrt(2 * time**0.5) * fractional(rng, shape, 0.5)
    return walk


def displacement(x: Floats) -> Floats:
    """Mean-squared displacement (…, F) of (…, 3, F) over all origins."""
    n = x.shape[-1]
    moved = x - x.mean(axis=-1, keepdims=True)
    products = np.fft.irfft(np.abs(np.fft.rfft(moved, 2 * n)) ** 2, 2 * n)[..., :n]
    squares = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(moved**2, axis=-1)], axis=-1)
    k = np.arange(n)
    total = squares[..., n - k] + squares[..., [n]] - squares[..., k]
    return np.asarray(((total - 2 * products) / (n - k)).sum(axis=-2).clip(0))


def curve(x: Floats) -> Curve:
    """Of all particles, and of groups of them as an analysis makes them."""
    one, parts = displacement(x), np.array_split(np.arange(len(x)), min(len(x), 32))
    return one.mean(axis=0), np.array([one[part].mean(axis=0) for part in parts]), len(x)


def former(given: Curve) -> Window:
    """The former rule."""
    msd, groups, _ = given
    length = len(msd) - 1
    start, end, last = None, length // 2, length // 2
    while end // 2 >= max(1, 0.02 * length):
        octave = slice(end // 2, end + 1)
        slope = exponent(msd, octave)
        noise = 2 * (standard_error([exponent(group, octave) or 0.0 for group in groups]) or 0.0)
        if slope is None or abs(slope - 1) > max(0.1, min(noise, 0.2)):
            break
        start = end = end // 2
    return Window(int(np.ceil(0.15 * length)), last, False) if start is None else Window(start, last, True)


def fitted(window: Window, given: Curve) -> tuple[float, float]:
    """D and its error; that of the fit alone for a single group."""
    msd, groups, n = given
    line = fit_line(msd, window.first, window.last)
    found = diffusivity(msd, groups, line, 1.0, n)
    sem = found.value * np.sqrt(line.variance / (3 * n)) if found.sem is None else found.sem
    return found.value / CM2_PER_S_PER_A2_PER_PS, sem / CM2_PER_S_PER_A2_PER_PS


def told(values: Floats, errors: Floats) -> str:
    """Bias, root mean square error and coverage of values whose known value is 1."""
    off = np.abs(values - 1)
    covered = " ".join(f"{np.mean(off < k * errors):.2f}" for k in (1, 2))
    return f"{values.mean() - 1:+6.2f} {np.sqrt(np.mean(off**2)):5.2f}  {covered}"


def main(runs: int) -> None:
    """Print a row for each motion, size and rule."""
    print("motion        ions frames  rule    found  first   D: bias, rms, covered    σ: bias, rms, covered")
    for kind in ("brownian", "cage", "slow", "subdiffusive"):
        for n, frames in SIZES:
            rng = np.random.default_rng(1)
            rules = {"before": former, "now": lambda given: choose_window(*given)}
            rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in rules}
            for _ in range(runs):
                cations = positions(rng, kind, (n, 3, frames))
                anions = np.sqrt(2) * positions(rng, kind, (n, 3, frames))
                charge = displacement(np.array([cations.sum(axis=0) - anions.sum(axis=0)]) / np.sqrt(3 * n))
                both = curve(cations), curve(anions)
                for name, rule in rules.items():
                    windows = [rule(given) for given in both]
                    d = fitted(windows[0], both[0])
                    total = fitted(max(windows, key=lambda window: window.first), (charge[0], charge, 1))
                    rows[name].append((windows[0].first / (frames - 1), windows[0].found, *d, *total))
            for name, found in rows.items():
                first, diffusive, *v = np.array(found).T
                known = "" if kind == "subdiffusive" else f"{told(v[0], v[1])}   {told(v[2], v[3])}"
                row = (
                    f"{kind:12s} {n:5d} {frames:6d}  {name:6s}  {diffusive.mean():5.2f}  {100 * np.median(first):5.0f}"
                )
                print(f"{row}   {known}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
