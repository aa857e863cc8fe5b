"""What the table of `bench/long_study.py` says of a protocol: rank, line, scatter and cost; and a plot.

    python bench/long_summary.py [--table docs/long-study.csv] [--protocol overnight] [--plot docs/images/overnight.png]

Values are means over builds, in decades around 1 mS/cm. The line is fitted by least squares of the simulated on the
published values, both above zero; the error of a build is the mean standard error that single builds state.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from long_study import read
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullFormatter
from published import rank
from scipy.stats import linregress

DOCS = Path(__file__).parents[1] / "docs"
SIGMA = "conductivity_s_per_cm"


def main() -> None:
    """Print the figures and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=DOCS / "long-study.csv")
    parser.add_argument("--protocol", default="overnight")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    rows = [row for row in read(given.table) if row["protocol"] == given.protocol and row[SIGMA]]
    builds: dict[str, list[float]] = defaultdict(list)
    published: dict[str, float] = {}
    for row in rows:
        builds[row["monomer_smiles"]].append(float(row[SIGMA]))
        if row["published_s_per_cm"]:
            published[row["monomer_smiles"]] = float(row["published_s_per_cm"])
    ranked = rank(np.array([np.mean(builds[unit]) for unit in published]), np.array(list(published.values())))
    moving = {unit: value for unit, value in published.items() if value > 0 and np.mean(builds[unit]) > 0}
    said = np.log10([np.mean(builds[unit]) for unit in moving]) + 3.0
    true = np.log10(list(moving.values())) + 3.0
    line = linregress(true, said)
    slope, offset, error = line.slope, line.intercept, line.stderr
    off = said - offset - slope * true
    scatter = off.std(ddof=2) if len(off) > 2 else float("nan")
    cpu_h = np.array([float(row["cpu_s"]) for row in rows]) / 3600
    print(f"{given.protocol}: {len(rows)} builds of {len(builds)} polymers, {len(published)} with a published value")
    print(f"Spearman {ranked}; the line is that of the {len(moving)} with values above zero")
    print(f"offset {offset:.2f}, slope {slope:.2f} ± {error:.2f}, scatter about the line {scatter:.2f} decades")
    print(f"the same in decades of the published values (divided by the slope) {scatter / slope:.2f}")
    print(
        f"standard error that a build states {stated(rows):.2f} decades, scatter of builds {scatter_of_builds(builds)}"
    )
    print(f"CPU-hours of a build {np.median(cpu_h):.2f} ({cpu_h.min():.2f} to {cpu_h.max():.2f})")
    for unit, values in builds.items():
        print(unit, " ".join(f"{1e3 * value:.1f}" for value in values), f"{1e3 * published.get(unit, np.nan):.2f}")
    if given.plot:
        plot(builds, moving, offset, slope, given.protocol, given.plot)


def scatter_of_builds(builds: dict[str, list[float]]) -> str:
    """Standard deviation of builds of one polymer in decades, pooled over those that have several."""
    several = [np.log10(values) for values in builds.values() if len(values) > 1 and min(values) > 0]
    degrees = sum(len(values) - 1 for values in several)
    if not degrees:
        return "not known"
    squares = sum(np.square(values - values.mean()).sum() for values in several)
    return f"{np.sqrt(squares / degrees):.2f} decades ({degrees} degrees of freedom)"


def stated(rows: list[dict]) -> float:
    """Mean standard error of single builds in decades, of those that have one."""
    column = f"{SIGMA}_sem"
    return float(np.mean([float(row[column]) / float(row[SIGMA]) for row in rows if row[column]]) / np.log(10))


def plot(
    builds: Mapping[str, Sequence[float]],
    published: Mapping[str, float],
    offset: float,
    slope: float,
    protocol: str,
    path: Path,
) -> None:
    """Simulated against published values with the line: means filled, builds of polymers with several hollow."""
    figure = Figure(figsize=(4.6, 3.8), layout="constrained", dpi=150)
    axes = figure.subplots()
    names = []
    for unit, value in published.items():
        each, mean = 1e3 * np.array(builds[unit]), 1e3 * np.mean(builds[unit])
        axes.plot([1e3 * value] * len(each), each, "-", color="#0072b2", lw=0.8, marker="o", ms=3, mfc="white")
        axes.plot([1e3 * value], [mean], "o", color="#0072b2", ms=4.5)
        above = np.log10(mean) - offset - slope * np.log10(1e3 * value) > 0.01  # the name stands away from the line
        beside = {"xytext": (-7, 4), "ha": "right"} if above else {"xytext": (7, -8), "ha": "left"}
        names.append(
            axes.annotate(unit.replace("*", ""), (1e3 * value, mean), textcoords="offset points", fontsize=7, **beside)
        )
    span = np.array([min(published.values()), max(published.values())]) * 1e3
    axes.plot(span, 10 ** (offset + slope * np.log10(span)), color="#777777", lw=1)
    axes.set(xscale="log", yscale="log", xlabel="published, 353 K (mS/cm)", ylabel=f"{protocol}, 400 K (mS/cm)")
    axes.margins(x=0.2)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    move_apart(figure, names)
    figure.savefig(path)


def move_apart(figure: Figure, names: Sequence[Annotation]) -> None:
    """Raise names, lowest first, until they no longer cover each other."""
    figure.draw_without_rendering()
    names = sorted(names, key=lambda name: name.get_window_extent().y0)
    for place, name in enumerate(names):
        while any(name.get_window_extent().overlaps(other.get_window_extent()) for other in names[:place]):
            across, up = name.get_position()
            name.set_position((across, up + 1))


if __name__ == "__main__":
    main()
