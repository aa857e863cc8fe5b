"""A System for LAMMPS: its data file, in which equal rows of parameters become one type, and the commands before it."""

import numpy as np

from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.simulation.forms import KINDS, Form, PairRule
from autodisco.simulation.molecule import Integers, System, Terms

SKIPPED = "skip"  # in a section that the style of a type does not have, where several styles are mixed


def styles(system: System, cutoff: float, accuracy: float) -> str:
    """The commands that choose styles for all interactions of `system`; `cutoff` in Å, `accuracy` relative.

    Raises InputError for what LAMMPS does not have: a form, a mixing rule, bonds without a term, no pair rule.
    """
    rule = system.pair_rule
    if rule is None:
        raise InputError("LAMMPS needs a force field with a pair rule")
    if rule.mixing.name not in [mixing.name for mixing in rule.form.lammps_mixings]:
        raise InputError(f"LAMMPS does not mix {rule.form.name} by the rule {rule.mixing.name}")
    if sum(len(system.terms(form).atoms) for form in _forms(system, "bond")) != len(system.bonds):
        raise InputError("LAMMPS needs a bond term for each bond, because it finds near neighbours by them")
    text = f"pair_style {rule.form.lammps_style} {cutoff}\npair_modify mix {rule.mixing.name} tail yes\n"
    text += f"kspace_style pppm {accuracy}\n"
    for kind in KINDS:
        names = [str(form.lammps_style) for form in _forms(system, kind)]
        if names:
            text += f"{kind}_style {' '.join(['hybrid', *names] if len(names) > 1 else names)}\n"
    return text + _special_bonds(rule)


def _special_bonds(rule: PairRule) -> str:
    van_der_waals, coulomb = (
        " ".join(f"{factor:.10g}" for factor in row) for row in (rule.van_der_waals, rule.coulomb)
    )
    if van_der_waals == coulomb:
        return f"special_bonds lj/coul {coulomb}\n"
    return f"special_bonds lj {van_der_waals} coul {coulomb}\n"


def _forms(system: System, kind: str) -> list[Form]:
    """Forms of one kind in the order of their types."""
    forms = [form for form in system.forms if form.kind == kind]
    for form in forms:
        if form.lammps_style is None:
            raise InputError(f"LAMMPS does not have the form {form.name}")
    return forms


def data_file(system: System, hydrogen_mass: float | None = None, title: str = "autodisco") -> str:
    """The text of the data file; `hydrogen_mass` (g/mol) makes hydrogens heavier at the cost of their neighbour."""
    masses = system.simulated_masses(hydrogen_mass)
    names = [name for m in system.molecules for name in m.types]
    labels, codes = np.unique(names, return_inverse=True)
    atom_types, type_of_atom = _types(np.column_stack([masses, system.nonbonded, codes]))

    coefficients: list[str] = [_section("Masses", [f"{row[0]:.6f} # {labels[int(row[-1])]}" for row in atom_types])]
    coefficients.append(_section("Pair Coeffs", [_numbers(row[1:-1]) for row in atom_types]))
    counts = [f"{len(masses)} atoms", f"{len(atom_types)} atom types"]
    topology: list[str] = []
    for kind in KINDS:
        terms = [system.terms(form) for form in _forms(system, kind)]
        types = [_types(part.parameters) for part in terms]
        first = np.cumsum([1, *[len(distinct) for distinct, _ in types]])
        counts += [f"{sum(len(part.atoms) for part in terms)} {kind}s", f"{first[-1] - 1} {kind} types"]
        if not terms:
            continue
        coefficients += _coefficients(terms, [distinct for distinct, _ in types])
        rows = [
            [begin + number, *atoms]
            for part, (_, type_of_term), begin in zip(terms, types, first, strict=False)
            for number, atoms in zip(type_of_term.tolist(), (part.atoms + 1).tolist(), strict=True)
        ]
        topology.append(_section(f"{kind.capitalize()}s", [" ".join(map(str, row)) for row in rows]))

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


def _coefficients(terms: list[Terms], types: list[Floats]) -> list[str]:
    """The sections of parameters of one kind; with several forms, each row names its style."""
    mixed = len(terms) > 1
    sections: list[str] = []
    for name in dict.fromkeys(name for part in terms for name in part.form.lammps_sections):
        rows: list[str] = []
        for part, distinct in zip(terms, types, strict=True):
            columns = part.form.lammps_sections.get(name)
            style = f"{part.form.lammps_style} " if mixed else ""
            rows += [SKIPPED if columns is None else style + _row(part.form, columns, row) for row in distinct]
        sections.append(_section(f"{name} Coeffs", rows))
    return sections


def _row(form: Form, columns: tuple[str | int, ...], row: Floats) -> str:
    """The words of one row: parameters by name, numbers as they stand."""
    words = iter(_numbers(row[form.columns(columns)]).split())
    return " ".join(next(words) if isinstance(column, str) else str(column) for column in columns)


def _types(rows: Floats) -> tuple[Floats, Integers]:
    """Distinct rows and, for each row, which of them it is."""
    if not len(rows):
        return rows, np.zeros(0, dtype=np.int64)
    types, index = np.unique(rows, axis=0, return_inverse=True)
    return types, index.reshape(-1)


def _section(name: str, rows: list[str]) -> str:
    return f"{name}\n\n" + "\n".join(f"{number} {row}" for number, row in enumerate(rows, start=1))


def _numbers(row: Floats) -> str:
    return " ".join(f"{value:.8g}" for value in row)
