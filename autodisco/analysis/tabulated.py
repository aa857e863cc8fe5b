"""Results of several analyses side by side: one table, comparisons of systems, and fits over temperature."""

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from autodisco.analysis.comparison import compare
from autodisco.analysis.few_replicas import combined_for_people, notes, own_error
from autodisco.analysis.quantities import NE, known, quantity
from autodisco.analysis.runs import groups
from autodisco.analysis.system_names import row_names, system_names
from autodisco.analysis.temperatures import Arrhenius, Vtf, arrhenius, vtf
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.text import counted, probability, significant

SIGMA = "conductivity_s_per_cm"
EXAMPLE = "A-333K.json A-353K.json + B-333K.json B-353K.json"


@dataclass(frozen=True)
class Result:
    """What `analyze --json` found.

    Attributes
    ----------
    name, system : of the file without its suffix, and of the polymer electrolyte that it belongs to
    replicas : records of properties of the runs
    """

    name: str
    system: str
    replicas: tuple[Mapping[str, Any], ...]

    @property
    def properties(self) -> Mapping[str, Any]:
        """The record of a single run, or the values of several with errors over them."""
        return combined_for_people(self.replicas) if len(self.replicas) > 1 else self.replicas[0]

    @property
    def temperature_k(self) -> float:
        """Of the first run."""
        return float(self.replicas[0]["temperature_k"])

    def conductivities(self, name: str) -> list[float]:
        """The conductivity `name` of the runs that have one, S/cm."""
        return [float(value) for record in self.replicas if (value := record.get(name)) is not None]

    def degrees(self, name: str) -> int:
        """Degrees of freedom of the error over runs of the conductivity `name`."""
        return max(len(self.conductivities(name)) - 1, 0)

    def error(self, name: str) -> float | None:
        """Of the conductivity `name`, S/cm: the larger of the error over runs and that of the runs themselves.

        A conductivity without either has the relative error of the Nernst-Einstein conductivity, whose diffusivities
        are part of it.
        """
        values = self.properties
        told = [error for error in (values.get(f"{name}_sem"), own_error(name, self.replicas)) if error]
        if told or name == NE or not values.get(NE):
            return max(told, default=None)
        independent = self.error(NE)
        return None if independent is None else float(independent * values[name] / values[NE])


def read_results(paths: Sequence[Path], names: Sequence[str] = ()) -> list[Result]:
    """Read files of `analyze --json`; a + separates systems.

    Without a +, files at one temperature are systems, and files at different temperatures are one system.

    Parameters
    ----------
    names : of the systems, in their order; else they follow from the names of the files

    Raises
    ------
    InputError
        For other files, two files of one system at one temperature, two systems of one name, and for another number of
        names than of systems.
    """
    given = [[(path, _records(path)) for path in group] for group in groups(paths, EXAMPLE)]
    if len(given) == 1 and len({float(records[0]["temperature_k"]) for _, records in given[0]}) == 1:
        given = [[one] for one in given[0]]
    systems = list(names) or system_names([[path for path, _ in group] for group in given])
    if len(systems) != len(given):
        raise InputError(f"--system: {counted(len(systems), 'name')} for {counted(len(given), 'system')}; one for each")
    if twice := [name for name, n in Counter(systems).items() if n > 1]:
        raise InputError(f"two systems are called {twice[0]}; name them with --system, once for each, in their order")
    rows = iter(row_names([path for group in given for path, _ in group]))
    results = []
    for system, group in zip(systems, given, strict=True):
        found = [Result(next(rows), system, records) for _, records in group]
        for a, b in itertools.combinations(found, 2):
            if a.temperature_k == b.temperature_k:
                raise InputError(
                    f"{a.name} and {b.name} are at {a.temperature_k:g} K both: put a + between systems ({EXAMPLE}); "
                    "replicas are combined by analyze, with a + between them"
                )
        results += found
    return results


def _records(path: Path) -> tuple[Mapping[str, Any], ...]:
    try:
        content = read_json(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error}); the output of analyze --json expected") from None
    records = content.get("replicas", [content]) if isinstance(content, dict) else []
    valid = [
        isinstance(one, dict) and SIGMA in one and isinstance(one.get("temperature_k"), int | float) for one in records
    ]
    if not valid or not all(valid):
        raise InputError(f"{path}: not the output of analyze --json ({SIGMA} and temperature_k of each run)")
    return tuple(records)


def columns(asked: Sequence[str]) -> list[str]:
    """Names of the quantities of the table: those asked for, or those of rankings. Raises InputError for others."""
    from autodisco.analysis.quantities import quantities

    if unknown := [name for name in asked if not known(name)]:
        raise InputError(f"quantity {unknown[0]!r} is unknown; docs/analysis.md lists them by name")
    return list(asked) or [entry.name for entry in quantities(printed="ranking")]


def conductivities(names: Sequence[str]) -> list[str]:
    """Those to fit and compare: the conductivities among the columns that were asked for, else that of rankings."""
    return [name for name in names if name.startswith("conductivity_")] or [SIGMA]


