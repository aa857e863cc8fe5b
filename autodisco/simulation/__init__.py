"""From a repeat unit to a trajectory and its properties."""

from autodisco.simulation.executors import LocalExecutor, Pool
from autodisco.simulation.replica import ReplicaOutcome, ReplicaTask, run_replica

__all__ = ["LocalExecutor", "Pool", "ReplicaOutcome", "ReplicaTask", "run_replica"]
