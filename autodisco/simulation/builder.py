"""Boxes of polymers, solvents and salts: chains are grown unit by unit, rigid molecules placed, with periodic images.

A box is made at a low density, which the equilibration raises.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from rdkit import Chem

from autodisco.analysis.components import Component, Role
from autodisco.analysis.trajectory import HETEROATOMS
from autodisco.arrays import Floats
from autodisco.errors import SimulationFailure
from autodisco.polymer import RepeatUnit
from autodisco.polymer.chains import Chain
from autodisco.simulation.conformers import weighted
from autodisco.simulation.contents import BoxContents, applied, chain_of, composition, sequences
from autodisco.simulation.forcefield import ForceField
from autodisco.simulation.forcefield.ions import Ion, Salt
from autodisco.simulation.formulation import Formulation, neutral_molecule, of
from autodisco.simulation.growth import ChainGrower
from autodisco.simulation.molecule import Molecule, System
from autodisco.simulation.protocols import SystemSettings
from autodisco.simulation.ring_piercing import pierced_rings
from autodisco.simulation.space import Space, edge_of, insert

TRIES_PER_BOX = 3


@dataclass(frozen=True)
class _Part:
    """One molecule of the box, before it has coordinates.

    `kind` is what molecules of one component share: the number of a polymer or a solvent in the formulation, or an ion.
    """

    role: Role
    kind: int | str
    name: str
    molecule: Molecule
    chain: Chain | None = None
    ion: Ion | None = None


@dataclass(frozen=True)
class Plan:
    """Every molecule of a box in the order of its atoms, before any has coordinates."""

    formulation: Formulation
    contents: BoxContents
    parts: tuple[_Part, ...]
    solvents: tuple[Chem.Mol, ...]

    @property
    def molecules(self) -> list[Molecule]:
        """The molecules in the order of their atoms."""
        return [part.molecule for part in self.parts]


def plan(subject: RepeatUnit | Formulation, settings: SystemSettings, seed: int, force_field: ForceField) -> Plan:
    """What is in a box: chains, solvents, then the ions of each formula unit, anions first; the same for the same seed.

    Raises SimulationFailure (`parameters-missing`) from the force field, InputError as `composition` does.
    """
    formulation = of(subject)
    settings = applied(formulation, settings)
    contents = composition(formulation, settings)
    parts = list(_chains(formulation, contents, seed, force_field))
    solvents = tuple(neutral_molecule(solvent.smiles) for solvent in formulation.solvents)
    for kind, (mol, n) in enumerate(zip(solvents, contents.solvents, strict=True)):
        molecule = replace(force_field.polymer(mol), name=_residue("SOL", kind))
        parts += [_Part("solvent", kind, formulation.solvents[kind].smiles, molecule)] * n
    parts += _ions(contents.salts, settings.charge_scale, force_field)
    return Plan(formulation, contents, tuple(parts), solvents)


def _chains(formulation: Formulation, contents: BoxContents, seed: int, force_field: ForceField) -> Iterator[_Part]:
    for kind, (polymer, lengths) in enumerate(zip(formulation.polymers, contents.chains, strict=True)):
        made: dict[tuple[int, ...], _Part] = {}
        for sequence in sequences(polymer, lengths, seed + kind):
            if sequence not in made:
                chain = chain_of(polymer, sequence)
                molecule = replace(force_field.polymer(chain.mol), name=_residue("POL", kind))
                made[sequence] = _Part("polymer", kind, polymer.title, molecule, chain)
            yield made[sequence]


def _ions(salts: tuple[tuple[Salt, int], ...], charge_scale: float, force_field: ForceField) -> Iterator[_Part]:
    made: dict[str, _Part] = {}
    for salt, units in salts:
        for ion in salt.ions:
            role: Role = "cation" if ion.charge > 0 else "anion"
            if ion.name not in made:
                made[ion.name] = _Part(role, ion.name, ion.name, force_field.ion(ion, charge_scale), ion=ion)
        yield from [made[ion.name] for ion in salt.ions] * units


def _residue(stem: str, kind: int) -> str:
    """Name of a residue: POL for the first polymer, then PO2, PO3, …"""
    return stem if not kind else f"{stem[:2]}{kind + 1}"


def build(
    subject: RepeatUnit | Formulation,
    settings: SystemSettings,
    seed: int,
    force_field: ForceField,
    on_progress: Callable[[int], None] = lambda placed: None,
) -> System:
    """A box at `settings.build_density_g_per_cm3`, the same for the same seed.

    `on_progress` is told how often a unit or a molecule was tried so far.
    Raises SimulationFailure: `build-overlap` when no arrangement is found, `parameters-missing` from the force field;
    and InputError as `plan` does.
    """
    rng = np.random.default_rng(seed)
    planned = plan(subject, settings, seed, force_field)
    edge = edge_of(sum(float(m.masses.sum()) for m in planned.molecules), settings.build_density_g_per_cm3)
    tried = itertools.count(1)

    def tick() -> None:
        on_progress(next(tried))

    growers = [
        ChainGrower([chain_of(polymer, (kind,) * 3) for kind in range(len(polymer.kinds))], rng, tick)
        for polymer in planned.formulation.polymers
    ]
    conformers = [weighted(mol, rng) for mol in planned.solvents]
    for _ in range(TRIES_PER_BOX):
        space = Space(edge)
        positions: list[Floats] = []
        for part in planned.parts:
            heavy = np.array([element != "H" for element in part.molecule.elements])
            if part.chain:
                placed = growers[int(part.kind)].grow(part.chain, heavy, space)
            elif part.ion:
                assert part.molecule.template is not None
                heavy[:] = True
                placed = insert(part.molecule.template, heavy, space, rng)
            else:
                shapes, weights = conformers[int(part.kind)]
                placed = insert(shapes[rng.choice(len(shapes), p=weights)], heavy, space, rng)
            if placed is None:
                break
            space.add(placed, heavy)
            positions.append(placed)
            tick()
        else:
            system = system_of(planned, np.concatenate(positions), edge, force_field)
            if not _has_pierced_ring(planned, system):
                return system
    text = f"no arrangement of {planned.contents} without overlaps in {TRIES_PER_BOX} tries"
    raise SimulationFailure("build-overlap", text)


def system_of(planned: Plan, positions: Floats, edge: float, force_field: ForceField) -> System:
    """The system of a plan whose atoms stand at `positions` (n, 3) in Å, in a cube with this edge (Å)."""
    counts = Counter(id(part.molecule) for part in planned.parts)
    listed = {id(part.molecule): part for part in planned.parts}.values()
    neutral = [part.molecule for part in listed if part.ion is None]
    matrix_mass = sum(float(molecule.masses.sum()) * counts[id(molecule)] for molecule in neutral)
    formula_units = {salt.name: n for salt, n in planned.contents.salts}
    labels: dict[str, object] = {
        "monomer_smiles": smiles_of(planned.formulation),
        "formulation": planned.formulation.title,
        "salts": formula_units,
        "matrix_mass_g_per_mol": matrix_mass,
        "concentration_actual_molal": sum(formula_units.values()) / matrix_mass * 1000.0,
        "estimated_terms": sorted({term for part in listed for term in part.molecule.estimated_terms}),
        "force_field_flags": list(dict.fromkeys(flag for part in listed for flag in part.molecule.force_field_flags)),
    }
    return System(
        planned.molecules, positions, np.full(3, edge), labels, _components(planned), pair_rule=force_field.pair_rule
    )


def smiles_of(formulation: Formulation) -> str:
    """The canonical repeat unit of a lone homopolymer; the title of anything else."""
    return formulation.homopolymer.smiles if formulation.homopolymer else formulation.title


def _components(planned: Plan) -> tuple[Component, ...]:
    """The components in the order in which their first molecules stand in the box."""
    starts = [0, *itertools.accumulate(len(part.molecule) for part in planned.parts)]
    grouped: dict[tuple[Role, int | str], list[tuple[int, _Part]]] = {}
    for start, part in zip(starts, planned.parts, strict=False):
        grouped.setdefault((part.role, part.kind), []).append((start, part))
    return tuple(_component(members, planned.contents.salts) for members in grouped.values())


def _component(members: list[tuple[int, _Part]], salts: tuple[tuple[Salt, int], ...]) -> Component:
    first = members[0][1]
    spans = tuple((start, start + len(part.molecule)) for start, part in members)
    if ion := first.ion:
        in_salts = {salt.name: salt.ions.count(ion) for salt, _ in salts if ion in salt.ions}
        return Component(
            role=first.role, name=first.name, charge=float(ion.charge), atoms=spans,
            coordinating=tuple(start + atom for start, _ in spans for atom in ion.coordinating),
            centres=tuple(start + ion.centre for start, _ in spans),
            per_formula_unit=in_salts, contact_a=ion.contact_a, shell_a=ion.shell_a,
        )  # fmt: skip
    coordinating = [
        start + atom
        for start, part in members
        for atom, element in enumerate(part.molecule.elements)
        if element in HETEROATOMS
    ]
    units = tuple(len(part.chain.sequence) for _, part in members if part.chain)
    return Component(first.role, first.name, 0.0, spans, tuple(coordinating), units=units)


def _has_pierced_ring(planned: Plan, system: System) -> bool:
    """Whether a bond goes through a ring of a chain or of a solvent."""
    rings: list[tuple[int, ...]] = []
    for start, part in zip(system.offsets, planned.parts, strict=True):
        mol = part.chain.mol if part.chain else planned.solvents[int(part.kind)] if part.role == "solvent" else None
        if mol is not None:
            rings += [tuple(atom + start for atom in ring) for ring in mol.GetRingInfo().AtomRings()]
    return bool(pierced_rings(rings, system.bonds, system.positions, system.box))
