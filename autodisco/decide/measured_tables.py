"""Tables of measured values by name: those that come with the program, and files."""

from pathlib import Path

LITERATURE = "literature"
SHIPPED = {LITERATURE: Path(__file__).parents[1] / "surrogate" / "data" / "measured.csv"}
"""Tables that come with the program."""


def table_of(name: str) -> Path:
    """The table of a name in `SHIPPED`, or the file of this path."""
    return SHIPPED.get(name) or Path(name)
