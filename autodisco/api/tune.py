"""A search for the settings of the generator that suit a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.api.train import read_data
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.generator.base import Progress
    from autodisco.generator.tune import Search, Space


def tune(
    file: str | Path,
    over: Space,
    out: str | Path,
    *,
    settings: str | Path | None = None,
    search: str = "grid",
    trials: int = 20,
    objective: str | None = None,
    draws: int = 1000,
    judge: float = 0.2,
    top_fraction: float = 0.05,
    seed: int = 1,
    progress: Callable[[str], None] = lambda line: None,
    watch: Progress | None = None,
) -> Search:
    """Find settings of the generator that suit a data set. After an interruption, the same call continues.

    The folder gets the trials as a table and a plot, the models, and the best setting as TOML.

    Parameters
    ----------
    file, settings, judge, top_fraction, progress, watch : as `autodisco.train` takes them
    over : settings to vary: lists of values, or an `autodisco.generator.tune.Range`
    out : folder of the search
    search : ``grid`` (every combination) or ``bayes``
    trials : number of trials of a Bayesian search
    objective : score to maximise; by default ``new_above_border``, without `judge` ``valid_unique_novel``
    draws : strings that are drawn to score a trial
    seed : of training and drawing, the same for all trials

    Raises InputError for a setting, value, search or score that cannot be used, and for a folder of another search.
    """
    from autodisco.campaign.settings_file import read_generator
    from autodisco.generator.tune import Search

    if search not in ("grid", "bayes"):
        raise InputError(f"search = {search!r}: choose grid or bayes")
    chosen, folder = read_generator(Path(settings) if settings else None, {}), Path(out)
    _check_space(over, chosen.kind)
    data, scores = read_data(Path(file), top_fraction, judge, seed)
    objective = objective or ("new_above_border" if judge else "valid_unique_novel")
    if objective not in (there := scores([])):
        raise InputError(f"objective = {objective!r}: choose one of {', '.join(there)}")
    found = Search(folder, data.rows, over, chosen, lambda strings: scores(list(strings)), objective, draws, seed)
    if found.trials:
        progress(f"{folder}: {len(found.trials)} trials were already done")
    _run(found, trials if search == "bayes" else None, progress, watch)
    _write_best(found, folder)
    return found


def _run(found: Search, trials: int | None, progress: Callable[[str], None], watch: Progress | None) -> None:
    """Run what is left of a Bayesian search of so many trials, or of a grid."""
    left = found.grid() if trials is None else []
    total = len(found.trials) + len(left) if trials is None else trials
    for values in left if trials is None else found.proposals(trials):
        trial = found.run(values, watch)
        setting = ", ".join(f"{name} {short(value)}" for name, value in values.items())
        score = f"{found.objective} {short(trial.scores[found.objective])}"
        progress(f"trial {len(found.trials)} of {total}: {setting}: {score} ({trial.seconds:.0f} s)")


def _check_space(over: Space, kind: str) -> None:
    """Raise InputError for a value that a campaign file could not have."""
    from autodisco.campaign.settings_file import read_generator
    from autodisco.generator.tune import Range

    for name, values in over.items():
        ends: Sequence[Any] = [values.low, values.high] if isinstance(values, Range) else values
        for value in ends:
            read_generator(None, {"kind": kind, name: value})


def _write_best(found: Search, folder: Path) -> None:
    from autodisco.campaign.settings_file import write_generator
    from autodisco.files import write_atomic
    from autodisco.generator.tune import plot_trials

    if (best := found.best()) is None:
        raise InputError("no trial was made; raise the number of trials")
    plot_trials(found, folder / "trials.png")
    own = found.settings
    varied = {name: best.values[name] for name in found.space if name in own.model_dump()}
    write_atomic(folder / "best.toml", write_generator({**own.model_dump(exclude_unset=True), **varied}))


def short(value: Any) -> str:
    """A value in a line or table."""
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
