"""The figure of convergence: values against the number of builds, and displacements of cations against time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from autodisco.analysis.means import mean
from autodisco.analysis.plots import COLOURS
from autodisco.arrays import Floats
from autodisco.decide import Ranked
from autodisco.errors import AutodiscoError
from autodisco.report.figure import bounds_told, scatter, thinned
from autodisco.report.figures.source import Source
from autodisco.report.figures.style import COLUMN_CM, PAGE_CM, PrintFigure, label, letter, log_axis, value_axis
from autodisco.store import Store

LEAST_BUILDS, MOST_LINES, MOST_TRAJECTORIES = 3, len(COLOURS), 4
LAGS = 60

Curve = tuple[Ranked, Floats, Floats, int]
"""Polymer, lags (ps), squared displacements (Å²) of shape (builds, lags), number of builds."""


def convergence(source: Source) -> PrintFigure | str:
    """Mean and error over the first builds, and mean-squared displacements of the trajectories that are kept."""
    tier = source.content.status.tiers[0].protocol
    compared = [source.reference, *source.best] if source.reference else source.best
    built = [found for row in compared if (found := row.at(tier)) and len(found.values) >= LEAST_BUILDS][:MOST_LINES]
    built = [row for row in built if row.origin == "simulated"]
    curves = [curve for row in compared[:3] if (found := row.at(tier)) and (curve := _moved(source.store, found))]
    if not built and not curves:
        return f"no polymer has {LEAST_BUILDS} builds at protocol {tier}, and no trajectory is kept"
    panels: list[Callable[[Axes], None]] = []
    told, rows, bounds = [], [], ""
    if built:
        panels.append(lambda axes: _draw_builds(axes, built, source))
        rows += [row for one in built for row in _of_builds(one, source)]
        told.append("mean over the first builds of a polymer and its standard error, in the order of their numbers")
        bounds = bounds_told([value for one in built for _, value, _ in _running(one)], source.objective)
    if curves:
        panels.append(lambda axes: _draw_moved(axes, curves))
        rows += [row for curve in curves for row in _of_curve(curve)]
        n = sum(n for *_, n in curves)
        told.append(
            f"mean-squared displacement of the cations, mean and standard error over builds ({n} in all); grey: "
            "slope 1, diffusion"
        )
    lettered = [f"({'ab'[k]}) {text}" for k, text in enumerate(told)] if len(told) > 1 else [told[0].capitalize()]
    shown = built or [row for row, *_ in curves]
    return PrintFigure(
        f"Convergence of the {source.objective.name} with builds" + (" and time" if curves else ""),
        f"{'; '.join(lettered)}.{bounds} {source.made_with(shown)}",
        PAGE_CM if len(panels) > 1 else COLUMN_CM,
        6.5,
        lambda figure: _draw(figure, panels),
        rows,
    )


def _draw(figure: Figure, panels: Sequence[Callable[[Axes], None]]) -> None:
    for number, (axes, draw) in enumerate(zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True)):
        draw(axes)
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.22), ncols=2)
        if len(panels) > 1:
            letter(axes, "ab"[number])


def _running(row: Ranked) -> list[tuple[int, float, float | None]]:
    """Number of builds, their mean and its standard error."""
    return [(n, *mean(row.values[:n])) for n in range(1, len(row.values) + 1)]


def _of_builds(row: Ranked, source: Source) -> list[dict[str, Any]]:
    objective = source.objective
    return [
        {"panel": "builds", "key": row.key, "monomer_smiles": row.monomer_smiles, "builds": n,
         objective.column: value, objective.sem_column: sem}
        for n, value, sem in _running(row)
    ]  # fmt: skip


def _draw_builds(axes: Axes, rows: Sequence[Ranked], source: Source) -> None:
    objective, last = source.objective, max(len(row.values) for row in rows)
    for number, (colour, row) in enumerate(zip(COLOURS, rows, strict=False)):
        shift = 0.5 * (number - (len(rows) - 1) / 2) / len(rows)  # bars beside each other
        n, value, sem = zip(*_running(row), strict=True)
        read = [objective.read(one) for one in value]
        low = [one - objective.read(v - (e or 0.0)) for one, v, e in zip(read, value, sem, strict=True)]
        high = [objective.read(v + (e or 0.0)) - one for one, v, e in zip(read, value, sem, strict=True)]
        axes.errorbar(
            np.array(n) + shift, read, yerr=[low, high], color=colour, lw=0.8, elinewidth=0.6, label=label(row, 18)
        )
        at_floor = list(map(objective.at_floor, value))
        scatter(axes, list(np.array(n) + shift), read, [colour] * len(n), at_floor, "v", s=9, zorder=3)
    value_axis(axes.yaxis, objective)
    axes.set_xticks(thinned(range(1, last + 1)))
    axes.set(xlabel="number of builds", ylabel=objective.axis, xlim=(0.4, last + 0.6))


def _moved(store: Store, row: Ranked) -> Curve | None:
    """Displacements of the cations in the trajectories of a polymer that are kept, at lags that all of them have."""
    found: list[tuple[Floats, Floats]] = []
    for replica in store.replicas(key=row.key, protocol=row.protocol):
        folder = store.replica_folder(row.key, row.protocol, replica.replica)
        if replica.status == "done" and (folder / "trajectory.dcd").is_file() and len(found) < MOST_TRAJECTORIES:
            found += [one for one in [displacements(folder)] if one is not None]
    if not found:
        return None
    lags = min((lags for lags, _ in found), key=len)
    return row, lags, np.array([np.interp(lags, times, msd) for times, msd in found]), len(found)


def displacements(folder: Path) -> tuple[Floats, Floats] | None:
    """Lags (ps) and mean-squared displacements of the cations (Å²) in the folder of a replica, both of shape (n,); None
    where it cannot be analysed or holds no ions."""
    from autodisco.analysis import analyze
    from autodisco.analysis.lags import spread_lags
    from autodisco.analysis.observables.displacement import Displacement

    try:
        run = analyze(folder).run
    except AutodiscoError:
        return None
    species = run.composition.species
    place = next((k for k, kind in enumerate(species) if kind.charge > 0), None)
    if place is None:
        return None
    lags = spread_lags(run.n_frames, LAGS)
    return np.asarray(lags * run.trajectory.frame_interval_ps, float), run.get(Displacement).moved[place].msd[lags]


def _error(curves: Floats) -> Floats:
    """Standard errors over builds, zero for a single one."""
    n = len(curves)
    return np.std(curves, axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.zeros(curves.shape[1])


def _of_curve(curve: Curve) -> list[dict[str, Any]]:
    row, lags, curves, n = curve
    values, errors = curves.mean(axis=0), _error(curves)
    return [
        {"panel": "time", "key": row.key, "monomer_smiles": row.monomer_smiles, "builds": n, "lag_ps": float(lag),
         "msd_angstrom2": float(value), "msd_angstrom2_sem": float(error) if n > 1 else None}
        for lag, value, error in zip(lags, values, errors, strict=True)
    ]  # fmt: skip


def _draw_moved(axes: Axes, curves: Sequence[Curve]) -> None:
    for colour, (row, lags, several, _) in zip(COLOURS, curves, strict=False):
        middle, error = several.mean(axis=0), _error(several)
        axes.fill_between(lags, np.maximum(middle - error, 1e-3), middle + error, color=colour, alpha=0.2, lw=0)
        axes.plot(lags, middle, color=colour, lw=1.0, label=label(row, 18))
    _, lags, several, _ = curves[0]
    ends = np.array([lags[len(lags) // 2], lags[-1]])
    start = 0.5 * float(np.interp(ends[0], lags, several.mean(axis=0)))
    axes.plot(ends, start * ends / ends[0], color="0.5", lw=0.8, ls="--")
    log_axis(axes.xaxis)
    log_axis(axes.yaxis)
    axes.set(xlabel="time lag, ps", ylabel="displacement of cations, Å²")