@dataclass(frozen=True)
class Series:
    """The conductivities above zero of a system over temperature.

    Attributes
    ----------
    temperatures_k, values, errors : K, S/cm and S/cm; an error that nothing tells is None
    degrees : of freedom of the errors
    """

    temperatures_k: list[float]
    values: list[float]
    errors: list[float | None]
    degrees: int

    @classmethod
    def of(cls, results: Sequence[Result], system: str, name: str) -> "Series":
        """Those of the conductivity `name`."""
        own = [one for one in results if one.system == system and (one.properties.get(name) or 0.0) > 0]
        return cls(
            [one.temperature_k for one in own],
            [one.properties[name] for one in own],
            [one.error(name) for one in own],
            sum(one.degrees(name) for one in own),
        )

    @property
    def has_line(self) -> bool:
        """Whether there are two temperatures."""
        return len(set(self.temperatures_k)) > 1

    def fitted(self) -> tuple[Arrhenius, Vtf | None]:
        """Both laws. The error of the activation energy is the larger of that from the errors of the points and that
        from their scatter."""
        line = arrhenius(self.temperatures_k, self.values, self.errors)
        sems = [line.activation_energy_ev_sem, arrhenius(self.temperatures_k, self.values).activation_energy_ev_sem]
        line = replace(line, activation_energy_ev_sem=max((sem for sem in sems if sem is not None), default=None))
        return line, vtf(self.temperatures_k, self.values, self.errors, self.degrees)


def fits(results: Sequence[Result], name: str = SIGMA) -> list[dict[str, Any]]:
    """Arrhenius and VTF fits of the conductivity `name` of each system with two temperatures or more.

    Each has the ``system``, the ``quantity``, ``arrhenius`` and ``vtf`` (None without a fit), ``told`` in a sentence.
    """
    found = []
    for system in dict.fromkeys(one.system for one in results):
        series = Series.of(results, system, name)
        if not series.has_line:
            continue
        line, curve = series.fitted()
        told = f"{system}: activation energy {line.told()}" + (f"; {curve.told()}" if curve else "")
        fit = {"arrhenius": line.to_dict(), "vtf": asdict(curve) if curve else None}
        found.append({"system": system, "quantity": name, **fit, "told": f"{told}; {quantity(name).label}"})
    return found


def comparisons(results: Sequence[Result], name: str = SIGMA) -> list[dict[str, Any]]:
    """The conductivities `name` of each two systems at one temperature: their ratio with its 95 % interval.

    The scatter of builds is pooled over all results (`autodisco.analysis.comparison`); without replicas it is that of
    a protocol that states none, 0.3 decades with two degrees of freedom.
    """
    from scipy.special import stdtrit

    given = {(one.system, one.temperature_k): one.conductivities(name) for one in results}
    known_ones = {key: values for key, values in given.items() if values}
    if len({system for system, _ in known_ones}) < 2:
        return []
    scale = compare({f"{system} {kelvin:g}": values for (system, kelvin), values in known_ones.items()})
    factor = float(stdtrit(scale.degrees, 0.975))
    found = []
    for (a, kelvin), (b, other) in itertools.combinations(known_ones, 2):
        if kelvin != other or a == b:
            continue
        first, second = f"{a} {kelvin:g}", f"{b} {kelvin:g}"
        decades, error = scale.place(first)[0] - scale.place(second)[0], scale.standard_error(first, second)
        ratio, low, high = (10.0 ** (decades + k * factor * error) for k in (0, -1, 1))
        chance = scale.p_higher(first, second)
        interval = f"{significant(low)} to {significant(high)}"
        told = f"{a} conducts {significant(ratio)} times as well as {b} at {kelvin:g} K (95 %: {interval}; "
        found.append(
            {
                "quantity": name,
                "first": a, "second": b, "temperature_k": kelvin, "ratio": ratio, "ratio_low": low, "ratio_high": high,
                "p_first_higher": chance, "replica_sd_decades": scale.replica_sd,
                "told": f"{told}probability that it conducts better {probability(chance)}); {quantity(name).label}",
            }
        )  # fmt: skip
    return found


def remarks(results: Sequence[Result], names: Sequence[str]) -> list[str]:
    """Systems of files with unlike names; what the errors of the quantities `names` over a few replicas are worth."""
    found = []
    for system, own in itertools.groupby(results, lambda one: one.system):
        files = [one.name for one in own]
        starts = {re.split(r"[-_. \d]", name)[0] for name in files}
        if len(starts) > 1:
            found.append(
                f"{system}: files of one system have unlike names ({', '.join(files)}): is the + in its place?"
            )
    return found + [f"{one.name}: {note}" for one in results for note in notes(one.replicas, names)]


def records(results: Sequence[Result], names: Sequence[str]) -> list[dict[str, Any]]:
    """A row each: name, system, temperature, number of runs, and the quantities with their errors."""
    rows = []
    for one in results:
        row = {"name": one.name, "system": one.system, "temperature_k": one.temperature_k, "runs": len(one.replicas)}
        for name in names:
            row |= {name: one.properties.get(name)}
            row |= {f"{name}_sem": one.properties.get(f"{name}_sem")} if quantity(name).has_error else {}
        rows.append(row)
    return rows
