"""Several runs that are given together: which files belong to which run, and what is odd about runs as replicas.

A run is a folder, or a topology and its trajectories. Runs of files have a `SEPARATOR` between them.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autodisco.analysis.few_replicas import notes
from autodisco.analysis.opening import known_format
from autodisco.analysis.quantities import numbers, unit_of
from autodisco.errors import InputError
from autodisco.text import without_formula

SEPARATOR = "+"
SAME = 1e-4
"""Relative difference up to which values of two runs are those of one run, in files of other precision."""
TOLD = ("cation_diffusivity_cm2_per_s", "anion_diffusivity_cm2_per_s", "conductivity_ne_s_per_cm")
UNEQUAL = 0.1
"""Relative difference of lengths from which replicas are of unequal length."""
COLUMNS = ("run", "quantity", "value", "standard_error", "unit")
"""Columns of `rows`."""

Given = Mapping[str, Any]


def groups(paths: Sequence[Path], example: str) -> list[list[Path]]:
    """The paths between separators. Raises InputError, with the example, for a separator without paths at one side."""
    found: list[list[Path]] = [[]]
    for path in paths:
        if str(path) == SEPARATOR:
            found.append([])
        else:
            found[-1].append(path)
    if not all(found):
        raise InputError(f"a {SEPARATOR} stands between two of them: {example}")
    return found


def split(paths: Sequence[Path]) -> list[list[Path]]:
    """The paths of each run.

    Raises InputError for folders among files, a separator without a run before or after it, a path that does not exist,
    a trajectory without its topology, and a file or folder in two runs.
    """
    runs = [run for group in groups(paths, "TOPOLOGY TRAJECTORY + TOPOLOGY TRAJECTORY") for run in _runs_of(group)]
    if missing := [path for run in runs for path in run if not path.exists()]:
        raise InputError(f"{missing[0]}: no such file or folder")
    seen: set[Path] = set()
    for run in runs:
        if len(runs) > 1 and len(run) == 1 and run[0].is_file() and known_format(run[0]):
            raise InputError(
                f"{run[0]}: a trajectory without its topology; it is named again after each {SEPARATOR}: "
                f"{runs[0][0]} {run[0]}"
            )
        frames = {path.resolve() for path in run[1:] or run}
        if seen & frames:
            raise InputError(f"{name_of(run)}: is given twice; a replica counts once")
        seen |= frames
    return runs


def _runs_of(group: list[Path]) -> list[list[Path]]:
    """The runs among paths without a separator: a folder each, or one of files."""
    folders = [path for path in group if path.is_dir()]
    if folders and len(folders) < len(group):
        raise InputError(f"{folders[0]} is a folder, but other arguments are files; give folders only or files only")
    return [[path] for path in group] if folders else [group]


def name_of(run: Sequence[Path]) -> str:
    """The folder, or the first trajectory: several runs may have one topology."""
    return str(run[min(1, len(run) - 1)])


def folders_of(runs: Sequence[Sequence[Path]]) -> list[str]:
    """A name for the plots of each run: that of its first trajectory or folder, with parents where names are equal."""
    paths = [Path(name_of(run)) for run in runs]
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["-".join((*path.parts[-depth:-1], path.stem)).replace("/", "") for path in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{name}-{k}" for k, name in enumerate(names, 1)]


def check_replicas(names: Sequence[str], results: Sequence[Given]) -> None:
    """Raise InputError if two runs have the same values, as copies of one trajectory have, also in two formats."""
    values = [{key: value for key, value in result.items() if key != "warnings"} for result in results]
    for k, own in enumerate(values):
        if own in values[:k]:
            raise InputError(
                f"{names[k]}: gives the values of {names[values.index(own)]} to the last digit; "
                "a copy is no replica: give it once"
            )
    for (a, first), (b, second) in itertools.combinations(zip(names, results, strict=True), 2):
        if all(_same(first.get(name), second.get(name)) for name in TOLD):
            raise InputError(
                f"{b}: has the diffusivities of {a} to a relative difference of {SAME:g}, as one run in two formats "
                "has; it is no replica: give it once"
            )


def _same(a: float | None, b: float | None) -> bool:
    if not a or not b:  # none, or zero, which many runs share
        return False
    return abs(a - b) <= SAME * max(abs(a), abs(b))


def warnings_of(names: Sequence[str], results: Sequence[Given], paths: Sequence[Path]) -> list[str]:
    """Sentences about runs that are no replicas of one polymer, then the warnings of each run with its name before."""
    polymers = list(dict.fromkeys(result["monomer_smiles"] for result in results))
    temperatures = {result["temperature_k"] for result in results}
    said = []
    if len(polymers) > 1:
        shown = ", ".join(map(str, polymers))
        said.append(f"the folders hold different polymers ({shown}); their mean has no meaning")
    if len(temperatures) > 1:
        said.append(f"the folders are at different temperatures ({', '.join(f'{t:g}' for t in temperatures)} K)")
    lengths = [r["length_ns"] for r in results if r.get("length_ns") and not r.get("censored")]
    if lengths and max(lengths) > (1 + UNEQUAL) * min(lengths):
        said.append(
            f"the runs are of unequal length ({min(lengths):.4g} to {max(lengths):.4g} ns), but each counts the same "
            "in the means"
        )
    said += notes(results)
    for name, result in zip(names, results, strict=True):
        for warning in result.get("warnings") or ():
            of_a_file = any(warning.startswith(str(path)) for path in paths)
            said.append(warning if of_a_file else f"{name}: {warning}")
    return list(dict.fromkeys(said))


def rows(name: str, properties: Given, warnings: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Rows of `COLUMNS`: the numbers of a record, each entry of a mapping as ``quantity[kind]``, and warnings."""
    found: list[tuple[Any, ...]] = [(name, *row, unit_of(row[0])) for row in numbers(properties)]
    for key, value in properties.items():
        if isinstance(value, Mapping) and not key.endswith("_sem"):
            errors = properties.get(f"{key}_sem") or {}
            found += [(name, f"{key}[{kind}]", v, errors.get(kind), unit_of(key)) for kind, v in value.items()]
    return found + [(name, "warning", without_formula(warning), None, "") for warning in warnings]
