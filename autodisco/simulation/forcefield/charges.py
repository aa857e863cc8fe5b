"""Charge increments: the charge that an atom receives from one of its bonds.

The charge of an atom is the sum over its bonds, so that molecules are neutral. An increment is looked up among the
published values of PCFF+ and COMPASS (`overrides`), then among those fitted here (``fitted_increments.csv``, made by
``bench/fit_charges.py``), then in ``pcff.frc``. There, rows of one reference are made from electronegativities alone
("automatic parameter assignment") and leave polar groups nearly uncharged; they count as automatic.
"""

import csv
import functools
import itertools
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

from autodisco.simulation.forcefield import frc, overrides

GENERIC_REFERENCE = "2"
TABLE = ("bond_increments", "cff91_auto")


class Kind(NamedTuple):
    """What an atom is for its charge: its charge type, and the PCFF type behind it."""

    charge_type: str
    type: str

    @property
    def names(self) -> tuple[str, ...]:
        """The most special name first."""
        return tuple(dict.fromkeys(self))


class Increment(NamedTuple):
    """Charge (e) that the first atom of a bond receives, the second one its negative; and its source."""

    value: float
    source: str


@functools.cache
def fitted() -> dict[tuple[str, ...], float]:
    """Increments fitted to electrostatic potentials of model compounds, by charge types."""
    text = resources.files(__package__).joinpath("fitted_increments.csv").read_text()
    return {(row["first"], row["second"]): float(row["increment"]) for row in csv.DictReader(text.splitlines())}


def increment(tables: frc.FrcFile, first: Kind, second: Kind) -> Increment | None:
    """The increment of a bond; None where no table has one.

    A type that has no row of its own takes that of its PCFF type, of its automatic equivalent and last of an
    analogue; the source is then "equivalent", or "automatic" if the row is a generic one.
    """
    own = (first.names[0], second.names[0])
    for pair in itertools.product(first.names, second.names):
        if (value := _signed(overrides.INCREMENTS, pair)) is not None:
            return Increment(value, "override" if pair == own else "equivalent")
        if (value := _signed(fitted(), pair)) is not None:
            return Increment(value, "estimated")
    analogues = overrides.INCREMENT_ANALOGUES
    for a in dict.fromkeys((first.type, analogues.get(first.type, first.type))):
        for b in dict.fromkeys((second.type, analogues.get(second.type, second.type))):
            if found := _published(tables, a, b, (a, b) == own):
                return found
    return None


def _published(tables: frc.FrcFile, a: str, b: str, is_own: bool) -> Increment | None:
    if (value := _signed(overrides.INCREMENTS, (a, b))) is not None:
        return Increment(value, "equivalent")
    automatic = tuple(tables.automatic.get(name, {}).get("increment", name) for name in (a, b))
    for pair in dict.fromkeys(((a, b), automatic)):
        if row := tables.find(*TABLE, pair):
            # rows of charged types give both ends a charge; half their difference keeps molecules neutral
            value = (row.values[0] - row.values[1]) / 2
            source = "explicit" if is_own and pair == (a, b) else "equivalent"
            source = "automatic" if row.reference == GENERIC_REFERENCE and a != b else source
            return Increment(-value if row.reversed else value, source)
    return Increment(0.0, "explicit" if is_own else "equivalent") if a == b else None


def _signed(table: Mapping[tuple[str, ...], float], pair: tuple[str, ...]) -> float | None:
    if pair in table:
        return table[pair]
    backwards = table.get(pair[::-1])
    return None if backwards is None else -backwards
