"""Runs a protocol with any engine: legs, gates and extensions, early stop, progress, restarts."""

from collections.abc import Callable
from pathlib import Path

from autodisco.errors import AskedToEnd
from autodisco.simulation import equilibration
from autodisco.simulation.engines.engine import DamagedCheckpoint, Engine
from autodisco.simulation.engines.timeline import Place, Plan, Timeline
from autodisco.simulation.progress import OnProgress
from autodisco.simulation.protocols import Protocol


def run(
    engine: Engine,
    folder: Path,
    protocol: Protocol,
    on_progress: OnProgress | None = None,
    timestep_scale: float = 1.0,
    enough: Callable[[float], bool] | None = None,
) -> list[float]:
    """Run what `engine` wrote into `folder` to its end, or what is left of it; returns the edges (Å) of the box.

    A step with `extend_up_to` is judged when its legs are run, and run again while it is not at rest. After each leg
    of production, `enough` is told its length in ps and says whether the trajectory so far will do. `on_progress` is
    told the kind of the step and the fraction of the protocol that is done.

    Checkpoints are kept. Raises SimulationFailure (`nan`, `no-disk`, `box-too-small`, `engine-crash`), or EngineKilled
    if a signal from outside ended the engine or frames are missing at the end; the run begins again then.
    """
    timeline = Timeline(protocol, timestep_scale)
    reached: Place | None = None
    while True:
        start = engine.last_place(folder, timeline) or reached
        if start is None:
            _remove_stale(folder)
        gate = equilibration.next_gate(folder, protocol, start.step if start else 0)
        plan = Plan(timeline, start, equilibration.extensions(folder, protocol), gate)
        try:
            reached, is_over = _run_plan(engine, folder, plan, on_progress, enough)
        except DamagedCheckpoint:
            reached = None
            continue
        if gate is None:
            break
        equilibration.judge(folder, gate)
    return engine.finish(folder, timeline, reached if is_over else None)


def _run_plan(
    engine: Engine,
    folder: Path,
    plan: Plan,
    on_progress: OnProgress | None,
    enough: Callable[[float], bool] | None,
) -> tuple[Place | None, bool]:
    """Run the legs of a plan; returns how far the run is, and whether that is enough before its end."""
    tell = _progress(folder, plan.timeline, on_progress)
    reached = plan.start
    engine.start(folder, plan, tell)
    try:
        for leg in plan.legs:
            if reached is not None and reached >= leg.place and plan.total(leg.step):
                continue  # an engine may run ahead
            reached = engine.run_leg(leg)
            if enough and _may_stop(folder, plan.timeline, reached):
                step = plan.timeline.protocol.production
                if enough(reached.done * plan.timeline.timestep_fs(step) / 1000):
                    return reached, True
    except AskedToEnd:
        engine.save()
        raise
    finally:
        engine.stop()
    return reached, False


def _may_stop(folder: Path, timeline: Timeline, reached: Place) -> bool:
    """Whether a run is inside production. The parts of an interrupted one are joined at its end only."""
    inside = timeline.is_production(reached) and reached.done < timeline.production
    return inside and not list(folder.glob("trajectory-*.dcd"))


def _progress(folder: Path, timeline: Timeline, on_progress: OnProgress | None) -> Callable[[Place, int], None]:
    """What turns a place into the kind of the step and the fraction of the protocol that is done."""
    steps = timeline.protocol.steps
    durations = equilibration.durations_ps(folder, timeline.protocol)

    def tell(place: Place, grown: int) -> None:
        if on_progress:
            step = steps[place.step]
            lasted = place.done * timeline.timestep_fs(step) / 1000
            done = sum(durations[: place.step]) + min(lasted, durations[place.step])
            on_progress(step.kind, done / sum(durations), grown)

    return tell


def _remove_stale(folder: Path) -> None:
    """Remove what an earlier run left that cannot be used."""
    for stale in ("report.txt", *(file.name for file in folder.glob("trajectory*.dcd")), equilibration.FILE):
        (folder / stale).unlink(missing_ok=True)
