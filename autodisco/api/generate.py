"""Strings that a trained generator draws, with a verdict on each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autodisco.api.table import Table
from autodisco.errors import InvalidRepeatUnit

if TYPE_CHECKING:
    from autodisco.generator import Generator


@dataclass(frozen=True)
class Drawn:
    """Strings that a generator drew.

    Attributes
    ----------
    rows : each string (``given``) with ``valid``, the ``code`` of an invalid one, otherwise ``key`` and ``canonical``
        repeat unit, and whether it is the ``first`` of a polymer that is not known
    draws : number of draws
    label : class that was drawn
    """

    rows: list[dict[str, Any]]
    draws: int
    label: str

    @property
    def polymers(self) -> list[dict[str, Any]]:
        """Rows of different polymers that are not known."""
        return [row for row in self.rows if row["first"]]

    @property
    def table(self) -> Table:
        """A row for each string."""
        return Table(self.rows, ("given", "valid"))


def generate(
    model: str | Path | Generator,
    number: int = 20,
    *,
    label: str = "",
    given: Mapping[str, float] | None = None,
    against: str | Path | None = None,
    max_draws: int | None = None,
    seed: int = 0,
    **how: Any,
) -> Drawn:
    """Draw strings from a trained generator; the same seed draws the same strings.

    Parameters
    ----------
    model : a model file, or a generator such as that of `autodisco.train` or ``Campaign.generator()``
    number : of strings, or with `max_draws` of different polymers that are not known
    label : class to draw, such as ``high``; by default the best
    given : conditions of the prompt, such as ``{"temperature_k": 500}``
    against : file of known polymers
    max_draws : draw until there are `number` new polymers, at most so often
    how : settings of sampling, such as ``temperature``, and ``away_from``, a class to avoid

    Raises
    ------
    InputError
        For a file that is no model, a condition that the model has not, and a setting out of range.
    """
    from autodisco.generator import Generator

    source = model if isinstance(model, Generator) else Generator.load(Path(model))
    wanted = source.label_at(given or {}, label) if source.conditions or given else label
    known = _keys_of(Path(against)) if against else set()
    if max_draws:
        found, draws = source.sample_new(number, wanted or None, known=known, max_draws=max_draws, seed=seed, **how)
    else:
        found, draws = source.sample(number, wanted or None, seed=seed, **how), number
    return Drawn(_judged(found, known), draws, wanted or source.best)


def _judged(strings: Iterable[str], known: set[str]) -> list[dict[str, Any]]:
    rows, keys = [_row(text) for text in strings], set(known)
    for row in rows:
        row["first"] = row["valid"] and row["key"] not in keys
        keys.add(row.get("key", ""))
    return rows


def _row(text: str) -> dict[str, Any]:
    """Verdict on a drawn string."""
    from autodisco.polymer import ORGANIC_ELEMENTS, parse

    try:
        unit = parse(text, ORGANIC_ELEMENTS)
    except InvalidRepeatUnit as error:
        return {"given": text, "valid": False, "code": error.code}
    return {"given": text, "valid": True, "key": unit.key, "canonical": unit.smiles}


def _keys_of(file: Path) -> set[str]:
    from autodisco.polymer import Library
    from autodisco.polymer.library_files import read_strings

    with Library(read_strings(file, None)) as library:
        return {group.key for group in library.groups()}
