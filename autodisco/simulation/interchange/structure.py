"""Atoms, bonds and coordinates without parameters: topologies of OpenMM, which writes mmCIF."""

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodisco.simulation.molecule import Molecule, System


def atom_names(molecule: Molecule) -> list[str]:
    """Names that are unique within a molecule: the element and a number, such as C12."""
    seen: Counter[str] = Counter()

    def named() -> Iterator[str]:
        for element in molecule.elements:
            seen[element] += 1
            yield f"{element}{seen[element]}"

    return list(named())


def topology(system: System) -> Any:
    """The topology of a box for OpenMM: each molecule is a residue with unique names of atoms."""
    from openmm.app import Element, Topology

    from autodisco.simulation.engines.openmm_system import ANGSTROM

    made = Topology()
    chain = made.addChain("A")
    for number, molecule in enumerate(system.molecules, 1):
        residue = made.addResidue(molecule.name, chain, str(number))
        for name, element in zip(atom_names(molecule), molecule.elements, strict=True):
            made.addAtom(name, Element.getBySymbol(element), residue)
    atoms = list(made.atoms())
    for first, second in system.bonds.tolist():
        made.addBond(atoms[first], atoms[second])
    made.setPeriodicBoxVectors((np.diag(system.box) * ANGSTROM).tolist())
    return made


def mmcif(system: System) -> str:
    """The text of an mmCIF file: elements, residues, coordinates (Å), cell, and bonds as ``_struct_conn``."""
    from openmm import unit
    from openmm.app import PDBxFile

    text = io.StringIO()
    PDBxFile.writeFile(topology(system), system.positions * unit.angstrom, text)
    return text.getvalue()
