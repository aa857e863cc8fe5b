"""Simulating a list of polymers or formulations outside a campaign: one folder and one seed rule for every caller.

Replica r of each gets the seed spawned from (seed; r, attempt), so that more replicas later extend the same
set, and what a folder already holds is not run again.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autodisco.errors import InputError
from autodisco.polymer import RepeatUnit
from autodisco.registry import absolute, label
from autodisco.simulation import engines, forcefield, protocols
from autodisco.simulation.cache import lasting_outcome
from autodisco.simulation.claims import was_begun
from autodisco.simulation.contents import composition
from autodisco.simulation.executors import Callbacks, OnSubmit, Pool, load_executor
from autodisco.simulation.formulation import Formulation, of
from autodisco.simulation.task import RETRY, ReplicaOutcome, ReplicaTask, mending

Subject = RepeatUnit | Formulation

ATTEMPTS = 2


def builds_folder(
    root: Path, subject: Subject, protocol_name: str, seed: int, engine: str, force_field: str = forcefield.DEFAULT
) -> Path:
    """Folder of the builds of a polymer or formulation, one folder each.

    Its name ends in engine and force field where they are not the default ones. Raises InputError if one of them is in
    a file that cannot be read.
    """
    parts = ((engine, engines.DEFAULT), (force_field, forcefield.DEFAULT))
    added = [label(name) for name, default in parts if name != default]
    return root.absolute() / subject.key / protocol_name / "-".join([f"seed-{seed}", *added])


def replica_task(
    subject: Subject,
    protocol: str,
    force_field: str,
    replica: int,
    attempt: int,
    seed: int,
    root: Path,
    timeout_s: float,
    engine: str = "auto",
    half_step: bool = False,
    larger_box: bool = False,
) -> ReplicaTask:
    """The task of one replica, in its folder; `protocol` is a name or a path."""
    engine = engines.resolved(engine)
    loaded = protocols.load(protocol)
    if loaded.measured:
        raise InputError(f"protocol {loaded.name} is of measured values, which campaigns ask for; it is not simulated")
    mixture = of(subject)
    unit = mixture.homopolymer
    drawn = np.random.SeedSequence(seed, spawn_key=(replica, attempt)).generate_state(1)[0]
    return ReplicaTask(
        key=subject.key,
        monomer_smiles=unit.smiles if unit else mixture.title,
        replica=replica,
        seed=int(drawn >> 1),
        protocol=loaded.name
        if loaded.name.partition("@")[0] in protocols.shipped()
        else str(Path(protocol).absolute()),
        force_field=absolute(force_field, Path.cwd()),
        folder=builds_folder(root, subject, loaded.name, seed, engine, force_field) / str(replica),
        timeout_s=timeout_s,
        attempt=attempt,
        engine=engine,
        half_step=half_step,
        larger_box=larger_box,
        formulation=None if unit else mixture,
    )


def simulate_batch(
    subjects: Iterable[Subject],
    protocol: str,
    force_field: str,
    replicas: int | Mapping[str, int],
    root: Path,
    seed: int = 1,
    workers: int = 0,
    timeout_s: float = 1800.0,
    engine: str = "auto",
    threads: int = 1,
    on_start: Callable[[ReplicaTask], None] = lambda task: None,
    on_done: Callable[[ReplicaTask, ReplicaOutcome], None] = lambda task, outcome: None,
    on_progress: Callable[[], None] = lambda: None,
    executor: str = "local",
    on_submit: OnSubmit = lambda task, handle, claim: None,
) -> dict[str, dict[int, ReplicaOutcome]]:
    """Run `replicas` builds of each subject, or the number beside its key; returns the last outcome of each build
    by polymer key and replica.

    First builds come before second ones. A build that fails is started once more in the way that mends its failure
    code. Raises InputError for a protocol or an executor that does not exist and as `composition` does, AutodiscoError
    if the engine is missing.
    """
    engine = engines.resolved(engine)
    engines.load(engine).check()
    by_key = {subject.key: subject for subject in subjects}
    loaded = protocols.load(protocol)
    engines.check_steps(engine, loaded)
    system = loaded.system
    for subject in by_key.values():
        if isinstance(subject, Formulation):  # wrong input, which a worker would report as a crash
            composition(subject, system)
    outcomes: dict[str, dict[int, ReplicaOutcome]] = {key: {} for key in by_key}

    def task(key: str, replica: int, attempt: int, **mended: bool) -> ReplicaTask:
        return replica_task(
            by_key[key], protocol, force_field, replica, attempt, seed, root, timeout_s, engine, **mended
        )

    def done(finished: ReplicaTask, outcome: ReplicaOutcome) -> ReplicaTask | None:
        on_done(finished, outcome)
        outcomes[finished.key][finished.replica] = outcome
        if outcome.ok or outcome.failure_code not in RETRY or finished.attempt + 1 == ATTEMPTS:
            return None
        return task(finished.key, finished.replica, finished.attempt + 1, **mending(outcome.failure_code))

    def first(key: str, replica: int) -> ReplicaTask:
        """The attempt that has its outcome already or can go on, the last one first, or attempt 0."""
        ways = [mending(code) for code in RETRY]
        attempts = (task(key, replica, n, **way) for n in reversed(range(1, ATTEMPTS)) for way in ways)
        started = (later for later in attempts if lasting_outcome(later) or was_begun(later))
        return next(started, task(key, replica, 0))

    wanted = replicas if isinstance(replicas, Mapping) else dict.fromkeys(by_key, replicas)
    tasks = [first(key, n) for n in range(max(wanted.values(), default=0)) for key in by_key if n < wanted[key]]
    pool = Pool(load_executor(executor, workers, threads, engine=engine))
    pool.run(tasks, Callbacks(on_start=on_start, on_submit=on_submit, on_done=done, on_progress=on_progress))
    return outcomes


def values(outcomes: Mapping[int, ReplicaOutcome]) -> list[dict[str, Any]]:
    """Properties of the builds that have a value, by replica."""
    return [outcome.properties for _, outcome in sorted(outcomes.items()) if outcome.ok and outcome.properties]


def failures(outcomes: Mapping[int, ReplicaOutcome]) -> list[dict[str, Any]]:
    """``replica``, ``code`` and ``detail`` of the builds that have none."""
    return [
        {"replica": replica, "code": outcome.failure_code, "detail": outcome.detail}
        for replica, outcome in sorted(outcomes.items())
        if not outcome.ok
    ]
