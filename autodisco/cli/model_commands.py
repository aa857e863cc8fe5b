"""Commands about the generator and its data, and about the machine: generate, train, tune, data import, doctor."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

from autodisco.cli.locate import campaign_folder
from autodisco.cli.output import message, print_json, print_table, stderr_console
from autodisco.cli.tune import tune
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.text import counted

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SCORED_DRAWS = 500

data = typer.Typer(help="Data sets of repeat units.", no_args_is_help=False, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (generate, train, tune, doctor):
        app.command(command.__name__)(command)
    data.command("import")(import_)
    app.add_typer(data, name="data")


def generate(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A campaign; its latest model is used.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file, instead of a campaign's.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="How many strings to draw.")] = 20,
    label: Annotated[
        str | None, typer.Option(help="Class to draw, such as high, low, unlabelled or q0; default: the best.")
    ] = None,
    max_tokens: Annotated[int, typer.Option(min=3, help="Longest string in tokens, both ends included.")] = 10,
    temperature: Annotated[float, typer.Option(min=0.01, help="Below 1 the common becomes more common.")] = 1.0,
    top_k: Annotated[int, typer.Option(min=0, help="Draw among the k likeliest tokens; 0 for all.")] = 40,
    guidance: Annotated[float, typer.Option(min=0, help="How far to lead away from another class; 0 not at all.")] = 0,
    away_from: Annotated[str | None, typer.Option(help="The class to lead away from; default: the worst.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same strings.")] = 0,
    valid: Annotated[bool, typer.Option("--valid", help="Print only repeat units, each polymer once.")] = False,
    grammar: Annotated[bool, typer.Option(help="Draw only what can follow in a repeat unit.")] = True,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known polymers: with --valid these are left out.")
    ] = None,
    max_draws: Annotated[
        int | None,
        typer.Option(min=1, help="With --valid: go on until NUMBER are printed or so many draws are made."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Draw strings from a trained generator, one a line."""
    from autodisco.generator import Generator

    if max_draws and not valid:
        raise InputError("--max-draws is the limit of a search for new polymers; add --valid")
    generator = Generator.load(model or _latest_model(campaign_folder(name)))
    how: dict[str, Any] = {
        "max_tokens": max_tokens, "temperature": temperature, "top_k": top_k, "guidance": guidance,
        "grammar": grammar, "seed": seed,
    }  # fmt: skip
    if away_from:
        how["away_from"] = away_from
    known = _keys_of(against) if against else set()
    unknown = f" that {against} does not hold" if against else ""
    if max_draws:
        found, draws = generator.sample_new(number, label, known=known, max_draws=max_draws, **how)
        shown = [_row(text) for text in found]
        said = f"{draws} draws: {len(found)} different polymers{unknown}"
        if len(found) < number:
            said += f"; {number} were asked for, so raise --max-draws, --temperature or --max-tokens"
    else:
        rows = [_row(text) for text in generator.sample(number, label, **how)]
        keys = set(known)
        for row in rows:
            row["first"] = row["valid"] and row["key"] not in keys
            keys.add(row.get("key", ""))
        first = [row for row in rows if row["first"]]
        shown = first if valid else rows
        said = f"{number} draws: {sum(row['valid'] for row in rows)} repeat units, "
        said += f"{len(first)} different polymers{unknown}"
    if as_json:
        print_json(shown)
    else:
        for row in shown:
            print(row["given"])
    message(said)


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or TSV with conductivity or class.")],
    out: Annotated[Path, typer.Option(help="Model file to write.")],
    settings: Annotated[
        Path | None, typer.Option(metavar="TOML", help="A file with a table [generator]; options win over it.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="gpt, lstm, diffusion, genetic or random.")] = None,
    size: Annotated[str | None, typer.Option(help="gpt-nano, gpt-mini or gpt-2.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Training iterations; default: 6000.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows of one iteration.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of AdamW.")] = None,
    augment: Annotated[
        str | None, typer.Option(help="Write polymers anew each time: none, symmetry or smiles.")
    ] = None,
    ema: Annotated[float | None, typer.Option(help="Decay of the average over the weights; 0 for none.")] = None,
    held_out: Annotated[float | None, typer.Option(help="Share of the rows that tells when to stop; 0: none.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest string that is scored; default: 10.")] = None,
    top_fraction: Annotated[float, typer.Option(help="Share of the values that is the high class.")] = 0.05,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN:K", help="Learn K classes q0, q1, … of a column instead; repeat for several."),
    ] = None,
    judge: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the rows put aside for a property model that scores.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights and batches.")] = 1,
    as_json: JSON = False,
) -> None:
    """Train a generator on a data set and score it.

    The training goes on where it ended when it was interrupted.
    """
    from autodisco.campaign.settings_file import read_generator
    from autodisco.cli.training import fit_with_progress, prepare
    from autodisco.generator import score_samples

    given = {
        "kind": kind, "size": size, "iterations": iterations, "batch_size": batch_size, "device": device,
        "learning_rate": learning_rate, "augment": augment, "ema": ema, "held_out": held_out, "max_tokens": max_tokens,
    }  # fmt: skip
    chosen = read_generator(settings, {key: value for key, value in given.items() if value is not None})
    data = prepare(file, top_fraction, condition or [], judge, seed)
    message(f"{len(data.rows)} repeat units, {data.counted}")
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    generator = fit_with_progress(data.rows, chosen.fitting(), seed, checkpoint)
    generator.save(out)
    checkpoint.unlink(missing_ok=True)
    message(f"wrote {out}; scoring {SCORED_DRAWS} draws of class {data.best}")
    drawn = generator.sample(SCORED_DRAWS, data.best, seed=seed, **chosen.drawing())
    metrics = score_samples(drawn, [row.smiles for row in data.rows], data.is_high)
    loss = generator.losses[-1] if generator.losses else None
    if as_json:
        print_json({"model": str(out), "rows": len(data.rows), "loss": loss, "metrics": metrics})
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
    message(f"wrote {out}: {counted(len(polymers), 'polymer')} from {counted(len(rows), 'row')}, {known} with a value")


def doctor(as_json: JSON = False) -> None:
    """Check that this machine has what campaigns need."""
    from autodisco.cli.doctor import examine

    with stderr_console().status("looking at this machine") as status:
        findings = examine(lambda what: status.update(f"looking at this machine: {what}"))
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
    return folder / str(models[-1].path)


def _row(text: str) -> dict[str, Any]:
    """What a drawn string is."""
    from autodisco.polymer import ORGANIC_ELEMENTS, parse

    try:
        unit = parse(text, ORGANIC_ELEMENTS)
    except InvalidRepeatUnit as error:
        return {"given": text, "valid": False, "code": error.code}
    return {"given": text, "valid": True, "key": unit.key, "canonical": unit.smiles}
