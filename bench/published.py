"""The published values that several studies compare with, read from the two public tables (log10 of S/cm at 353 K)."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from autodisco.polymer import ORGANIC_ELEMENTS, parse

HTP_MD = "polygen/PolyGen-train-set-from-HTP-MD.csv"
GENERATED = "polygen/generated_polymers_in_two_iterations.csv"
FLOOR = 1e-5  # S/cm: published zeros count as this


@dataclass(frozen=True)
class Published:
    """Polymers with a published value: canonical repeat units, values and iterations (0: HTP-MD), shape (n,)."""

    units: list[str]
    values: np.ndarray
    iterations: np.ndarray

    def among(self, rows: np.ndarray) -> "Published":
        """Some of the polymers."""
        return Published([self.units[row] for row in rows], self.values[rows], self.iterations[rows])


def htp_md(reference: Path, most: int | None = None) -> Published:
    """The 6,024 polymers of the HTP-MD table in random order, or as many of them as asked for."""
    with open(reference / HTP_MD) as handle:
        rows = list(csv.DictReader(handle))
    rows = [rows[row] for row in np.random.default_rng(0).permutation(len(rows))[:most]]
    units = [parse(row["mol_smiles"], ORGANIC_ELEMENTS).smiles for row in rows]
    values = np.log10([float(row["conductivity"]) for row in rows])
    return Published(units, values, np.zeros(len(rows), dtype=int))


def candidates(reference: Path) -> Published:
    """The 61 generated polymers with a value; equal polymers are averaged."""
    found: dict[str, tuple[list[float], int]] = {}
    with open(reference / GENERATED) as handle:
        for row in csv.DictReader(handle):
            if row["conductivity_s_per_cm"]:
                unit = parse(row["monomer_smiles"]).smiles
                found.setdefault(unit, ([], int(row["iteration_num"])))[0].append(float(row["conductivity_s_per_cm"]))
    values = np.log10([max(float(np.mean(values)), FLOOR) for values, _ in found.values()])
    return Published(list(found), values, np.array([iteration for _, iteration in found.values()]))


def rank(said: np.ndarray, true: np.ndarray, seed: int = 0) -> str:
    """Spearman's coefficient with the 90 % interval of a bootstrap over polymers."""
    draws = np.random.default_rng(seed).integers(len(true), size=(2000, len(true)))
    low, high = np.nanpercentile([spearmanr(said[i], true[i]).statistic for i in draws], [5, 95])
    return f"{spearmanr(said, true).statistic:.2f} ({low:.2f} to {high:.2f})"


def rmse(said: np.ndarray, true: np.ndarray) -> float:
    """Root of the mean square error, in decades."""
    return float(np.sqrt(np.mean((said - true) ** 2)))
