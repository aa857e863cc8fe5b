"""How often alarms are false, and how often true ones are raised: one function per alarm.

    python bench/false_alarms.py                 # all of them, 200 trials each
    python bench/false_alarms.py glass --trials 50

Every function takes the number of trials, prints one row per case and says in its docstring which rate is stated. A row
holds the number of alarms of all trials and, where nothing is to be found, the interval of 95 % (Clopper–Pearson).
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy.signal import lfilter
from scipy.stats import beta

from autodisco.analysis.glass import judge
from autodisco.analysis.observe import observe
from autodisco.analysis.trajectory import Chunk, Composition, Species, Trajectory
from autodisco.simulation import protocols
from autodisco.simulation.early import Benchmark, EarlyStop, looks
from autodisco_kernels import nernst_einstein

# glass transition

RAMPS = {"450 to 100 K": (450, 100), "600 to 150 K": (600, 150), "500 to 200 K": (500, 200)}
ROWS, ROW_PS = 3500, 0.5
NOISES = {"white": (0.005, 0.0), "2 ps": (0.005, 2.0), "50 ps": (0.003, 50.0)}  # relative; memory
GROWING = {"even": np.ones(ROWS), "falling": np.linspace(1.5, 0.5, ROWS)}  # along the ramp, times the noise
LIGHT = 1 + 0.03 * np.exp(-np.arange(ROWS) / (0.1 * ROWS))  # begins 3 % too light; 1/e after the first tenth


def scatter(rows: int, memory_ps: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance whose correlation falls to 1/e in that time."""
    steps = rng.normal(size=rows)
    if not memory_ps:
        return steps
    kept = np.exp(-ROW_PS / memory_ps)
    steps[1:] *= np.sqrt(1 - kept**2)
    return lfilter([1], [1, -kept], steps)


def glass(trials: int) -> None:
    """Stated: 5 % at most in a melt of whatever curvature, in equilibrium at the beginning or not; errors are standard
    errors (root mean square of z of 1) or larger for noise that is even, changes along the ramp or falls at the bend.
    """
    melts: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "straight line": lambda t: 0.85 + 4.5e-4 * (t - 275),
        "constant expansion 5e-4/K": lambda t: 0.85 * np.exp(5e-4 * (t - 275)),
        "constant expansion 7e-4/K": lambda t: 0.85 * np.exp(7e-4 * (t - 275)),
        "quadratic, slopes 1 to 2.4": lambda t: 0.8 + 2.5e-4 * (t - t.min()) + 1.75e-4 * (t - t.min()) ** 2 / np.ptp(t),
    }
    for ramp, (hot, cold) in RAMPS.items():
        t = np.linspace(hot, cold, ROWS)
        for noise, (sd, memory) in NOISES.items():
            for growing, shape in GROWING.items():
                where = f"{ramp}, {noise} noise, {growing}"
                for melt, volume in melts.items():
                    false_bends(f"{where}, {melt}", t, volume(t), sd * shape, memory, trials)
                    if "quadratic" not in melt:
                        false_bends(f"{where}, {melt}, light", t, LIGHT * volume(t), sd * shape, memory, trials)
            for share in (0.3, 0.5, 0.7):
                bend = cold + share * (hot - cold)
                bent = 0.85 * np.exp(np.where(t > bend, 7e-4, 2e-4) * (t - bend))
                for growing, shape in {**GROWING, "falling at the bend": np.where(t > bend, 1.5, 0.5)}.items():
                    case = f"{ramp}, {noise} noise, {growing}, bend at {bend:.0f} K"
                    true_bends(case, bend, t, bent, sd * shape, memory, trials)


def false_bends(case: str, t: np.ndarray, volume: np.ndarray, sd: np.ndarray, memory: float, trials: int) -> None:
    """Print how many ramps of a melt without a transition have a bend."""
    found = [judge(t, _density(volume, sd, memory, trial)).transition for trial in range(trials)]
    row("glass", case, sum(one is not None for one in found), trials)


def true_bends(
    case: str, bend: float, t: np.ndarray, volume: np.ndarray, sd: np.ndarray, memory: float, trials: int
) -> None:
    """Print how many bends are found, and how far off, in K and in stated errors."""
    found = [judge(t, _density(volume, sd, memory, trial)).transition for trial in range(trials)]
    seen = [one for one in found if one is not None]
    off = np.array([one.temperature_k - bend for one in seen])
    stated = np.array([one.temperature_k_sem for one in seen])
    z = np.abs(off / stated)
    errors = f"off by {off.mean():.1f} ± {off.std():.1f} K, stated {stated.mean():.1f} K; z "
    errors += f"rms {np.sqrt(np.mean(z**2)):.2f}, <1 {np.mean(z < 1):.2f}, <2 {np.mean(z < 2):.2f}"
    row("glass", case, len(seen), trials, errors)


def _density(volume: np.ndarray, sd: np.ndarray, memory_ps: float, seed: int) -> np.ndarray:
    return 1 / (volume * (1 + sd * scatter(len(volume), memory_ps, np.random.default_rng(seed))))


# early stop

IONS, EDGE_A, TEMPERATURE_K, FRAME_PS = 50, 120.0, 353.0, 5.0
BENCHMARK_D, CONFIDENCE = 2.5e-3, 0.95  # Å²/ps


