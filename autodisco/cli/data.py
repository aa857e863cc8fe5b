"""Merging the rows of a data set that are the same polymer."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodisco.generator import DatasetRow

CLASSES = {"high": "1", "low": "0"}


def merged(rows: "list[DatasetRow]") -> list[tuple[str, str]]:
    """Repeat unit and value of each polymer, in order of first appearance; the value is text, empty where unknown.

    Conductivities (S/cm) of equal polymers are averaged; classes that contradict each other become unknown.
    """
    groups: dict[str, list[DatasetRow]] = {}
    for row in rows:
        groups.setdefault(row.smiles, []).append(row)
    return [(smiles, _value(group)) for smiles, group in groups.items()]


def _value(group: "list[DatasetRow]") -> str:
    values = [row.value for row in group if row.value is not None]
    if values:
        return repr(sum(values) / len(values))
    labels = {row.label for row in group if row.label is not None}
    return CLASSES.get(labels.pop(), "") if len(labels) == 1 else ""
