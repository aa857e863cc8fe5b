"""Whether this machine has a batch system, and whether pilots can be submitted from here."""

import shutil
import subprocess
from importlib import metadata

from autodisco.text import joined

COMMANDS = {
    "slurm": ("sbatch", "squeue", "scancel", "scontrol"),
    "pbs": ("qsub", "qstat", "qdel"),
    "lsf": ("bsub", "bjobs", "bkill"),
}
"""Commands of batch systems: that which submits, that which tells of jobs, the others."""
NONE = "none (not needed)"
"""What is found where there is no batch system."""
ANSWER_S = 20.0
NOT_SET_UP = "Could not establish a configuration source"
"""What Slurm says where its programs are installed and no cluster is."""


def batch_system() -> tuple[bool, str]:
    """Whether all is well: there is no batch system, or pilots can be submitted to it; and what was found, in words."""
    found = [name for name, commands in COMMANDS.items() if shutil.which(commands[0])]
    if not found:
        return True, NONE
    missing = [command for command in COMMANDS[found[0]] if shutil.which(command) is None]
    if missing:
        return False, f"{found[0]}, but {joined(missing)} cannot be found"
    try:
        psij = metadata.version("psij-python")
    except metadata.PackageNotFoundError:
        return False, f"{found[0]}; for executor psij: pip install 'autodisco[cluster]'"
    try:
        asked = subprocess.run(COMMANDS[found[0]][1:2], capture_output=True, text=True, timeout=ANSWER_S)
    except subprocess.TimeoutExpired:
        return False, f"{found[0]}: {COMMANDS[found[0]][1]} does not answer within {ANSWER_S:.0f} s"
    if asked.returncode:
        said = (asked.stderr or asked.stdout).strip().splitlines() or ["no message"]
        return NOT_SET_UP in said[-1], f"{found[0]}: {said[-1]}"
    return True, f"{found[0]}, which answers; PSI/J {psij}"
