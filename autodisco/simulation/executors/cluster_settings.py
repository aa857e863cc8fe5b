"""Options of the executor `psij`: the table [executor.options] of a campaign file."""

from typing import Any, Literal

import pydantic

from autodisco.errors import InputError
from autodisco.section import AboveZero, Amount, Count, Positive, Section, error_sentence

OPTIONS = "executor.options"
SCHEDULERS = ("slurm", "pbs", "pbs_classic", "lsf")


class ClusterSettings(Section):
    """A batch system, and the pilots that it runs."""

    scheduler: Literal["slurm", "pbs", "pbs_classic", "lsf"] = "slurm"
    """Batch system; only Slurm is tested."""
    partition: str = ""
    """Partition or queue of the batch system; empty for its default."""
    account: str = ""
    """Account that pays for the jobs; empty for the default."""
    walltime_minutes: Positive = 240
    """Time limit of a pilot. A replica that does not fit goes on in the next one from its checkpoint."""
    pilots: Positive = 4
    """Pilots in the queue or running at most."""
    slots: Positive = 8
    """Replicas that a pilot runs at a time; it asks for so many times `simulation.threads` cores."""
    gpus: Count = 0
    """GPUs of a pilot, shared evenly by its slots."""
    directives: dict[str, str] = {}
    """Further options of the batch system by their long names, such as `mem = "16G"` or `qos = "long"`."""
    environment: list[str] = []
    """Lines of the shell that a pilot runs first, such as `module load cuda`."""
    container: str = ""
    """Command before that of a pilot, such as `apptainer exec --nv autodisco.sif`; empty for none."""
    python: str = ""
    """Python interpreter with autodisco on the nodes (in the container, if there is one); empty for the one that runs
    the campaign."""
    queue: str = "queue"
    """Folder of tasks and pilots, on a disk that all nodes see; relative to the folder of the campaign in
    `simulation.folder`, or to the campaign folder without one."""
    idle_minutes: Amount = 5.0
    """A pilot without work ends after this time."""
    warning_seconds: Positive = 120
    """How long before its end a pilot has replicas write a checkpoint, and gives them back."""
    look_seconds: AboveZero = 30.0
    """Time between two questions to the batch system."""
    runner: str = "local"
    """Executor with which a pilot runs its replicas: a name, or `path/to/file.py:object`."""


def cluster_settings(options: dict[str, Any]) -> ClusterSettings:
    """The options in force. Raises InputError, in one line, for an unknown key or a value that is not allowed."""
    try:
        given = ClusterSettings.model_validate(options)
    except pydantic.ValidationError as error:
        key = f"{OPTIONS}.{error.errors()[0]['loc'][0]}"
        raise InputError(error_sentence(error, within=OPTIONS), key) from None
    if given.warning_seconds >= 30 * given.walltime_minutes:
        allowed, key = 30 * given.walltime_minutes - 1, f"{OPTIONS}.warning_seconds"
        raise InputError(
            f"{key} = {given.warning_seconds}: allowed is at most {allowed}, below half of walltime_minutes", key
        )
    return given
