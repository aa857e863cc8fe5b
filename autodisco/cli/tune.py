"""`autodisco tune`: settings of the generator that suit a data set."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import message, print_json, print_table
from autodisco.cli.progress import training_bar
from autodisco.errors import InputError

if TYPE_CHECKING:
    from autodisco.generator.tune import Search


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
    from autodisco.api.tune import tune as tuned
    from autodisco.campaign.settings_file import read_generator

    space = _space(over, read_generator(settings, {}).kind)
    with training_bar() as bar:
        found = tuned(
            file, space, out, settings=settings, search=search, trials=trials, objective=objective, draws=draws,
            judge=judge, top_fraction=top_fraction, seed=seed, progress=message, watch=bar,
        )  # fmt: skip
    if as_json:
        print_json([{**trial.values, **trial.scores, "seconds": trial.seconds} for trial in found.trials])
    else:
        _print(found)
    message(f"best setting: {out / 'best.toml'}; plot: {out / 'trials.png'}; all scores: {out / 'trials.csv'}")


def _print(found: "Search") -> None:
    """A table of the trials, the best one first."""
    from autodisco.api.tune import short

    there = found.trials[0].scores
    names = (found.objective, "valid_unique_novel", "above_border", "validity", "diversity")
    shown = [name for name in dict.fromkeys(names) if name in there]
    ranked = sorted(found.trials, key=lambda trial: -(trial.scores[found.objective] or 0.0))
    rows = [
        [
            *(short(trial.values[n]) for n in found.space),
            *(short(trial.scores[n]) for n in shown),
            f"{trial.seconds:.0f}",
        ]
        for trial in ranked
    ]
    print_table([*found.space, *(f">{name}" for name in shown), ">seconds"], rows)


def _space(over: list[str], kind: str) -> dict[str, Any]:
    """The settings to vary."""
    space: dict[str, Any] = {}
    for text in over:
        name, values = _varied(text, kind)
        if name in space:
            raise InputError(f"--over {text}: {name} is given twice; list all its values at once")
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
