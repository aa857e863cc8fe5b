"""Measured values as sources of the posterior: those of one salt at one temperature share an offset and a slope.

The conditions of measured values differ. Under each name that a person gives to a source, values of polymers that can
be brought to the temperature of the target are one source. Those measured at other temperatures only, or with other
salts, are further ones, so that their offset is learnt from polymers that both know.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

import numpy as np

from autodisco.decide.conditions import Conditions
from autodisco.decide.objective import CONDUCTIVITY, Objective
from autodisco.store import Experiment, Store
from autodisco.surrogate import Label, Normal, Priors, Source

REACH_K = 15.0
"""A value is taken to another temperature that is so near; between two measured temperatures there is no limit."""

BAND_K = 20.0
"""Values whose temperatures differ by more belong to different sources."""

SAME_CONTENT = 1.25
"""Series of a polymer whose salt contents differ by less than this factor count as repetitions."""

OTHER_TEMPERATURE = "at a temperature that is further from the campaign's than another one of its series"
OTHER_SERIES = "of a series whose salt content or temperatures are further from the campaign's than another one's"
"""Why rows do not count."""

SLOPE = -2.3
"""Slope of log10 of the conductivity of polymer electrolytes over 1000/T (K) that is assumed where a series has a
single temperature: 44 kJ/mol, the median of 50 measured series near 353 K (docs/experiment.md)."""

SLOPE_SD = 1.5
"""How well that is known of another polymer, and of lower temperatures, where the slope is larger."""


@dataclass(frozen=True)
class _Value:
    """A value of a polymer from some rows of a series, on the scale of the objective; `temperature_k` is None at the
    target's."""

    smiles: str
    source: str
    salt: str
    temperature_k: float | None
    place: float
    sem: float | None
    rows: tuple[Experiment, ...]


def measured_sources(
    store: Store, objective: Objective, target: Conditions, priors: Priors
) -> list[tuple[Source, list[Label]]]:
    """Sources of measured values of the objective with their labels, by name; `priors` are those of an experiment at
    the conditions of the target, on the scale of the objective."""
    found, values = [], _by_source(store, objective, target)
    for name in sorted(values):
        rows, first = values[name], values[name][0]
        source = Source(name, "experiment", False, _moved(priors, first.temperature_k, objective, target))
        found.append((source, [_label(name, rows, smiles) for smiles in sorted({row.smiles for row in rows})]))
    return found


@dataclass(frozen=True)
class Stated:
    """Where the value of a polymer in a source comes from: the rows of the table, and the temperature (K) to which they
    were brought."""

    rows: tuple[Experiment, ...]
    temperature_k: float


def stated_rows(store: Store, objective: Objective, target: Conditions) -> dict[tuple[str, str], Stated]:
    """The rows behind each label of `measured_sources`, by name of the source and polymer."""
    found: dict[tuple[str, str], Stated] = {}
    for name, values in _by_source(store, objective, target).items():
        for value in values:
            before = found.get((name, value.smiles))
            rows = (*(before.rows if before else ()), *value.rows)
            found[name, value.smiles] = Stated(rows, value.temperature_k or target.temperature_k)
    return found


