"""Commands about the generator and its data: generate, train, tune, data import."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autodisco.cli.options import JSON
from autodisco.cli.output import message, print_json, print_table
from autodisco.cli.progress import training_bar
from autodisco.cli.settings_options import with_settings
from autodisco.cli.tune import tune
from autodisco.errors import InputError
from autodisco.text import counted

if TYPE_CHECKING:
    from autodisco.api.generate import Drawn
    from autodisco.section import Section

data = typer.Typer(help="Data sets of repeat units.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("generate", cls=with_settings(_sampling))(generate)
    app.command("train", cls=with_settings(_network, leave_out=("warm_start",)))(train)
    app.command("tune")(tune)
    data.command("import")(import_)
    app.add_typer(data, name="data")


def _sampling() -> "type[Section]":
    from autodisco.generator.settings import SamplingSettings

    return SamplingSettings


def _network() -> "type[Section]":
    from autodisco.generator.settings import NetworkSettings

    return NetworkSettings


def generate(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A campaign; its latest model is used.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file, instead of a campaign's.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Number of strings to draw.")] = 20,
    label: Annotated[
        str | None, typer.Option(help="Class to draw, such as high, low, unlabelled or q0; default: the best.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Condition of the prompt, such as temperature_k=500."),
    ] = None,
    away_from: Annotated[str | None, typer.Option(help="Class to avoid; default: the worst.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same strings.")] = 0,
    valid: Annotated[bool, typer.Option("--valid", help="Print only repeat units, each polymer once.")] = False,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of known polymers, which --valid leaves out.")
    ] = None,
    max_draws: Annotated[
        int | None,
        typer.Option(min=1, help="With --valid: maximum number of draws to find NUMBER repeat units."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Draw strings from a trained generator, one per line."""
    from autodisco.api.campaign import Campaign
    from autodisco.api.generate import generate as drawn
    from autodisco.generator import Generator

    if max_draws and not valid:
        raise InputError("--max-draws is the limit of a search for new polymers; add --valid")
    generator = Generator.load(model) if model else Campaign.open(name).generator()
    how = {**context.obj, **({"away_from": away_from} if away_from else {})}
    found = drawn(
        generator, number, label=label or "", given=_values(given or []), against=against, max_draws=max_draws,
        seed=seed, **how,
    )  # fmt: skip
    if generator.conditions:
        message(f"class {found.label} ({'; '.join(one.told for one in generator.conditions)})")
    shown = found.polymers if valid else found.rows
    if as_json:
        print_json(shown)
    else:
        for row in shown:
            print(row["given"])
    message(_summary(found, number, max_draws, f" that {against} does not hold" if against else ""))


def _summary(found: "Drawn", number: int, max_draws: int | None, unknown: str) -> str:
    """How many draws there were, and what they gave."""
    different = f"{len(found.polymers)} different polymers{unknown}"
    if not max_draws:
        return f"{found.draws} draws: {sum(row['valid'] for row in found.rows)} repeat units, {different}"
    few = len(found.polymers) < number
    more = f"; {number} were asked for, so raise --max-draws, --temperature or --max-tokens" if few else ""
    return f"{found.draws} draws: {different}{more}"


def train(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or TSV with conductivity or class.")],
    out: Annotated[Path, typer.Option(help="Model file to write.")],
    settings: Annotated[
        Path | None, typer.Option(metavar="TOML", help="File with a table [generator]; options take precedence.")
    ] = None,
    top_fraction: Annotated[float, typer.Option(help="Share of the values that is the high class.")] = 0.05,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN:K", help="Learn K classes q0, q1, … of a column instead; may be repeated."),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN[:K]",
            help="Condition of the values, such as temperature_k; may be repeated.",
        ),
    ] = None,
    judge: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the rows held out to train the property model that scores.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights and batches.")] = 1,
    as_json: JSON = False,
) -> None:
    """Train a generator on a data set and score it.

    After an interruption, the same command continues the training.
    """
    from autodisco.api.train import train as trained

    classes, columns = _classes("--condition", condition or []), _columns(given or [])
    with training_bar() as bar:
        found = trained(
            file, out, settings=settings, top_fraction=top_fraction, condition=classes, given=columns, judge=judge,
            seed=seed, progress=message, watch=bar, **context.obj,
        )  # fmt: skip
    if as_json:
        print_json(found)
    else:
        rows = [(key, "–" if v is None else f"{v:.3f}") for key, v in found.metrics.items()]
        print_table(["metric", ">value"], rows)


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The data set: CSV or TSV, ends * or [Cu]/[Au].")],
    out: Annotated[Path | None, typer.Option(help="File to write; default: data/<name of FILE>.csv.")] = None,
    as_json: JSON = False,
) -> None:
    """Import a data set such as HTP-MD's.

    Writes it in canonical form, each polymer once, for use by a campaign. Conductivities of rows that are the
    same polymer are averaged; classes are kept where they agree.
    """
    from autodisco.generator import read_dataset
    from autodisco.generator.dataset import FAR_APART, merge_rows, reason_without_values, values_apart, write_dataset

    rows = read_dataset(file)
    out = out or Path("data") / f"{file.stem}.csv"
    if out.exists() and out.resolve() == file.resolve():
        raise InputError(f"{out}: input and output file are the same; give another one with --out")
    polymers = merge_rows(rows)
    write_dataset(out, polymers)
    known = sum(value != "" for _, value in polymers)
    if as_json:
        print_json({"file": str(out), "rows": len(rows), "polymers": len(polymers), "with_value": known})
    stated = {row.smiles for row in rows if row.value is not None or row.label}
    valued = f"{known} with a value" if stated else f"none with a value: {reason_without_values(file)}"
    message(f"wrote {out}: {counted(len(polymers), 'polymer')} from {counted(len(rows), 'row')}, {valued}")
    if split := len(stated) - known:
        message(f"{file}: {counted(split, 'polymer')} with rows of both classes, written without a class")
    if apart := values_apart(rows):
        smiles, low, high = apart[0]
        message(
            f"{file}: {counted(len(apart), 'polymer')} with values that differ by more than a factor of {FAR_APART:g}, "
            f"such as {smiles} ({low:g} to {high:g} S/cm), written with the mean; rows at several temperatures or salt "
            "concentrations are not told apart"
        )


def _classes(flag: str, conditions: list[str]) -> dict[str, int]:
    """Column and number of classes of each ``COLUMN:K``."""
    classes = {}
    for text in conditions:
        column, _, number = text.rpartition(":")
        if not column or not number.isdecimal():
            raise InputError(f"{flag} {text}: name a column and a number of classes, such as conductivity:10")
        classes[column] = int(number)
    return classes


def _columns(given: list[str]) -> dict[str, int | None]:
    """Column and number of classes, None without one, of each ``--given`` of a training."""
    columns: dict[str, int | None] = {}
    for text in given:
        columns |= _classes("--given", [text]) if ":" in text else {text: None}
    return columns


def _values(given: list[str]) -> dict[str, float]:
    """Column and value of each ``--given`` of a prompt."""
    values = {}
    for text in given:
        column, _, number = text.partition("=")
        try:
            values[column] = float(number)
        except ValueError:
            raise InputError(f"--given {text}: name a condition and its value, such as temperature_k=500") from None
    return values
