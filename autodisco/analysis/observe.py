"""One pass over a trajectory: its frames are read once and handed to the observables that are asked for."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from autodisco.analysis.frames import Settings
from autodisco.analysis.observable import Observable, Run, located
from autodisco.analysis.observables import DEFAULT, OBSERVABLES
from autodisco.analysis.properties import Analysis, Properties
from autodisco.analysis.quantities import add
from autodisco.analysis.trajectory import StartAgain, Trajectory, check_composition
from autodisco.errors import InputError


def observe(
    trajectory: Trajectory,
    settings: Settings | None = None,
    names: Sequence[str] = DEFAULT,
    progress: Callable[[int], None] | None = None,
) -> Analysis:
    """Read a trajectory once, from its first frame to its last.

    Parameters
    ----------
    names : of the observables. Of a box without ions, those that need ions are left out and their values are None
    progress : called with the number of frames read

    Raises
    ------
    InputError
        For an unknown observable, a box with cations and no anions or the reverse, a trajectory without frames,
        coordinates that are not finite, or what an observable refuses.
    """
    chosen = settings or Settings()
    if trajectory.composition.species:
        check_composition(trajectory.source, trajectory.composition)
    kinds = dict(zip(names, map(OBSERVABLES.get, names), strict=True))
    for kind in kinds.values():
        add(*kind.quantities)
    while True:
        run = Run(trajectory, chosen)
        with run.resources, contextlib.suppress(StartAgain):
            asked = {
                n: run.get(kind) for n, kind in kinds.items() if trajectory.composition.species or not kind.needs_ions
            }
            for chunk in trajectory.chunks(_frames_per_chunk(len(trajectory.composition.masses), chosen.memory_mb)):
                run.add(chunk)
                if progress:
                    progress(run.n_frames)
            if not run.n_frames:
                raise InputError(f"{trajectory.source}: holds no frame")
            return Analysis(_properties(asked, kinds), run, asked)


def _properties(asked: dict[str, Observable], kinds: dict[str, type[Observable]]) -> Properties:
    """The values of all observables, None of those that were not asked for."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for name, observable in asked.items():
        with located(type(observable)):
            given = dict(observable.result())
            warnings += observable.warnings()
        keys = {key for entry in observable.quantities for key in entry.keys}
        if unknown := sorted(given.keys() - keys):
            raise InputError(f"observable '{name}' gives {unknown[0]!r}, which is not a value of its quantities")
        values |= given
    values["warnings"] = warnings
    always = [OBSERVABLES.get(name) for name in DEFAULT]
    names = [entry.name for kind in (*always, *kinds.values()) for entry in kind.quantities]
    return Properties(values, [*names, "warnings"])


def _frames_per_chunk(n_atoms: int, memory_mb: float) -> int:
    """Frames whose copies (as read, unwrapped, without drift, rearranged) fill half of the memory."""
    return max(1, min(500, int(memory_mb * 1e6 / 2 / (4 * 24 * n_atoms))))
