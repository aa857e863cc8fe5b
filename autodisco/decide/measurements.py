"""Tables of measured values: one row is one value of one polymer at one condition (docs/measurements.md).

They are read strictly: one row that cannot be used refuses the file, with file, line, column and what is allowed.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from autodisco.decide.measured_units import NAMES, TEMPERATURE, column_of, converted
from autodisco.errors import InputError, InvalidRepeatUnit
from autodisco.limits import MOLALITY, TEMPERATURE_K
from autodisco.polymer import ORGANIC_ELEMENTS, Material, RepeatUnit, read_material
from autodisco.polymer.chains import repeat_unit_mass
from autodisco.polymer.library_files import NAME_COLUMNS
from autodisco.tables import SMILES_COLUMNS, Row, Table, number, open_table

REQUIRED = ("monomer_smiles", "quantity", "value")
COLUMNS = (
    "monomer_smiles", "name", "quantity", "value", "unit", "error", "temperature", "temperature_unit", "salt",
    "salt_content", "salt_content_unit", "molar_mass_g_per_mol", "reference", "note",
)  # fmt: skip

GLASS_TRANSITION = NAMES["glass_transition"]

SALT_MASSES = {
    "LiTFSI": 287.09, "LiFSI": 187.07, "LiBETI": 387.11, "LiClO4": 106.39, "LiPF6": 151.91, "LiBF4": 93.75,
    "LiAsF6": 195.85, "LiCF3SO3": 156.01, "LiBOB": 193.79, "LiDFOB": 143.77, "LiNO3": 68.95, "LiSCN": 65.02,
    "LiI": 133.85, "LiBr": 86.85, "LiCl": 42.39, "NaTFSI": 303.13, "NaClO4": 122.44, "NaPF6": 167.95,
    "KTFSI": 319.24,
}  # fmt: skip
"""Molar masses of salts (g/mol), for contents in percent of the mass."""

_HEADINGS = dict.fromkeys(SMILES_COLUMNS, "monomer_smiles") | dict.fromkeys(NAME_COLUMNS, "name")
"""Headings of other tables of polymers that are read here too."""

CONTENT_UNITS = ("mol/kg", "O/Li", "units/Li", "Li/O", "Li/units", "wt%")
_PERCENT = ("gew.-%", "gew.%", "gew%", "wt.%", "wt.-%", "wt %")
"""Other spellings of wt%, in lower case."""


@dataclass(frozen=True)
class Measurement:
    """A measured value.

    Attributes
    ----------
    unit, name : the polymer, or another material
    quantity : column of the table of quantities, such as ``conductivity_s_per_cm``
    value, error : in the unit of this column; the standard error is None where none is stated
    temperature_k : None for a glass transition
    salt : empty without salt
    molality_mol_per_kg : mol of salt per kg of polymer, and of the molecules in it; None without salt
    molar_mass_g_per_mol : number average of the chains, None where it is not stated
    reference, note : where it was published, and anything else
    line : in the file
    """

    unit: Material
    name: str
    quantity: str
    value: float
    error: float | None
    temperature_k: float | None
    salt: str
    molality_mol_per_kg: float | None
    molar_mass_g_per_mol: float | None
    reference: str
    note: str
    line: int


def read_measurements(path: Path) -> list[Measurement]:
    """The rows of a table of measured values.

    Raises InputError, in one line with file, line, column and value, for a file that cannot be read and for the first
    row that cannot be used; and for two rows that state different values of the same.
    """
    table = open_table(path)
    where = f"{path}, line {table.header_line}"
    names = table.names = [_HEADINGS.get(name, name) for name in table.names or []]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"{where}: two columns hold {twice}; allowed is one")
    if missing := [name for name in REQUIRED if name not in names]:
        raise InputError(f"{where}: no column {missing[0]}; the first line names columns ({', '.join(COLUMNS)})")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise InputError(f"{where}: unknown column {unknown[0]!r}; known are {', '.join(COLUMNS)}")
    found: list[Measurement] = []
    stated: dict[tuple[object, ...], Measurement] = {}
    for row in table.rows:
        one = _Reader(table, row).measurement()
        what = (
            one.unit.key, one.quantity, one.temperature_k, one.salt, one.molality_mol_per_kg, one.molar_mass_g_per_mol,
            one.reference, one.note,
        )  # fmt: skip
        if what in stated:
            other = "the same value as" if stated[what].value == one.value else "another value of what is"
            raise InputError(
                f"{table.where(row)}: {other} in line {stated[what].line}; allowed is one of them, or a reference or a "
                "note that tells them apart"
            )
        stated[what] = one
        found.append(one)
    if not found:
        raise InputError(f"{path}: no row; allowed is one measured value or more")
    return found


def molality_of(unit: RepeatUnit | None, content: float, content_unit: str, salt: str) -> float | None:
    """Molality (mol of salt per kg of polymer) of a salt content in one of `CONTENT_UNITS`, with one cation in a
    formula unit; None where it cannot be told: a polymer without oxygen, a salt whose molar mass is not known, and
    with None for a material of several parts a content per atom or unit."""
    if content_unit == "mol/kg":
        return content
    if content_unit == "wt%":
        if salt not in SALT_MASSES or content >= 100:
            return None
        return 1000.0 * content / (100.0 - content) / SALT_MASSES[salt]
    if unit is None:
        return None
    if "units" in content_unit:
        sites = len(unit.word) / len(unit.written)  # repeat units as written, in one period
    else:
        sites = sum(atom.GetSymbol() == "O" for atom in unit.mol.GetAtoms())
    ratio = content if content_unit.startswith("Li") else 1.0 / content
    return 1000.0 * ratio * sites / repeat_unit_mass(unit) if sites else None


class _Reader:
    """Reads the cells of one row."""

    def __init__(self, table: Table, row: Row):
        self._where, self._line = table.where(row), row.line
        cells = zip(table.names or [], row.cells, strict=True)
        self._cells = dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in cells}

    def measurement(self) -> Measurement:
        cells = self._cells
        try:
            unit = read_material(cells["monomer_smiles"], ORGANIC_ELEMENTS)
        except InvalidRepeatUnit as reason:
            raise InputError(f"{self._where}: monomer_smiles: {reason} (docs/formulations.md)") from None
        if cells["quantity"] not in NAMES:
            raise self._complaint("quantity", cells["quantity"], f"allowed is {', '.join(NAMES)}")
        column = column_of(cells["quantity"]) or ""
        stated = self._number("value")
        if stated is None:
            raise self._complaint("value", "", "allowed is a number")
        value, error = converted(column, stated, self._number("error"), cells["unit"], self._complaint)
        if column == NAMES["conductivity"] and value == 0:
            raise self._complaint("value", cells["value"], "allowed is a number above 0")
        salt, molality = self._salt(unit, column)
        return Measurement(
            unit=unit,
            name=cells["name"],
            quantity=column,
            value=value,
            error=error,
            temperature_k=self._temperature(column),
            salt=salt,
            molality_mol_per_kg=molality,
            molar_mass_g_per_mol=self._number("molar_mass_g_per_mol"),
            reference=cells["reference"],
            note=cells["note"],
            line=self._line,
        )

    def _temperature(self, column: str) -> float | None:
        stated, unit = self._number("temperature"), self._cells["temperature_unit"]
        if column == GLASS_TRANSITION:
            if stated is not None:
                raise self._complaint("temperature", stated, "a glass transition has none; allowed is nothing")
            return None
        if stated is None:
            raise self._complaint("temperature", "", "allowed is a number, with temperature_unit K or C")
        if (found := TEMPERATURE.get(unit.replace("°", ""))) is None:
            raise self._complaint("temperature_unit", unit, "allowed is K or C")
        kelvin, (low, high) = found.value(stated), TEMPERATURE_K
        if not low <= kelvin <= high:
            raise self._complaint("temperature", f"{stated:g} {unit}", f"allowed is from {low:g} to {high:g} K")
        return round(kelvin, 4)

    def _salt(self, unit: Material, column: str) -> tuple[str, float | None]:
        salt, content, content_unit = (
            self._cells["salt"],
            self._number("salt_content"),
            self._cells["salt_content_unit"],
        )
        content_unit = "wt%" if content_unit.lower() in _PERCENT else content_unit
        if not salt:
            if content:
                raise self._complaint("salt", "", "allowed is the name of the salt of salt_content")
            if column != GLASS_TRANSITION:
                raise self._complaint("salt", "", "only a glass transition is stated without salt; allowed is a name")
            return "", None
        if content_unit not in CONTENT_UNITS:
            told = f"allowed is {', '.join(CONTENT_UNITS)}; [EO]:[Li] of an ether is O/Li"
            raise self._complaint("salt_content_unit", content_unit, told)
        if content is None or not content > 0:
            raise self._complaint("salt_content", self._cells["salt_content"], "allowed is a number above 0")
        molality = molality_of(unit.homopolymer, content, content_unit, salt)
        if molality is None and unit.homopolymer is None:
            known = f"mol/kg, or wt% with one of {', '.join(SALT_MASSES)}"
            raise self._complaint(
                "salt_content_unit", content_unit, f"allowed for a material of several parts is {known}"
            )
        if molality is None:
            known = f"a polymer with oxygen, and for wt% one of {', '.join(SALT_MASSES)}"
            raise self._complaint(
                "salt_content_unit", content_unit, f"needs {known}; allowed here is mol/kg or units/Li"
            )
        low, high = MOLALITY
        if not low <= molality <= high:
            told = f"{content:g} {content_unit}, which is {molality:.3g} mol/kg"
            raise self._complaint("salt_content", told, f"allowed is from {low:g} to {high:g} mol/kg")
        return salt, float(f"{molality:.6g}")

    def _number(self, column: str) -> float | None:
        text = self._cells[column]
        if not text:
            return None
        try:
            value = number(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._complaint(column, text, "allowed is a number")
        return value

    def _complaint(self, column: str, value: object, allowed: str) -> InputError:
        return InputError(f"{self._where}: {column} = {str(value)!r}: {allowed}")
