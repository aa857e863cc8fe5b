"""Common names of polymers, by key: a table of its own, because what only shows names does without RDKit."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("names.csv")
"""Columns key, name, abbreviation, monomer_smiles; lines that begin with ``#`` state the source."""

SYNONYMS = {
    "peg": "PEO", "polyethyleneglycol": "PEO", "polyoxyethylene": "PEO", "ppg": "PPO", "polypropyleneglycol": "PPO",
    "polyformaldehyde": "POM", "polyacetal": "POM", "polyoxymethylen": "POM",
}  # fmt: skip
"""Other usual names, as `_letters` gives them, and the abbreviation in the table."""

GERMAN = (
    ("glykol", "glycol"), ("styrol", "styrene"), ("alkohol", "alcohol"),
    (r"(oxid|carbonat|acrylat|acetat|nitril|chlorid|fluorid|len|pyridin|butadien|isopren|lacton)(?!e)", r"\1e"),
)  # fmt: skip
"""Endings of German names in letters, and the English ones."""

GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ω": "omega"})
"""Letters of names, and how the table spells them."""

PLACEHOLDER = "reference"
"""Name in a campaign of a reference that no seed file names."""


@dataclass(frozen=True)
class CommonName:
    """A row of the table; `abbreviation` is empty where there is no usual one."""

    key: str
    name: str
    abbreviation: str
    monomer_smiles: str

    @property
    def short(self) -> str:
        """The abbreviation, or the name where there is none."""
        return self.abbreviation or self.name

    @property
    def whole(self) -> str:
        """Name and abbreviation, such as ``poly(ethylene oxide) (PEO)``."""
        return f"{self.name} ({self.abbreviation})" if self.abbreviation else self.name


@cache
def common_names() -> dict[str, CommonName]:
    """The whole table by key."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {row["key"]: CommonName(**row) for row in csv.DictReader(lines)}


def name_of(key: str, given: str = "") -> str:
    """The name of a polymer: the one `given` by a file, otherwise the common one; empty without either."""
    if given and given != PLACEHOLDER:
        return given
    found = common_names().get(key)
    return found.name if found else given


def short_name(key: str, given: str = "") -> str:
    """The same with the abbreviation of a common name in its place, such as ``PEO``."""
    name = name_of(key, given)
    found = _by_text().get(name.lower())
    return found.short if found else name


def key_called(text: str) -> str | None:
    """Key of the polymer with this common name or abbreviation, in upper or lower case; None without one."""
    found = _by_text().get(text.strip().lower())
    return found.key if found else None


def called(text: str) -> CommonName | None:
    """The polymer of this name or abbreviation, also one of `SYNONYMS`, without brackets, or in German; None without
    one."""
    bare = text.strip().lower()
    letters = _letters(bare)
    spelt = (letters, _english(letters))
    return _by_text().get(bare) or next(
        (row for one in spelt if (row := _by_letters().get(_letters(SYNONYMS.get(one, one))))), None
    )


def _letters(name: str) -> str:
    """A name in lower case without blanks and brackets, Greek letters spelt out."""
    return re.sub(r"[\s()\[\]]", "", name.lower()).translate(GREEK)


def _english(letters: str) -> str:
    """A German name in letters with English endings; an English one as it is."""
    for german, english in GERMAN:
        letters = re.sub(german, english, letters)
    return letters


@cache
def _by_letters() -> dict[str, CommonName]:
    return {_letters(name): row for name, row in _by_text().items()}


@cache
def _by_text() -> dict[str, CommonName]:
    """By name and abbreviation in lower case; a name comes before an equal abbreviation."""
    rows = common_names().values()
    named = {row.name.lower(): row for row in rows}
    return {row.abbreviation.lower(): row for row in rows if row.abbreviation} | named
