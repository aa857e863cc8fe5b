"""Names of ions in foreign files: element, residue, or formula of the molecule."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodisco.arrays import Indices

LARGEST = 50
"""Atoms of a molecule that is called by its formula."""


def ion_label(universe: Any, elements: NDArray[np.str_], atoms: Indices, chosen: int) -> str:
    """Name of one ion: the element of a single atom, the residue, or the formula of a small molecule; else empty.

    A residue name that all atoms of the file have is no name.

    Parameters
    ----------
    atoms, chosen : of its molecule, and the first atom that the selection holds
    """
    if len(atoms) == 1 and elements[chosen]:
        return str(elements[chosen])
    residues = getattr(universe.atoms, "resnames", None)
    if residues is not None and residues[chosen] and len(set(residues.tolist())) > 1:
        return str(residues[chosen])
    return hill_formula(elements[atoms].tolist()) if len(atoms) <= LARGEST else ""


def hill_formula(elements: Sequence[str]) -> str:
    """Formula in the order of Hill: C, H, then by the alphabet, which also orders formulas without carbon.

    Empty if an element is unknown.
    """
    counts = Counter(elements)
    if "" in counts:
        return ""
    first = ("C", "H") if "C" in counts else ()
    order = sorted(counts, key=lambda symbol: (symbol not in first, symbol))
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order)


def distinct(labels: Sequence[str], selections: Sequence[str]) -> list[str]:
    """The labels, with the selection beside those that occur twice and in place of those that are empty."""
    count = Counter(labels)
    return [
        selection if not label else label if count[label] == 1 else f"{label} ({selection})"
        for label, selection in zip(labels, selections, strict=True)
    ]
