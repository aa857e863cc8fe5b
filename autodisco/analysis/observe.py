"""One pass over a trajectory: its frames are read once and handed to the observables that are asked for."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autodisco.analysis.combination import SEM
from autodisco.analysis.frames import Settings
from autodisco.analysis.observable import Observable, Run, located, reason
from autodisco.analysis.observables import DEFAULT, OBSERVABLES
from autodisco.analysis.properties import Analysis, Properties, plain
from autodisco.analysis.quantities import add
from autodisco.analysis.trajectory import StartAgain, Trajectory, check_composition
from autodisco.errors import InputError


def observe(
    trajectory: Trajectory,
    settings: Settings | None = None,
    names: Sequence[str] = DEFAULT,
    progress: Callable[[int], None] | None = None,
    expendable: Sequence[str] = (),
) -> Analysis:
    """Read a trajectory once, from its first frame to its last.

    Parameters
    ----------
    names : of the observables. Of a box without ions, those that need ions are left out and their values are None
    progress : called with the number of frames read
    expendable : names of further observables. If one fails, its values are None and a warning says why

    Raises
    ------
    InputError
        For an unknown observable, a box with cations and no anions or the reverse, a trajectory without frames,
        coordinates that are not finite, or what an observable refuses.
    """
    chosen = settings or Settings()
    if trajectory.composition.species:
        check_composition(trajectory.source, trajectory.composition)
    kinds = {name: OBSERVABLES.get(name) for name in names}
    for kind in kinds.values():
        add(*kind.quantities)
    extra, left_out = _usable(name for name in expendable if name not in kinds)
    while True:
        run = Run(trajectory, chosen)
        with run.resources, contextlib.suppress(StartAgain):
            asked = {name: run.get(kind) for name, kind in _fitting(kinds, trajectory).items()}
            for kind in (more := _fitting(extra, trajectory)).values():
                run.make_expendable(kind)
            for chunk in trajectory.chunks(_frames_per_chunk(len(trajectory.composition.masses), chosen.memory_mb)):
                run.add(chunk)
                if progress:
                    progress(run.n_frames)
            if not run.n_frames:
                raise InputError(f"{trajectory.source}: holds no frame; did the run end before the first one?")
            results = {name: _result(name, observable) for name, observable in asked.items()}
            for name, kind in more.items():
                try:
                    results[name] = _result(name, run.unless_failed(kind))
                except Exception as error:
                    left_out[name] = reason(error)
            given = {name: run.get(kind) for name, kind in {**kinds, **extra}.items() if name in results}
            return Analysis(_properties(results, left_out, [*kinds.values(), *extra.values()]), run, given)


def _usable(names: Iterable[str]) -> tuple[dict[str, type[Observable]], dict[str, str]]:
    """Observables by name; and those that cannot be used, with the reason."""
    found, left_out = {}, {}
    for name in names:
        try:
            kind = OBSERVABLES.get(name)
            add(*kind.quantities)
        except InputError as error:
            left_out[name] = str(error)
        else:
            found[name] = kind
    return found, left_out


def _fitting(kinds: Mapping[str, type[Observable]], trajectory: Trajectory) -> Mapping[str, type[Observable]]:
    """The observables for this box, which may have no ions."""
    return {name: kind for name, kind in kinds.items() if trajectory.composition.species or not kind.needs_ions}


def _result(name: str, observable: Observable) -> tuple[dict[str, Any], list[str]]:
    """Values and warnings. Raises InputError for keys of other quantities, and for values that JSON does not know."""
    with located(type(observable)):
        given = {key: _known_error(key, plain(value)) for key, value in observable.result().items()}
        warnings = observable.warnings()
    if unknown := sorted(given.keys() - {key for entry in observable.quantities for key in entry.keys}):
        raise InputError(f"observable '{name}' gives {unknown[0]!r}, which is not a value of its quantities")
    for key, value in given.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise InputError(f"observable '{name}' gives {key!r} as {type(value).__name__}, not as a number") from None
    return given, warnings


def _known_error(key: str, value: Any) -> Any:
    """`value`, or None for an error of exactly zero: a number that never changed in a run does not show its error."""
    if not key.endswith(SEM):
        return value
    if isinstance(value, Mapping):
        return {kind: error or None for kind, error in value.items()}
    return value or None


def _properties(
    results: Mapping[str, tuple[dict[str, Any], list[str]]],
    left_out: Mapping[str, str],
    kinds: Sequence[type[Observable]],
) -> Properties:
    """The values of all observables, None of those that were not asked for or failed."""
    values = {key: value for given, _ in results.values() for key, value in given.items()}
    values["warnings"] = [sentence for _, warnings in results.values() for sentence in warnings]
    values["warnings"] += [f"observable '{name}' is left out: {why}" for name, why in left_out.items()]
    always = [OBSERVABLES.get(name) for name in DEFAULT]
    names = [entry.name for kind in (*always, *kinds) for entry in kind.quantities]
    return Properties(values, [*names, "warnings"])


def _frames_per_chunk(n_atoms: int, memory_mb: float) -> int:
    """Frames whose copies (as read, unwrapped, without drift, rearranged) fill half of the memory."""
    return max(1, min(500, int(memory_mb * 1e6 / 2 / (4 * 24 * n_atoms))))