def paths(frames: int, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Positions (frames, 2 IONS, 3) in Å of ions with a long-time diffusivity of 1 Å²/ps.

    ``brownian``; ``caged``: beside it, an Ornstein–Uhlenbeck motion whose mean-squared displacement grows over the
    whole run, which makes it sub-diffusive at all lags seen.
    """
    shape = (frames, 2 * IONS, 3)
    steps = rng.normal(scale=np.sqrt(2 * FRAME_PS), size=shape)
    free = np.cumsum(steps, axis=0)
    if kind == "brownian":
        return free
    kept = np.exp(-FRAME_PS / 1000.0)
    rattle = lfilter([1], [1, -kept], rng.normal(size=shape) * np.sqrt(1 - kept**2), axis=0)
    return free + np.sqrt(8000.0) * rattle


def trajectory(positions: np.ndarray) -> Trajectory:
    """A box of cations and anions, and a polymer that stands for the frame of reference."""
    n = positions.shape[1]
    ions = np.arange(n)
    species = tuple(
        Species(name, charge, atoms[:, None], atoms, np.arange(len(atoms)))
        for name, charge, atoms in (("cations", 1.0, ions[: n // 2]), ("anions", -1.0, ions[n // 2 :]))
    )
    matrix = np.arange(n, n + 2)
    elements = np.array(["Li"] * (n // 2) + ["N"] * (n // 2) + ["O", "O"])
    who = Composition(elements, np.array([7.0] * (n // 2) + [14.0] * (n // 2) + [1e6] * 2), species, matrix, matrix)
    still = np.zeros((len(positions), 2, 3))
    cell = np.eye(3) * EDGE_A

    def chunks(length: int) -> Iterator[Chunk]:
        for first in range(0, len(positions), length):
            part = np.concatenate([positions[first : first + length], still[first : first + length]], axis=1)
            yield Chunk(part, np.broadcast_to(cell, (len(part), 3, 3)))

    return Trajectory(Path("simulated"), who, chunks, True, TEMPERATURE_K, FRAME_PS)


def analyse(positions: np.ndarray) -> dict:
    """The properties of ions that moved so."""
    return observe(trajectory(positions)).properties.to_dict()


def stopped(truth: float, kind: str, scatter_decades: float, error_decades: float, seed: int) -> EarlyStop:
    """One replica whose polymer has `truth` times the conductivity of the benchmark; both have their errors."""
    rng = np.random.default_rng(seed)
    production = protocols.load("htp-md").production.model_copy(update={"stop_below_with_confidence": CONFIDENCE})
    frames = int(production.duration_ps / FRAME_PS) + 1
    ln10 = np.log(10)
    build = 10 ** (scatter_decades * rng.normal() - ln10 / 2 * scatter_decades**2)
    measured = 10 ** (error_decades * rng.normal())
    d_cm2 = BENCHMARK_D * 1e-4
    sigma = nernst_einstein([(IONS, 1.0, d_cm2), (IONS, -1.0, d_cm2)], EDGE_A**3, TEMPERATURE_K)
    moved = np.sqrt(BENCHMARK_D * truth * build) * paths(frames, kind, rng)
    moved += rng.uniform(0, EDGE_A, size=(2 * IONS, 3))
    benchmark = Benchmark(sigma * measured, error_decades, scatter_decades, 30.0)
    done = [0.0]
    stop = EarlyStop(production, benchmark, lambda: analyse(moved[: int(done[0] / FRAME_PS) + 1]))
    leg = 50.0
    for done_ps in np.arange(leg, looks(production)[-1] + leg, leg):
        done[0] = float(done_ps)
        if stop(float(done_ps)):
            break
    return stop


def early(trials: int) -> None:
    """Stated: 5 % of wrong stops at most where the truth is that of the benchmark, over all looks of a run of 5 ns."""
    for scatter_decades, error_decades in ((0.05, 0.03), (0.16, 0.08), (0.36, 0.13)):
        for kind in ("brownian", "caged"):
            for truth in (1.0, 0.3, 0.1):
                ended = [stopped(truth, kind, scatter_decades, error_decades, trial).found for trial in range(trials)]
                saved = [one.saved_ps / 1000 for one in ended if one is not None]
                said = f"{np.mean(saved):.1f} ns of 5 saved by each" if saved else ""
                case = f"{kind}, builds {scatter_decades:g} decades, truth {truth:g} of the benchmark"
                row("early", case, len(saved), trials, said)


def row(alarm: str, case: str, alarms: int, trials: int, more: str = "") -> None:
    """Print the alarms among so many trials."""
    low = beta.ppf(0.025, alarms, trials - alarms + 1) if alarms else 0.0
    high = beta.ppf(0.975, alarms + 1, trials - alarms) if alarms < trials else 1.0
    print(f"{alarm:6} {case:75} {alarms:4d} of {trials} ({low:.3f} to {high:.3f}) {more}", flush=True)


ALARMS = {"glass": glass, "early": early}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("alarms", nargs="*", help=f"of {', '.join(ALARMS)}; without any: all")
    parser.add_argument("--trials", type=int, default=200)
    given = parser.parse_args()
    for name in given.alarms or ALARMS:
        ALARMS[name](given.trials)
