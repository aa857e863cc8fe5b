"""The results of scans of one polymer or formulation in one folder: rows of conditions, fits, a table and a plot.

A folder holds what was scanned with one protocol, force field, engine and seed; a further scan adds its conditions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autodisco.analysis import conditions as fits
from autodisco.analysis.conditions import Condition
from autodisco.errors import InputError
from autodisco.files import read_json, write_atomic, write_json
from autodisco.simulation import protocols
from autodisco.simulation.cache import RECIPE
from autodisco.store import SCAN_FILE

Row = dict[str, Any]
TABLE_FILE, PLOT_FILE = "scan.csv", "scan.png"


def condition_of(row: Mapping[str, Any]) -> Condition:
    """The condition of a row that was read from a file."""
    return Condition(
        row["molality_mol_per_kg"],
        row["temperature_k"],
        row["ion_pairs"],
        tuple(row["replicas_s_per_cm"]),
        row["molality_in_box_mol_per_kg"],
    )


def earlier_rows(folder: Path, protocol: str) -> list[Row]:
    """Rows of earlier scans in a folder of results, none without one.

    Raises InputError for results of another protocol with the same name, or of a version of the program whose values
    differ: both would replace builds, too.
    """
    file = folder / SCAN_FILE
    if not file.exists():
        return []
    try:
        found = read_json(file)
        told, recipe, rows = found["protocol_content"], found["recipe"], list(found["values"])
        for row in rows:
            condition_of(row)
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{file} cannot be read as results of a scan; move it away, or give another --out") from None
    if recipe != RECIPE:
        raise InputError(
            f"{file} holds values of another version of the program (recipe {recipe}, now {RECIPE}); they would be "
            "overwritten: give another --out, or remove them"
        )
    loaded = protocols.load(protocol)
    if not loaded.is_same_as(told):
        raise InputError(
            f"{file} holds values of another protocol with the name {loaded.name}; they would be overwritten: give "
            "another --out, or another name in the protocol file"
        )
    return rows


def with_earlier(rows: Sequence[Row], earlier: Sequence[Row]) -> list[Row]:
    """One row for each condition, by temperature and molality: that with more builds, of equal ones the new one."""
    kept = {_place(row): row for row in earlier}
    for row in rows:
        before = kept.get(_place(row))
        if before is None or row["n_replicas"] >= before["n_replicas"]:
            kept[_place(row)] = row
    return [kept[place] for place in sorted(kept)]


def content(told: Mapping[str, Any], protocol: str, rows: Sequence[Row], folder: Path) -> Row:
    """Everything that `scan.json` holds; `told` says of which polymer and simulation the rows are."""
    conditions = [condition_of(row) for row in rows]
    return {
        **told,
        "recipe": RECIPE,
        "values": list(rows),
        "fits_over_molality": [fit.to_dict() for fit in fits.over_salt(conditions)],
        "fits_over_temperature": [fit.to_dict() for fit in fits.over_temperature(conditions)],
        "files": [str(folder / name) for name in (SCAN_FILE, TABLE_FILE, *[PLOT_FILE] * _any_resolved(conditions))],
        "protocol_content": protocols.load(protocol).content(),
    }


def title_of(found: Mapping[str, Any]) -> str:
    """Polymer, protocol and force field, for people."""
    return f"{found['monomer_smiles']} ({found['protocol']}, {found['force_field']})"


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write what `content` gave, as JSON, table and plot; `scan.json` is written last. There is no plot without a
    condition that is resolved."""
    conditions = [condition_of(row) for row in found["values"]]
    write_atomic(folder / TABLE_FILE, fits.as_csv({found["monomer_smiles"]: conditions}))
    if _any_resolved(conditions):
        write_atomic(folder / PLOT_FILE, fits.plot(conditions, title_of(found)))
    write_json(folder / SCAN_FILE, found)


def _any_resolved(conditions: Sequence[Condition]) -> bool:
    return any(one.resolved for one in conditions)


def _place(row: Row) -> tuple[float, float]:
    return row["temperature_k"], row["molality_mol_per_kg"]
