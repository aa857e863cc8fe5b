"""Results of several analyses side by side: one table, comparisons of systems, and fits over temperature."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autodisco.analysis.comparison import compare
from autodisco.analysis.quantities import known, quantity
from autodisco.analysis.replicas import combine
from autodisco.analysis.runs import groups
from autodisco.analysis.temperatures import arrhenius, vtf
from autodisco.errors import InputError
from autodisco.files import read_json
from autodisco.text import probability, significant

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
        return combine(self.replicas) if len(self.replicas) > 1 else self.replicas[0]

    @property
    def temperature_k(self) -> float:
        """Of the first run."""
        return float(self.replicas[0]["temperature_k"])

    @property
    def conductivities(self) -> list[float]:
        """Of the runs that have one, S/cm."""
        return [float(value) for record in self.replicas if (value := record.get(SIGMA)) is not None]


def read_results(paths: Sequence[Path]) -> list[Result]:
    """Read files of `analyze --json`; a + separates systems.

    Without a +, files at one temperature are systems, and files at different temperatures are one system. Raises
    InputError for other files, and for two files of one system at one temperature.
    """
    given = [[(path, _records(path)) for path in group] for group in groups(paths, EXAMPLE)]
    if len(given) == 1 and len({float(records[0]["temperature_k"]) for _, records in given[0]}) == 1:
        given = [[one] for one in given[0]]
    results = []
    for n, group in enumerate(given, 1):
        found = [Result(path.stem, _system(group, n), records) for path, records in group]
        for a, b in itertools.combinations(found, 2):
            if a.temperature_k == b.temperature_k:
                raise InputError(
                    f"{a.name} and {b.name} are at {a.temperature_k:g} K both: put a + between systems ({EXAMPLE}); "
                    "replicas are combined by analyze, with a + between them"
                )
        results += found
    if len(names := {one.system for one in results}) < len(given):
        raise InputError(f"two systems are called {min(names)}; name their files differently")
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


def _system(group: Sequence[tuple[Path, Any]], number: int) -> str:
    """What the names of the files have in common, without temperatures at the end."""
    stems = [path.stem for path, _ in group]
    if len(stems) == 1:
        return stems[0]
    shared = "".join(a[0] for a in itertools.takewhile(lambda a: len(set(a)) == 1, zip(*stems, strict=False)))
    return shared.rstrip("0123456789-_. ") or f"system {number}"


def columns(asked: Sequence[str]) -> list[str]:
    """Names of the quantities of the table: those asked for, or those of rankings. Raises InputError for others."""
    from autodisco.analysis.quantities import quantities

    if unknown := [name for name in asked if not known(name)]:
        raise InputError(f"quantity {unknown[0]!r} is unknown; docs/analysis.md lists them by name")
    return list(asked) or [entry.name for entry in quantities(printed="ranking")]


def fits(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Arrhenius and VTF fits of the conductivity of each system with two temperatures or more.

    Each has the ``system``, ``arrhenius`` and ``vtf`` (None without a fit), ``told`` in a sentence.
    """
    found = []
    for system in dict.fromkeys(one.system for one in results):
        own = [one for one in results if one.system == system and one.properties.get(SIGMA)]
        if len({one.temperature_k for one in own}) < 2:
            continue
        kelvins = [one.temperature_k for one in own]
        values = [one.properties[SIGMA] for one in own]
        errors = [one.properties.get(f"{SIGMA}_sem") for one in own]
        line, curve = arrhenius(kelvins, values, errors), vtf(kelvins, values, errors)
        told = f"{system}: activation energy {line.told()}" + (f"; {curve.told()}" if curve else "")
        found.append(
            {"system": system, "arrhenius": line.to_dict(), "vtf": asdict(curve) if curve else None, "told": told}
        )
    return found


def comparisons(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The conductivities of each two systems at one temperature: their ratio with its 95 % interval.

    The scatter of builds is pooled over all results (`autodisco.analysis.comparison`); without replicas it is that of
    a protocol that states none, 0.3 decades with two degrees of freedom.
    """
    from scipy.special import stdtrit

    known_ones = {(one.system, one.temperature_k): one.conductivities for one in results if one.conductivities}
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
                "first": a, "second": b, "temperature_k": kelvin, "ratio": ratio, "ratio_low": low, "ratio_high": high,
                "p_first_higher": chance, "replica_sd_decades": scale.replica_sd,
                "told": f"{told}probability that it conducts better {probability(chance)})",
            }
        )  # fmt: skip
    return found


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
