"""From a formulation to a trajectory and its properties.

The names below are imported when one is used for the first time: what only types a molecule does without executors.
"""

from typing import TYPE_CHECKING

from autodisco.lazy import lazy_names

if TYPE_CHECKING:
    from autodisco.simulation.executors import Callbacks, LocalExecutor, Pool
    from autodisco.simulation.replica import run_replica
    from autodisco.simulation.task import ReplicaOutcome, ReplicaTask
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "executors": ("Callbacks", "LocalExecutor", "Pool"),
            "replica": ("run_replica",),
            "task": ("ReplicaOutcome", "ReplicaTask"),
        },
    )

__all__ = ["Callbacks", "LocalExecutor", "Pool", "ReplicaOutcome", "ReplicaTask", "run_replica"]
