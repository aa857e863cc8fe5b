"""A System as a LAMMPS data file for the class2 styles: equal rows of parameters become one type."""

import numpy as np
from numpy.typing import NDArray

from autodisco.simulation.molecule import (
    ANGLE_COLUMNS,
    BOND_COLUMNS,
    DIHEDRAL_COLUMNS,
    IMPROPER_COLUMNS,
    System,
)

# name in the header, section of the terms, columns of the parameters
TERM_SECTIONS = (
    ("bond", "bonds", "Bonds", BOND_COLUMNS),
    ("angle", "angles", "Angles", ANGLE_COLUMNS),
    ("dihedral", "dihedrals", "Dihedrals", DIHEDRAL_COLUMNS),
    ("improper", "impropers", "Impropers", IMPROPER_COLUMNS),
)


def data_file(system: System, hydrogen_mass: float | None = None, title: str = "autodisco") -> str:
    """The text of the data file; `hydrogen_mass` (g/mol) makes hydrogens heavier at the cost of their neighbour."""
    masses = system.simulated_masses(hydrogen_mass)
    pairs = np.concatenate([m.nonbonded for m in system.molecules])
    names = [name for m in system.molecules for name in m.types]
    labels, codes = np.unique(names, return_inverse=True)
    atom_types, type_of_atom = _types(np.column_stack([masses, pairs, codes]))

    coefficients: list[str] = [_section("Masses", [f"{row[0]:.6f} # {labels[int(row[3])]}" for row in atom_types])]
    coefficients.append(_section("Pair Coeffs", [_numbers(row[1:3]) for row in atom_types]))
    counts = [f"{len(masses)} atoms", f"{len(atom_types)} atom types"]
    topology: list[str] = []
    for word, kind, section, columns in TERM_SECTIONS:
        terms = system.terms(kind)
        types, type_of_term = _types(terms.parameters)
        counts += [f"{len(terms.atoms)} {kind}", f"{len(types)} {word} types"]
        if not len(types):
            continue
        for name, where in columns.items():
            coefficients.append(_section(f"{name} Coeffs", [_numbers(row[where]) for row in types]))
        rows = np.column_stack([type_of_term + 1, terms.atoms + 1])
        topology.append(_section(section, [" ".join(map(str, row)) for row in rows.tolist()]))

    molecule_of_atom = np.repeat(np.arange(len(system.molecules)) + 1, [len(m) for m in system.molecules])
    image = np.floor(system.positions / system.box).astype(int)
    wrapped = system.positions - image * system.box
    atoms = [
        f"{m} {t + 1} {q:.6f} {x:.5f} {y:.5f} {z:.5f} {a} {b} {c}"
        for m, t, q, (x, y, z), (a, b, c) in zip(
            molecule_of_atom, type_of_atom, system.charges, wrapped, image, strict=True
        )
    ]
    box = [f"0.0 {edge:.6f} {axis}lo {axis}hi" for edge, axis in zip(system.box, "xyz", strict=True)]
    parts = [title, "\n".join(counts), "\n".join(box), *coefficients, _section("Atoms # full", atoms), *topology]
    return "\n\n".join(parts) + "\n"


def _types(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distinct rows and, for each row, which of them it is."""
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64)
    types, index = np.unique(rows, axis=0, return_inverse=True)
    return types, index.reshape(-1)


def _section(name: str, rows: list[str]) -> str:
    return f"{name}\n\n" + "\n".join(f"{number} {row}" for number, row in enumerate(rows, start=1))


def _numbers(row: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.8g}" for value in row)
