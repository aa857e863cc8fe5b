"""The commands `ask` and `tell`: a laboratory, a robot or another program in the place of the simulator."""

from pathlib import Path
from typing import Annotated

import typer

from autodisco.api.locate import campaign_folder
from autodisco.cli.options import JSON, NAME
from autodisco.cli.output import existing_file, message, print_json, print_table
from autodisco.machine import person
from autodisco.text import counted


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (ask, tell):
        app.command(command.__name__)(command)


def ask(
    name: NAME = None,
    number: Annotated[int, typer.Option("--number", "-n", min=1, help="Polymers at most.")] = 5,
    to: Annotated[
        str | None, typer.Option("--as", metavar="WHO", help="Who gets them; default: this user and host.")
    ] = None,
    hours: Annotated[float, typer.Option(min=0.001, help="Time after which others get them.")] = 24.0,
    as_json: JSON = False,
) -> None:
    """Print polymers that await a measured value, the oldest first.

    For campaigns with executor.kind = "ask". Nobody else gets them for 24 hours. The same name gets what it has not
    answered again, so that an interrupted robot asks again.
    """
    from autodisco.decide.asking import ask as questions
    from autodisco.store import Store

    with Store.open_readonly(campaign_folder(name)) as store:
        found = questions(store, number, to or person(), hours)
    if as_json:
        print_json(found.model_dump())
        return
    if found.questions:
        first = found.questions[0]
        what = [f"{one.quantity}, {one.unit}" if one.unit else one.quantity for one in first.asked]
        rows = [(one.id, one.monomer_smiles, *[""] * len(what)) for one in found.questions]
        print_table(["id", "monomer_smiles", *what], rows)
        given = first.conditions
        salt = f", {given.molality_mol_per_kg:g} mol/kg {given.salt}" if given.salt else ""
        message(f"at {given.temperature_k:g} K{salt}; tell values with: autodisco tell {found.campaign} FILE")
    shown = f"{len(found.questions)} of {counted(found.open, 'open question')} of {found.campaign}"
    message(f"{shown}, which {'has ended: ' if found.ended else 'is in state '}{found.state}")


def tell(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Campaign: its name, folder or campaign file.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Answers, CSV or JSON (docs/ask.md).")],
    as_json: JSON = False,
) -> None:
    """Take measured values of polymers that a campaign asked for.

    A file counts as a whole, or not at all if one row cannot be taken. Telling it again changes nothing.
    """
    from autodisco.decide.asking import tell as take
    from autodisco.store import Store

    existing_file(file, "file of answers")
    with Store.open_readonly(campaign_folder(name)) as store:
        done = take(store, file)
    if as_json:
        print_json(done)
        return
    before = f", {done.before} told before" if done.before else ""
    message(
        f"{file}: {counted(done.new, 'new answer')} of {done.source}{before}; {counted(done.open, 'question')} open"
    )
