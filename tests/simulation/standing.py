"""LAMMPS that stands still behind a checkpoint until it is killed: a test meets it there on a busy machine as well."""

from autodisco.simulation.engines.lammps_input import checkpoint_name
from autodisco.simulation.engines.timeline import Place


def standing_behind(script: str, place: Place) -> str:
    """The script, in which LAMMPS sends itself SIGSTOP once the checkpoint of a place is written."""
    written = f"shell mv checkpoint.part {checkpoint_name(place)}\n"
    assert script.count(written) == 1
    return script.replace(written, written + "shell 'kill -STOP $PPID'\n")
