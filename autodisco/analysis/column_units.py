"""Units of columns: what their names say, and the codes of units in the vocabularies that exported tables use."""

import re

from autodisco.analysis.quantities import unit_of

ENDINGS = {
    "_s_per_cm": "S/cm", "_cm2_per_s": "cm²/s", "_g_per_cm3": "g/cm³", "_g_per_mol": "g/mol", "_mol_per_kg": "mol/kg",
    "_kj_per_mol": "kJ/mol", "_mpa_sqrt": "MPa^½", "_mpa": "MPa", "_gpa": "GPa", "_angstrom": "Å", "_molal": "mol/kg",
    "_ev": "eV", "_ps": "ps", "_ns": "ns", "_k": "K", "_s": "s", "_v": "V",
}  # fmt: skip
"""What the names of columns say of their units."""

UNIT = re.compile(rf"({'|'.join(ENDINGS)})(_sem|_error|_at_least|_expected|_expected_low|_expected_high)?$")
MOMENTS = frozenset({"started", "ended", "time"})
"""Columns that hold a moment, in seconds since 1970-01-01 00:00 UTC."""

UCUM = {
    "S/cm": "S/cm", "cm²/s": "cm2/s", "g/cm³": "g/cm3", "mol/kg": "mol/kg", "g/mol": "g/mol", "K": "K", "Å": "Ao",
    "ps": "ps", "ns": "ns", "s": "s", "1/s": "/s", "MPa": "MPa", "GPa": "GPa", "e": "[e]", "V": "V", "eV": "eV",
    "kJ/mol": "kJ/mol",
}  # fmt: skip
"""Code of a unit in the Unified Code for Units of Measure (ucum.org); units that it lacks are left out."""

QUDT = "http://qudt.org/vocab/unit/"
QUDT_UNITS = {
    "S/cm": "S-PER-CentiM", "cm²/s": "CentiM2-PER-SEC", "g/cm³": "GM-PER-CentiM3", "mol/kg": "MOL-PER-KiloGM",
    "g/mol": "GM-PER-MOL", "K": "K", "Å": "ANGSTROM", "ps": "PicoSEC", "ns": "NanoSEC", "s": "SEC", "1/s": "PER-SEC",
    "MPa": "MegaPA", "GPa": "GigaPA", "V": "V", "eV": "EV", "kJ/mol": "KiloJ-PER-MOL",
}  # fmt: skip
"""Name of a unit in QUDT (qudt.org), whose addresses RO-Crate uses."""


def unit_of_column(name: str) -> str:
    """The unit of a column by the table of quantities, otherwise by what its name ends in; empty for pure numbers and
    text."""
    if name in MOMENTS:
        return "s"
    if unit := unit_of(name):
        return unit
    found = UNIT.search(name)
    return ENDINGS[found.group(1)] if found else ""
