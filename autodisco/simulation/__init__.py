"""From a repeat unit to a trajectory and its properties."""

from autodisco.simulation.executors import LocalExecutor
from autodisco.simulation.replica import ReplicaOutcome, ReplicaTask, run_replica

__all__ = ["LocalExecutor", "ReplicaOutcome", "ReplicaTask", "run_replica"]
