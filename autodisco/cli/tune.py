"""`autodisco tune`: settings of the generator that suit a data set."""

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import message, print_json, print_table, stderr_console
from autodisco.errors import InputError


def tune(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or TSV with conductivity or class.")],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUES", help="Settings to vary: size=gpt-nano,gpt-mini or learning_rate=1e-4..1e-2."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for trials, models and the best setting.")],
    settings: Annotated[
        Path | None, typer.Option(metavar="TOML", help="File with a table [generator], which holds all other settings.")
    ] = None,
    search: Annotated[str, typer.Option(help="grid (every combination) or bayes.")] = "grid",
    trials: Annotated[int, typer.Option(min=1, help="Number of trials of a Bayesian search.")] = 20,
    objective: Annotated[
        str | None, typer.Option(help="Score to maximise; default: new_above_border, or valid_unique_novel.")
    ] = None,
    draws: Annotated[int, typer.Option(min=10, help="Number of strings drawn to score a trial.")] = 1000,
    judge: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the rows held out for a property model; 0 for none.")
    ] = 0.2,
    top_fraction: Annotated[float, typer.Option(help="Share of the values that is the high class.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Seed of training and drawing, the same for all trials.")] = 1,
    as_json: JSON = False,
) -> None:
    """Find settings of the generator that suit a data set.

    After an interruption, the same command continues the search. The best setting is written as TOML for a campaign
    file or for `autodisco train --settings`.
    """
    from autodisco.campaign.settings_file import read_generator, write_generator
    from autodisco.files import write_atomic
    from autodisco.generator.metrics import score_samples
    from autodisco.generator.training_data import read_training_data
    from autodisco.generator.tune import Search, plot_trials
    from autodisco.surrogate import fit_judge

    if search not in ("grid", "bayes"):
        raise InputError(f"--search {search}: choose grid or bayes")
    chosen = read_generator(settings, {})
    space = _space(over, chosen.kind)
    data = read_training_data(file, top_fraction, {}, judge, seed)
    known = data.smiles
    is_high = fit_judge(data.judged, known, top_fraction, seed) if judge else None
    objective = objective or ("new_above_border" if judge else "valid_unique_novel")
    scores = score_samples([], known[:1], is_high)
    if objective not in scores:
        raise InputError(f"--objective {objective}: choose one of {', '.join(scores)}")
    found = Search(
        out, data.rows, space, chosen,
        lambda strings: score_samples(strings, known, is_high), objective, draws, seed,
    )  # fmt: skip
    if found.trials:
        message(f"{out}: {len(found.trials)} trials were already done")
    if search == "grid":
        left = found.grid()
        total = len(found.trials) + len(left)
        points: Any = iter(left)
    else:
        total, points = trials, found.proposals(trials)
    _run_all(found, points, total)

    best = found.best()
    if best is None:
        raise InputError("no trial was made; raise --trials")
    plot_trials(found, out / "trials.png")
    varied = {name for name in space if name in chosen.model_dump()}
    written = {**chosen.model_dump(exclude_unset=True), **{name: best.values[name] for name in varied}}
    write_atomic(out / "best.toml", write_generator(written))
    if as_json:
        print_json([{**trial.values, **trial.scores, "seconds": trial.seconds} for trial in found.trials])
    else:
        ranked = sorted(found.trials, key=lambda trial: -(trial.scores[objective] or 0.0))
        shown = list(dict.fromkeys([objective, "valid_unique_novel", "above_border", "validity", "diversity"]))
        shown = [name for name in shown if name in best.scores]
        print_table(
            [*space, *(f">{name}" for name in shown), ">seconds"],
            [
                [*(_short(trial.values[n]) for n in space), *(_short(trial.scores[n]) for n in shown),
                 f"{trial.seconds:.0f}"]
                for trial in ranked
            ],
        )  # fmt: skip
    message(f"best setting: {out / 'best.toml'}; plot: {out / 'trials.png'}; all scores: {out / 'trials.csv'}")


def _run_all(found: Any, points: Any, total: int) -> None:
    """Progress: a line at the end of each trial, and on a terminal a bar for the current training."""
    from rich.progress import Progress

    with Progress(console=stderr_console(), transient=True, disable=not sys.stderr.isatty()) as progress:
        whole = progress.add_task("trials", total=total, completed=len(found.trials))
        bar = progress.add_task("training", total=None, visible=False)

        def watch(done: int, iterations: int, loss: float) -> None:
            text = f"training, loss {loss:.3f}"
            progress.update(bar, completed=done, total=iterations, description=text, visible=done < iterations)

        for values in points:
            trial = found.run(values, watch)
            progress.update(whole, completed=len(found.trials))
            setting = ", ".join(f"{name} {_short(value)}" for name, value in values.items())
            score = _short(trial.scores[found.objective])
            progress.console.print(
                f"trial {len(found.trials)} of {total}: {setting}: {found.objective} {score} ({trial.seconds:.0f} s)"
            )


def _space(over: list[str], kind: str) -> dict[str, Any]:
    """The settings to vary. Each value is validated as in a campaign file."""
    from autodisco.campaign.settings_file import read_generator
    from autodisco.generator.tune import Range

    space: dict[str, Any] = {}
    for text in over:
        name, values = _varied(text, kind)
        if name in space:
            raise InputError(f"--over {text}: {name} is given twice; list all its values at once")
        for value in [values.low, values.high] if isinstance(values, Range) else values:
            read_generator(None, {"kind": kind, name: value})
        space[name] = values
    return space


def _varied(text: str, kind: str) -> tuple[str, Any]:
    from autodisco.campaign.settings_file import parse_value
    from autodisco.generator.base import settings_class
    from autodisco.generator.tune import Range

    name, _, values = text.partition("=")
    low, dots, high = values.partition("..")
    if dots:
        ends = parse_value(low), parse_value(high)
        numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
        if not numbers or not -math.inf < ends[0] < ends[1] < math.inf:
            raise InputError(f"--over {text}: a range needs two numbers, the lower one first")
        field = settings_class({"kind": kind}).model_fields.get(name)
        return name, Range(*ends, whole=field is not None and isinstance(field.default, int))
    if not name or not values:
        raise InputError(f"--over {text}: name a setting and its values, such as temperature=0.8,1.0,1.2")
    return name, list(dict.fromkeys(parse_value(value) for value in values.split(",")))


def _short(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
