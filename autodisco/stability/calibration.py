"""From energies to volts against Li/Li+: a straight line, fitted to measured potentials.

`reference.csv` holds the measured potentials with their sources; `calibration.json` the lines, which
``bench/stability_calibration.py`` fits to them.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

DATA = Path(__file__).with_name("data")
Side = Literal["oxidation", "reduction"]

SCE_V = 3.0
"""Potential of the saturated calomel electrode in organic solvents against Li/Li+ (V), with which Xu, Chem. Rev. 2004,
104, 4303, converts the limits that Ue measured. Liquid junctions make it uncertain by 0.2 V."""

LITHIUM_EV = 1.4
"""Energy of an electron at the potential of Li/Li+ below that in vacuum (eV): Borodin, Behl and Jow, J. Phys. Chem. C
2013, 117, 8661. It converts DFT, which has no line."""


@dataclass(frozen=True)
class Reference:
    """A measured potential of a molecule (V against Li/Li+).

    `use` says what it is for: ``fit``, ``check`` (of the line that others gave), ``film`` (for the record: a limit so
    high that a film on the electrode must have caused it).
    """

    name: str
    smiles: str
    side: Side
    volts: float
    use: str
    surroundings: str
    conditions: str
    source: str


@dataclass(frozen=True)
class Line:
    """Potential = `intercept` + `slope` × energy (eV); from `n` molecules.

    `mean_error` and `rms_error` (V) are those of molecules that were left out of the fit, one at a time; `lowest` and
    `highest` (V) the range of the measured potentials. None for DFT, which is not fitted.
    """

    slope: float
    intercept: float
    n: int = 0
    mean_error: float | None = None
    rms_error: float | None = None
    lowest: float | None = None
    highest: float | None = None

    def volts(self, energy: float) -> float:
        """Potential (V against Li/Li+) of an ionisation energy or electron affinity in solution (eV)."""
        return self.intercept + self.slope * energy

    def extrapolates(self, volts: float | None) -> bool:
        """Whether a potential lies outside of the measured ones; never of DFT."""
        if volts is None or self.lowest is None or self.highest is None:
            return False
        return not self.lowest <= volts <= self.highest


def references() -> Iterator[Reference]:
    """The measured potentials."""
    with (DATA / "reference.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            volts = float(row["value"]) + (SCE_V if row["against"] == "SCE" else 0.0)
            side: Side = "oxidation" if row["side"] == "oxidation" else "reduction"
            yield Reference(
                row["name"],
                row["smiles"],
                side,
                volts,
                row["use"],
                row["surroundings"],
                row["conditions"],
                row["source"],
            )


@cache
def known_elements() -> frozenset[str]:
    """Symbols of the elements in the molecules to which the lines are fitted."""
    from rdkit import Chem

    fitted = (Chem.MolFromSmiles(one.smiles) for one in references() if one.use == "fit")
    return frozenset({"H", *(atom.GetSymbol() for mol in fitted for atom in mol.GetAtoms())})


@cache
def line(side: Side, method: str = "GFN2-xTB") -> Line:
    """The line of oxidation or reduction."""
    if method == "DFT":
        return Line(1.0, -LITHIUM_EV)
    return Line(**json.loads((DATA / "calibration.json").read_text())[side])
