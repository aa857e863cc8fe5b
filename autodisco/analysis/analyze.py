"""One call from files to transport properties; readers and kernels are imported when it is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.analysis.conventions import joins_of
from autodisco.analysis.properties import Analysis
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.analysis.frames import Settings
    from autodisco.analysis.trajectory import Trajectory

# Å. No cation touches an anion, or a coordinating atom, below 1 Å (O–H is 0.96, Li–F 1.6): such a cutoff is in nm. The
# images in a box grow with the cube of a cutoff.
SHORTEST_CUTOFF, LONGEST_CUTOFF = 1.0, 20.0


def analyze(
    source: str | Path,
    *trajectories: str | Path,
    cation: str | Sequence[str] = (),
    anion: str | Sequence[str] = (),
    coordinating: str | None = None,
    cation_charge: float | Sequence[float] | None = None,
    anion_charge: float | Sequence[float] | None = None,
    temperature_k: float | None = None,
    dt_ps: float | None = None,
    mode: str = "default",
    cluster_cutoff: float | None = None,
    cluster_joins: str | Sequence[str] | None = None,
    coordination_cutoff: float | None = None,
    fit_ps: tuple[float, float] | None = None,
    memory_mb: float = 256.0,
    threads: int = 1,
    progress: Callable[[int, int | None], None] | None = None,
    observables: Sequence[str] = (),
    expendable: Sequence[str] = (),
) -> Analysis:
    """Transport properties of a trajectory. It is read once, and memory does not grow with its length.

    Parameters
    ----------
    source, trajectories : a replica folder (``system.json``), an HTP-MD folder (``meta.json``), or a topology and its
        trajectories: LAMMPS text dumps (plain, gzip, zstd; also without a topology), and all that MDAnalysis reads
    cation, anion : for files: MDAnalysis selections of the ions, one per species; the centre of mass of the selected
        atoms of a molecule is the position of the ion
    coordinating : for files: selection of the atoms that hold cations, of anions and of the others; without it the N,
        O and S of anions (halogens where they have none, then P) and the N, O, S and P of the others
    cation_charge, anion_charge : for files: in e, one for all species or one each; 1 and -1 without them
    temperature_k : needed for files, instead of the stated one for folders
    dt_ps : time between frames, where the files do not tell
    mode : ``default``, or ``htp-md`` for the conventions of that database
    cluster_cutoff, coordination_cutoff : Å; 3.4 and 2.8, or what the folder states, where none is given
    cluster_joins : the pairs of ions that a contact within the cluster cutoff joins: ``cation-anion`` (without any),
        ``anion-anion``, ``cation-cation``; without any in the mode ``htp-md``, all three
    fit_ps : lags (ps) over which displacements are fitted; else those the folder states, or the diffusive ones
    memory_mb, threads : approximate memory for frames and displacements; threads of the kernels
    progress : called with the number of frames read and of all frames (None if unknown)
    observables, expendable : names of further observables, or ``path/to/file.py:Class``, beside those of the mode; if
        an expendable one fails, its values are None and a warning says why

    Raises
    ------
    InputError
        When something is missing, broken, too short or impossible; the message says what is expected.
    """
    joins = joins_of(mode, cluster_joins)
    _check_positive(temperature=temperature_k, dt=dt_ps, memory=memory_mb, threads=threads)
    _check_cutoffs(cluster_cutoff=cluster_cutoff, coordination_cutoff=coordination_cutoff)
    ions = _Ions(_several(cation), _several(anion), coordinating, cation_charge, anion_charge)
    trajectory = _read([Path(path) for path in (source, *trajectories)], ions, temperature_k, dt_ps, mode)
    trajectory = replace(trajectory, fit_ps=fit_ps or trajectory.fit_ps)
    cluster, shell = cluster_cutoff or trajectory.cluster_cutoff, coordination_cutoff or trajectory.coordination_cutoff
    from autodisco.analysis.frames import Settings

    settings = Settings(cluster, shell, memory_mb, threads, joins, mode)
    return _observed(trajectory, settings, observables, expendable, progress)


def _check_positive(**values: float | None) -> None:
    """Raise InputError for a value that is not a positive number."""
    for key, value in values.items():
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{key.replace('_', ' ')} is {value}; a positive number expected")


def _check_cutoffs(**cutoffs: float | None) -> None:
    """Raise InputError for a length (Å) that is not between `SHORTEST_CUTOFF` and `LONGEST_CUTOFF`."""
    _check_positive(**cutoffs)
    for key, value in cutoffs.items():
        name = key.replace("_", " ")
        if value is not None and value > LONGEST_CUTOFF:
            raise InputError(f"{name} is {value:g}; a length of {LONGEST_CUTOFF:g} Å at most expected")
        if value is not None and value < SHORTEST_CUTOFF:
            raise InputError(
                f"{name} is {value:g}; in Å, a length of {SHORTEST_CUTOFF:g} or more expected ({value:g} nm are "
                f"{10 * value:g} Å)"
            )


def _observed(
    trajectory: Trajectory,
    settings: Settings,
    observables: Sequence[str],
    expendable: Sequence[str],
    progress: Callable[[int, int | None], None] | None,
) -> Analysis:
    from autodisco.analysis.observables import OF_MODE
    from autodisco.analysis.observe import observe

    if not trajectory.composition.species and settings.mode == "htp-md":
        raise InputError(f"{trajectory.source}: holds no ions, which the mode htp-md is about; leave --htp-md out")
    told = (lambda n: progress(n, trajectory.n_frames)) if progress else None
    names = dict.fromkeys([*OF_MODE[settings.mode], *observables])
    return observe(trajectory, settings, tuple(names), told, expendable)


@dataclass(frozen=True)
class _Ions:
    """Which atoms of files are ions, as `analyze` takes it; empty and None for folders."""

    cation: tuple[str, ...]
    anion: tuple[str, ...]
    coordinating: str | None
    cation_charge: float | Sequence[float] | None
    anion_charge: float | Sequence[float] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        charged = self.cation_charge is not None or self.anion_charge is not None
        return not (self.cation or self.anion or self.coordinating or charged)


def _read(
    paths: Sequence[Path], ions: _Ions, temperature_k: float | None, dt_ps: float | None, mode: str
) -> Trajectory:
    """The trajectory in a folder, or in a topology and its trajectories. Raises InputError as `analyze` does."""
    from autodisco.analysis.readers import read_folder
    from autodisco.analysis.selections import Selections, read_selected

    first, *others = paths
    if not first.exists():
        raise InputError(f"{first}: no such file or folder")
    if first.is_dir():
        known = any((first / name).is_file() for name in ("system.json", "meta.json"))
        if known and (others or dt_ps or not ions.is_empty):
            raise InputError(
                f"{first}: a folder says itself what its atoms are; selections, charges and dt are for files"
            )
        return read_folder(first, temperature_k, single=mode == "htp-md")
    if not (ions.cation and ions.anion):
        raise InputError(f"{first}: say which atoms are ions with --cation and --anion, such as --cation 'type 1'")
    if temperature_k is None:
        raise InputError(f"{first}: the temperature is needed: --temperature, in K")
    chosen = Selections(
        ions.cation,
        ions.anion,
        _several(1.0 if ions.cation_charge is None else ions.cation_charge),
        _several(-1.0 if ions.anion_charge is None else ions.anion_charge),
        ions.coordinating,
    )
    return read_selected(first, others, chosen, temperature_k, dt_ps)


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
