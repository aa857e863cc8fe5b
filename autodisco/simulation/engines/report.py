"""What every engine tells while it runs: lines of `report.txt`, in our own columns, and the stress of deformations."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from autodisco.arrays import Floats

#: Picoseconds between lines.
REPORT_PS = 0.5
TAIL_BYTES = 1000  # several lines
REPORT_COLUMNS = ("number", "step", "temperature_k", "pressure_atm", "density_g_per_cm3", "energy_kcal_per_mol")

GPA_PER_ATM = 1.01325e-4


def stress_name(number: int) -> str:
    """The file of the stress in step `number` of a protocol, which deforms the box."""
    return f"deform-{number}.txt"


def read_stress(folder: Path, number: int) -> tuple[Floats, Floats]:
    """Strain and stress (GPa) of a deformation, each (n,), each time step once, in the order of time.

    A line of the file holds the time step, the strain, and the pressure along the axis in atm; the stress is minus the
    pressure. Comments are left out. After an interruption later lines replace earlier ones.
    """
    rows = {}
    for line in (folder / stress_name(number)).read_text().splitlines(keepends=True):
        words = line.split()
        if line.endswith("\n") and len(words) == 3 and words[0].isdigit():
            rows[int(words[0])] = float(words[1]), -float(words[2]) * GPA_PER_ATM
    strains, stresses = np.array([rows[step] for step in sorted(rows)], dtype=np.float64).reshape(-1, 2).T
    return strains, stresses


def report_line(values: Iterable[float]) -> str:
    """A line of `report.txt`: the values of REPORT_COLUMNS."""
    return " ".join(f"{value:.10g}" for value in values) + "\n"


def last_row(folder: Path) -> dict[str, float] | None:
    """The last whole row of `report.txt`, without reading those before it; None where there is none."""
    path = folder / "report.txt"
    if not path.exists():
        return None
    with open(path, "rb") as handle:
        handle.seek(max(0, path.stat().st_size - TAIL_BYTES))
        rows = _rows(handle.read().decode().splitlines(keepends=True)[-3:])
    return rows[-1] if rows else None


def read_report(folder: Path) -> list[dict[str, float]]:
    """Rows of `report.txt` so far, by REPORT_COLUMNS, each time step once; a half-written last line is left out."""
    path = folder / "report.txt"
    if not path.exists():
        return []
    return _rows(path.read_text().splitlines(keepends=True))


def _rows(lines: Iterable[str]) -> list[dict[str, float]]:
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for line in lines:
        words = line.split()
        if line.endswith("\n") and len(words) == len(REPORT_COLUMNS):
            rows[words[0], words[1]] = dict(zip(REPORT_COLUMNS, map(float, words), strict=True))
    return list(rows.values())
