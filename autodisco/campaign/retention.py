"""What a running campaign keeps on the disk: trajectories (`simulation.keep`), folders of failed replicas, models.

Files go beside the other work, a few at a time, once the database says that nothing waits for them: replicas that have
ended, and models from which nothing is drawn any more. Replicas that wait, run or were chosen ahead are not touched.
What is removed is counted in the database, and journalled every now and then.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from autodisco.campaign.campaign import Campaign
from autodisco.campaign.clean import (
    FREED,
    IONS,
    TRAJECTORY,
    clean_replica,
    count_freed,
    finish_removal,
    note_freed,
    size_of,
)
from autodisco.campaign.shared import absence, shared_folder
from autodisco.decide import Standings
from autodisco.store import Store
from autodisco.text import counted

AT_ONCE_S = 1.0
"""How long one call works (seconds); calls are some seconds apart."""

NOTED_EVERY_S = 600.0
"""Between two entries of the journal (seconds)."""

PAUSE_S = 60.0
"""Before another try after an error of the disk, and before the next look where there is nothing to do (seconds)."""

FEW = 10
"""Replicas that one look at the database names."""

DAMAGED, FAILED_UNTIL = "not_cleaned", "failed_removed_until"
"""Facts of a campaign: folders of replicas that cannot be cleaned; when the last failed replica ended whose folder was
removed."""

MODELS_GONE = "models_removed"
"""Fact of a campaign: numbers of the models that were removed on purpose."""

DAY_S = 86_400.0


class Retention:
    """Removes what the settings do not keep; called again and again beside other work."""

    def __init__(self, campaign: Campaign, store: Store):
        self._campaign, self._store = campaign, store
        self._due, self._seen = 0.0, (-1, "")
        self._noted = time.monotonic()

    def __call__(self) -> None:
        """Remove some of it, if there is something to do."""
        settings, now = self._campaign.settings.simulation, time.monotonic()
        if settings.keep == "all" and not settings.keep_failed_days and not self._store.get(FREED):
            return
        seen = (self._store.simulations_done(), settings.keep)
        if seen != self._seen or now >= self._due:
            finished = self._remove(now + AT_ONCE_S)
            self._seen, self._due = (seen, time.monotonic() + PAUSE_S) if finished else ((-1, ""), 0.0)
        if now - self._noted >= NOTED_EVERY_S:
            self._note()

    def finish(self, stop: Callable[[], bool]) -> None:
        """Remove all of it, unless it is told to stop."""
        while not (self._remove(time.monotonic() + AT_ONCE_S) or stop()):
            pass
        self._note()

    def _remove(self, until: float) -> bool:
        """Remove some of it; False where time is up before all is done."""
        shared = shared_folder(self._campaign.settings)
        if shared and absence(shared):
            return True
        try:
            with self._store.present():
                return self._trajectories(until) and self._failed(until)
        except OSError:  # the disk is full or fails, which stages tell of
            return True

    def _trajectories(self, until: float) -> bool:
        """Clean replicas with a value; False where time is up before all are done."""
        keep, store = self._campaign.settings.simulation.keep, self._store
        finish_removal(store)
        names = {"all": (), "ions": (TRAJECTORY,), "none": (TRAJECTORY, IONS)}[keep]
        for name in names:
            while found := store.recorded_named(name, FEW, store.get(DAMAGED) or ()):
                for path in found:
                    self._clean(path, keep)
                    if time.monotonic() >= until:
                        return False
        return True

    def _clean(self, trajectory: Path, keep: str) -> None:
        store, folder = self._store, trajectory.parent
        try:
            if not trajectory.is_file():
                raise ValueError(f"{trajectory.name} is missing")
            clean_replica(store, folder, keep)
        except (ValueError, EOFError) as error:
            with store.transaction():
                store.set(**{DAMAGED: [*(store.get(DAMAGED) or []), store.place(folder)]})
                store.note("not cleaned", store.place(folder), {}, "leave it as it is", str(error))

    def _failed(self, until: float) -> bool:
        """Remove folders of replicas that failed long ago; False where time is up before."""
        store = self._store
        if not (days := self._campaign.settings.simulation.keep_failed_days):
            return True
        while rows := store.failed_between(store.get(FAILED_UNTIL, 0.0), time.time() - days * DAY_S, FEW):
            for row in rows:
                folder = store.replica_folder(row.key, row.protocol, row.replica)
                freed, there = size_of(folder), folder.is_dir()
                if there:
                    shutil.rmtree(folder)
                with store.transaction():
                    store.set(**{FAILED_UNTIL: row.ended})
                    if there:
                        count_freed(store, freed, "failed replicas")
                if time.monotonic() >= until:
                    return False
        return True

    def _note(self) -> None:
        self._noted, settings = time.monotonic(), self._campaign.settings.simulation
        failed = f", and failed replicas for {settings.keep_failed_days:g} days" if settings.keep_failed_days else ""
        note_freed(self._store, f"keep {settings.keep} of the trajectories{failed}", "as the settings ask for")


def removed_models(store: Store) -> set[int]:
    """Numbers of the models that were removed on purpose and have not been trained again."""
    recorded = {row.path for row in store.files()}
    paths = {model.iteration: model.path for model in store.models()}
    return {number for number in store.get(MODELS_GONE) or () if paths.get(number) not in recorded}


def remove_models(campaign: Campaign, store: Store) -> None:
    """Remove the models that `loop.keep_models` does not keep, once in each iteration.

    The present and the next iterations need the last two, and `warm_start` the last one. Those from which one of the
    best polymers was drawn stay as well. A removed model can be trained again from its training set.
    """
    number, iteration = campaign.settings.loop.keep_models, store.get("iteration", 0)
    gone = removed_models(store)
    for model in gone:  # a process was killed before it removed the file
        campaign.model_path(model).unlink(missing_ok=True)
    if not number or iteration < 1:
        return
    models = {row.iteration for row in store.models()} - gone
    kept = {store.model_of(n) for n in (iteration, iteration + 1)} | set(sorted(models)[-number:])
    if not models - kept:
        return
    found = store.generated()
    best = [key for key in Standings(store).keys if key in found][: campaign.settings.surrogate.best]
    kept |= {store.model_of(found[key]) for key in best}
    if not (removed := sorted(models - kept)):
        return
    paths = [campaign.model_path(model) for model in removed]
    freed = sum(path.stat().st_size for path in paths if path.is_file())
    with store.transaction():
        for path in paths:
            store.forget_file(path)
        store.set(**{MODELS_GONE: sorted(gone | set(removed))})
        decided, why = (
            f"keep the last {counted(number, 'model')} and those of the best polymers",
            "as the settings ask for",
        )
        store.note("models removed", f"iteration {iteration}", {"models": removed, "bytes": freed}, decided, why)
    for path in paths:
        path.unlink(missing_ok=True)
