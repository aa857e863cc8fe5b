"""Commands about the generator and its data, and about the machine: generate, train, data import, doctor."""

import csv
import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from autodisco.cli.naming import campaign_folder
from autodisco.cli.output import message, print_json, print_table, stderr_console
from autodisco.errors import InputError, InvalidRepeatUnit

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SCORED_DRAWS = 500

data = typer.Typer(help="Data sets of repeat units.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (generate, train, doctor):
        app.command(command.__name__)(command)
    data.command("import")(import_)
    app.add_typer(data, name="data")


def generate(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A campaign; its latest model is used.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file, instead of a campaign's.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many strings to draw.")] = 20,
    label: Annotated[str, typer.Option(help="Class to draw: high, low or unlabelled.")] = "high",
    max_tokens: Annotated[int, typer.Option(min=3, help="Longest string in tokens, both ends included.")] = 10,
    temperature: Annotated[float, typer.Option(min=0.01, help="Below 1 the common becomes more common.")] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="Draw among the k likeliest tokens; 0 for all.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same strings.")] = 0,
    valid: Annotated[bool, typer.Option("--valid", help="Print only repeat units, each polymer once.")] = False,
    grammar: Annotated[bool, typer.Option(help="Draw only what can follow in a repeat unit.")] = True,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known polymers: with --valid these are left out.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Draw strings from a trained generator, one a line."""
    from autodisco.generator import Generator
    from autodisco.polymer import parse

    file = model or _latest_model(campaign_folder(name))
    drawn = Generator.load(file).sample(number, label, max_tokens, temperature, top_k, seed, grammar)
    known = _keys_of(against) if against else set()
    rows, keys = [], set(known)
    for text in drawn:
        try:
            unit = parse(text)
        except InvalidRepeatUnit as error:
            rows.append({"given": text, "valid": False, "code": error.code, "first": False})
            continue
        rows.append(
            {"given": text, "valid": True, "key": unit.key, "canonical": unit.smiles, "first": unit.key not in keys}
        )
        keys.add(unit.key)
    shown = [row for row in rows if row["first"]] if valid else rows
    if as_json:
        print_json(shown)
    else:
        for row in shown:
            print(row["given"])
    found = f"{number} draws: {sum(bool(row['valid']) for row in rows)} repeat units"
    different = sum(bool(row["first"]) for row in rows)
    message(f"{found}, {different} different polymers{f' that {against} does not hold' if against else ''}")


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or TSV with conductivity or class.")],
    out: Annotated[Path, typer.Option(help="Model file to write.")],
    size: Annotated[str, typer.Option(help="gpt-nano, gpt-mini or gpt-2.")] = "gpt-nano",
    iterations: Annotated[int, typer.Option(min=1, help="Training iterations.")] = 6000,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows of one iteration.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="Of AdamW.")] = 5e-4,
    top_fraction: Annotated[float, typer.Option(help="Share of the values that is the high class.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights and batches.")] = 1,
    augment: Annotated[bool, typer.Option("--augment", help="Cut and read polymers anew each time.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: JSON = False,
) -> None:
    """Train a generator on a data set and score it."""
    from autodisco.generator import Generator, GeneratorSettings, label_rows, read_dataset, score_samples

    rows = label_rows(read_dataset(file), top_fraction)
    settings = GeneratorSettings(
        size=size, iterations=iterations, batch_size=batch_size, learning_rate=learning_rate, augment=augment,
        device=device,
    )  # fmt: skip
    message(f"{len(rows)} repeat units, {sum(row.label == 'high' for row in rows)} of them in the high class")
    generator = _fit(Generator, rows, settings, seed)
    generator.save(out)
    message(f"wrote {out}; scoring {SCORED_DRAWS} draws of the high class")
    metrics = score_samples(generator.sample(SCORED_DRAWS, "high", seed=seed), [row.smiles for row in rows])
    if as_json:
        print_json({"model": str(out), "rows": len(rows), "loss": generator.losses[-1], "metrics": metrics})
    else:
        print_table(["metric", ">value"], [(key, "–" if v is None else f"{v:.3f}") for key, v in metrics.items()])


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The data set: CSV or TSV, ends * or [Cu]/[Au].")],
    out: Annotated[Path | None, typer.Option(help="File to write; default: data/<name of FILE>.csv.")] = None,
    as_json: JSON = False,
) -> None:
    """Import a data set such as HTP-MD's.

    Writes it in canonical form, each polymer once, for use by a campaign. Conductivities of rows that are the
    same polymer are averaged; classes are kept where they agree.
    """
    from autodisco.cli.data import merged
    from autodisco.files import write_atomic
    from autodisco.generator import read_dataset

    rows = read_dataset(file)
    out = out or Path("data") / f"{file.stem}.csv"
    if out.exists() and out.resolve() == file.resolve():
        raise InputError(f"{out}: the file to write is the file to read; name another with --out")
    polymers = merged(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["monomer_smiles", "conductivity"])
    writer.writerows(polymers)
    write_atomic(out, text.getvalue())
    known = sum(value != "" for _, value in polymers)
    if as_json:
        print_json({"file": str(out), "rows": len(rows), "polymers": len(polymers), "with_value": known})
    message(f"wrote {out}: {len(polymers)} polymers from {len(rows)} rows, {known} with a value")


def doctor(as_json: JSON = False) -> None:
    """Check that this machine has what campaigns need."""
    from autodisco.cli.doctor import examine

    findings = examine()
    if as_json:
        print_json(findings)
    else:
        print_table(
            ["", "what", "found"], [("ok" if row["ok"] else "FAIL", row["what"], row["found"]) for row in findings]
        )
    if not all(row["ok"] for row in findings):
        raise typer.Exit(1)


def _keys_of(file: Path) -> set[str]:
    from autodisco.cli.dedupe import read_strings
    from autodisco.polymer import Library

    with Library(read_strings(file, None)) as library:
        return {group.key for group in library.groups()}


def _latest_model(folder: Path) -> Path:
    from autodisco.store import Store

    with Store.open_readonly(folder) as store:
        models = store.models()
    if not models:
        raise InputError(f"{folder}: no model has been trained yet")
    return folder / str(models[-1]["path"])


def _fit(generator, rows, settings, seed: int):  # type: ignore[no-untyped-def]
    if not sys.stderr.isatty():
        return generator.fit(rows, settings, seed=seed)
    from rich.progress import Progress

    with Progress(console=stderr_console(), transient=True) as progress:
        bar = progress.add_task("training", total=settings.iterations)
        return generator.fit(
            rows, settings, seed=seed,
            progress=lambda done, _, loss: progress.update(bar, completed=done, description=f"loss {loss:.3f}"),
        )  # fmt: skip
