"""What `autodisco ask` prints and `autodisco tell` reads, as models; the JSON schemas in docs/schemas come from them.

``python -m autodisco.decide.answers docs/schemas`` writes the schemas.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic import Field

from autodisco.errors import InputError
from autodisco.files import read_text
from autodisco.section import Section, error_sentence
from autodisco.tables import number, open_table

SOURCE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Asked(Section):
    """A quantity that is asked for."""

    quantity: str
    """Name of the quantity, such as `conductivity`."""
    unit: str
    """Unit in which a value without a unit counts."""


class Conditions(Section):
    """Conditions of the measurement."""

    temperature_k: float
    """Temperature (K)."""
    salt: str
    """Name of the salt; empty without salt."""
    molality_mol_per_kg: float | None
    """Mol of salt per kg of polymer; null without salt."""


class AskedPolymer(Section):
    """A polymer that awaits a value."""

    id: str
    """Name of the question."""
    key: str
    """Key of the polymer."""
    monomer_smiles: str
    """Repeat unit with two `*`."""
    replica: int
    """Number of the independent sample, from 0."""
    asked: list[Asked]
    """What is asked for; each quantity has to be told."""
    conditions: Conditions
    since: float
    """When it was asked (unix seconds)."""
    given_to: str
    """Who has it; empty for nobody."""
    until: float | None
    """When it is given to others (unix seconds)."""


class Questions(Section):
    """What `autodisco ask NAME --json` prints."""

    campaign: str
    """Name of the campaign."""
    state: str
    """State of the campaign, such as `simulate`, or `exhausted` at its end."""
    ended: bool
    """Whether the campaign has ended."""
    open: int
    """Questions without an answer."""
    questions: list[AskedPolymer]
    """The oldest of those that nobody else has."""


class Answer(Section):
    """An answer, or the part of one about a quantity. It names its question by `id`, or the polymer by `key` or
    `monomer_smiles`: several values of one polymer are then independent samples."""

    id: str = ""
    """Name of the question."""
    key: str = ""
    """Key of the polymer, instead of `id`."""
    monomer_smiles: str = ""
    """Repeat unit in any spelling, instead of `id` and `key`."""
    quantity: str = ""
    """What was measured; may be left out where one quantity is asked for."""
    value: float | None = None
    """The value in `unit`; null for a failure."""
    unit: str | None = None
    """Unit of the value; null for the one that was asked for."""
    error: Annotated[float, Field(ge=0)] | None = None
    """Standard error in the same unit."""
    failed: str = ""
    """Why there is no value."""


class Answers(Section):
    """A file for `autodisco tell NAME FILE`."""

    source: Annotated[str, Field(pattern=SOURCE)] = "experiment"
    """Who measured or computed the values: letters, digits, `.`, `_`, `-`."""
    answers: Annotated[list[Answer], Field(min_length=1)]


def read_answers(path: Path) -> tuple[Answers, list[str]]:
    """The answers in a JSON or CSV file, and where each of them stands.

    A CSV file has the fields of `Answer` as columns. Raises InputError, in one line, for a file that cannot be read.
    """
    if path.suffix.lower() == ".json":
        try:
            content = json.loads(read_text(path))
        except ValueError as error:
            raise InputError(f"{path}: not valid JSON ({error})") from None
        found = _validated(path, content)
        return found, [f"{path}: answers.{n}" for n in range(len(found.answers))]
    table = open_table(path)
    names, fields = table.names or [], [*Answer.model_fields]
    where = f"{path}, line {table.header_line}"
    if not {"id", "key", "monomer_smiles"} & set(names):
        raise InputError(f"{where}: no column id, key or monomer_smiles; the first line names columns")
    if unknown := next((name for name in names if name not in (*fields, "source")), None):
        raise InputError(f"{where}: unknown column {unknown!r}; known are {', '.join(fields)}, source")
    rows, places, sources = [], [], set()
    for row in table.rows:
        cells = {name: cell.strip() for name, cell in zip(names, row.cells, strict=True) if cell.strip()}
        sources.add(cells.pop("source", ""))
        rows.append({name: _cell(table.where(row), name, cell) for name, cell in cells.items()})
        places.append(table.where(row))
    if len(sources) > 1:
        raise InputError(f"{where}: several sources; allowed is one in a file: make a file for each")
    source = {"source": name} if (name := next(iter(sources), "")) else {}
    return _validated(path, {"answers": rows, **source}, places), places


def _cell(where: str, name: str, cell: str) -> str | float:
    if name not in ("value", "error"):
        return cell
    try:
        return number(cell)
    except ValueError:
        raise InputError(f"{where}: {name} = {cell!r}: allowed is a number, or nothing") from None


def _validated(path: Path, content: Any, places: list[str] | None = None) -> Answers:
    try:
        return Answers.model_validate(content)
    except pydantic.ValidationError as error:
        place = error.errors()[0]["loc"]
        told = error_sentence(error)
        if places and len(place) > 1 and place[0] == "answers":
            raise InputError(f"{places[int(place[1])]}: {told.removeprefix(f'answers.{place[1]}.')}") from None
        raise InputError(f"{path}: {told}") from None


def write_schemas(folder: Path) -> None:
    """Write the JSON schemas of both models."""
    for name, model in (("ask", Questions), ("tell", Answers)):
        (folder / f"{name}.json").write_text(json.dumps(model.model_json_schema(), indent=1) + "\n")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