def rows_that_count(
    store: Store, objective: Objective, target: Conditions, origin: str
) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows of a table count for an objective, by name of the source, and how many do not, by the reason."""
    values = _by_source(store, objective, target)
    used = {(row.origin, row.line): name for name, found in values.items() for value in found for row in value.rows}
    series = {_series(row) for found in values.values() for value in found for row in value.rows}
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for row in store.experiments(objective.column, origin):
        if name := used.get((row.origin, row.line)):
            counts[name] += 1
        else:
            reasons[OTHER_TEMPERATURE if _series(row) in series else OTHER_SERIES] += 1
    return dict(counts), dict(reasons)


def _by_source(store: Store, objective: Objective, target: Conditions) -> dict[str, list[_Value]]:
    """The values of each source."""
    values: dict[str, list[_Value]] = {}
    for measured in _by_polymer(store.experiments(objective.column)).values():
        for value in _values(measured, objective, target):
            values.setdefault(_name(value, target), []).append(value)
    return values


def _series(row: Experiment) -> tuple[Any, ...]:
    """What rows of one series have in common; the salt content comes last."""
    return row.smiles, row.source, row.salt, row.origin, row.reference, row.note, row.molality_mol_per_kg


def _by_polymer(rows: Sequence[Experiment]) -> dict[tuple[str, str, str], list[Experiment]]:
    """Rows by polymer, name of the source and salt."""
    found: dict[tuple[str, str, str], list[Experiment]] = {}
    for row in rows:
        found.setdefault((row.smiles, row.source, row.salt), []).append(row)
    return found


def _values(rows: Sequence[Experiment], objective: Objective, target: Conditions) -> list[_Value]:
    """A value for each series of a polymer with one salt, of those whose salt content is nearest to the target's.

    Series that reach the temperature of the target go before others; of these, the nearest temperature does.
    """
    series: dict[tuple[Any, ...], list[Experiment]] = {}
    for row in rows:
        series.setdefault(_series(row), []).append(row)
    wanted = target.molality or 1.0
    ratio = {what: abs(np.log((what[-1] or wanted) / wanted)) for what in series}
    near = [what for what in series if ratio[what] <= min(ratio.values()) + np.log(SAME_CONTENT)]
    found = [_at_target(series[what], objective, target.temperature_k) for what in near]
    if reached := [value for value in found if value.temperature_k is None]:
        return reached
    return [min(found, key=lambda value: abs((value.temperature_k or 0.0) - target.temperature_k))]


def _at_target(series: Sequence[Experiment], objective: Objective, temperature_k: float) -> _Value:
    """The value of a series at a temperature, interpolated over 1/T; else that at the nearest middle of a band."""
    logarithmic, first = objective.scale.floor is not None, series[0]
    by_temperature: dict[float | None, list[Experiment]] = {}
    for row in series:
        by_temperature.setdefault(row.temperature_k, []).append(row)
    points = sorted(by_temperature.items(), key=lambda point: point[0] or 0.0)
    # without the floor of the scale, which would bend the line of a small value
    means = [mean(math.log10(row.value) if logarithmic else row.value for row in rows) for _, rows in points]

    def place(value: float) -> float:
        return objective.scale.place(10.0**value if logarithmic else value)

    kelvin = np.array([at for at, _ in points if at is not None])
    if not len(kelvin):
        error = objective.error_on_scale(first.value, first.sem)
        return _Value(first.smiles, first.source, first.salt, None, place(means[0]), error, tuple(series))
    number = int(np.argmin(np.abs(kelvin - temperature_k)))
    nearest = points[number][1][0]
    assert nearest.temperature_k is not None, "it is among the points"
    at = temperature_k if abs(nearest.temperature_k - temperature_k) <= REACH_K else None
    if at is None and kelvin[0] <= temperature_k <= kelvin[-1]:
        at = temperature_k
    own = at or BAND_K * round(nearest.temperature_k / BAND_K)
    if kelvin[0] <= own <= kelvin[-1]:
        moved = float(np.interp(-1.0 / own, -1.0 / kelvin, means))
        after = int(np.searchsorted(kelvin, own))
        taken = points[after - (kelvin[after] > own) : after + 1]
    else:
        taken = points[number : number + 1]
        moved = means[number] + _slope(objective) * (1000.0 / own - 1000.0 / nearest.temperature_k)
    error, rows = objective.error_on_scale(nearest.value, nearest.sem), tuple(row for _, some in taken for row in some)
    return _Value(first.smiles, first.source, first.salt, None if at else own, place(moved), error, rows)


def _slope(objective: Objective) -> float:
    return SLOPE if objective.column == CONDUCTIVITY.column else 0.0


def _name(value: _Value, target: Conditions) -> str:
    """Name of the source of a value: what differs from the target's conditions."""
    salt = "" if value.salt == target.salt or not target.salt else f" with {value.salt or 'no salt'}"
    return f"{value.source}{salt}{f' at {value.temperature_k:g} K' if value.temperature_k else ''}"


def _moved(priors: Priors, temperature_k: float | None, objective: Objective, target: Conditions) -> Priors:
    """What is known of values at another temperature: their offset is that of the usual activation energy, and less
    certain."""
    if temperature_k is None:
        return priors
    by = 1000.0 / temperature_k - 1000.0 / target.temperature_k
    offset, slope = priors.offset, _slope(objective)
    sd = SLOPE_SD * abs(by) if slope else 0.0
    return replace(priors, offset=Normal(offset.mean + slope * by, float(np.hypot(offset.sd, sd))))


def _label(name: str, values: Sequence[_Value], smiles: str) -> Label:
    """The label of a polymer in a source: the mean over its series."""
    own = [value for value in values if value.smiles == smiles]
    place = mean(value.place for value in own)
    return Label(smiles, name, place, builds=len(own), sem=own[0].sem if len(own) == 1 else None)
