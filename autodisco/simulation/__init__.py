"""From a formulation to a trajectory and its properties."""

from autodisco.simulation.executors import Callbacks, LocalExecutor, Pool
from autodisco.simulation.replica import run_replica
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask

__all__ = ["Callbacks", "LocalExecutor", "Pool", "ReplicaOutcome", "ReplicaTask", "run_replica"]
