"""Which formats of files hold trajectories and which hold structures, and the errors for a file in the wrong place."""

from collections.abc import Mapping
from pathlib import Path

from autodisco.analysis.opening import known_format
from autodisco.errors import InputError

TRAJECTORIES = "LAMMPS dumps, XTC, TRR, DCD, NetCDF (.nc), GSD, H5MD, TRZ, XYZ, PDB with several models"
"""The usual formats of trajectories, for messages."""


def check_no_structure(formats: Mapping[Path, tuple[str, int]]) -> None:
    """Raise InputError for a single structure among trajectories, such as the topology of a second run.

    Parameters
    ----------
    formats : format, as MDAnalysis calls it, and number of frames of each file
    """
    import MDAnalysis

    moving = {form for form, n in formats.values() if n > 1}
    for path, (form, n) in formats.items():
        if moving and n == 1 and form not in moving and form in MDAnalysis._PARSERS:
            raise structure_among_trajectories(path)


def structure_among_trajectories(path: Path) -> InputError:
    """The error for a structure or topology where a trajectory is expected."""
    return InputError(
        f"{path}: a structure or topology among trajectories; a second run begins with a +, as in TOPOLOGY TRAJECTORY "
        "+ TOPOLOGY TRAJECTORY"
    )


def topology_alone(path: Path) -> InputError:
    """The error for a topology without a trajectory."""
    return InputError(f"{path}: a topology alone; name a trajectory after it")


def is_topology_only(path: Path) -> bool:
    """Whether files with the suffix of `path` hold a topology and no positions, such as PSF and TOP."""
    import MDAnalysis

    form = _by_name(path)
    return form in MDAnalysis._PARSERS and form not in MDAnalysis._READERS


def unreadable(path: Path, error: Exception) -> InputError:
    """The error for a file that MDAnalysis cannot read as a trajectory."""
    import MDAnalysis

    if is_topology_only(path):
        return structure_among_trajectories(path)
    if _by_name(path) not in MDAnalysis._READERS and known_format(path) is None:
        return InputError(f"{path}: no known format of trajectories; these are read: {TRAJECTORIES}")
    said = " ".join(str(error).split())[:120]
    return InputError(f"{path}: MDAnalysis cannot read this ({type(error).__name__}: {said})")


def _by_name(path: Path) -> str:
    """MDAnalysis' name of the format by the suffix; empty without one."""
    from MDAnalysis.lib.util import guess_format

    try:
        return str(guess_format(str(path)))
    except (TypeError, ValueError):
        return ""
