"""From a repeat unit to a periodic box of chains and salt at low density, without overlaps.

Chains grow unit by unit from conformers of the methyl-capped repeat unit with random torsions at the links; a
unit that clashes with anything already placed is tried again, then the chain backs up. A box with a bond through a
ring is thrown away.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import AllChem
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.spatial.transform import Rotation

from autodisco.arrays import Floats
from autodisco.errors import SimulationFailure
from autodisco.polymer import RepeatUnit
from autodisco.polymer.chains import Chain, chain
from autodisco.simulation.boxes import BoxContents, composition
from autodisco.simulation.forcefield import ForceField
from autodisco.simulation.molecule import Molecule, System
from autodisco.simulation.protocols import SystemSettings
from autodisco.simulation.space import HEAVY, Bools, Space, anywhere, edge_of, insert
from autodisco.simulation.spearing import speared

Integers = NDArray[np.int64]

NEARBY_UNITS, NEARBY_SCALE = 4, 0.65  # units this near along the chain may come closer; minimisation parts them
# Crowded chains have no place at full distance; the best of the tries is then taken down to this share of it,
# which still keeps heavy atoms of strangers 1.68 Å apart, too far for a bond inside a six-ring (1.58 Å).
LEAST_CLEARANCE = 0.7
TRIES_PER_UNIT, TRIES_PER_BOX = 100, 3
LEAST_TRIES_PER_CHAIN = 40  # units without a place before a chain starts again; longer chains get one per unit
STARTS_PER_CHAIN = 8
TRIES_AT_ONCE = 25
CONFORMERS, CONFORMERS_OF_TRIMER = 20, 12
TORSION_JITTER = 0.2  # rad


def molecules(unit: RepeatUnit, settings: SystemSettings, force_field: ForceField) -> list[Molecule]:
    """What is in the box: chains, then cation and anion of each ion pair. Raises SimulationFailure as `build` does."""
    mix = composition(unit, settings)
    return _molecules(chain(unit, mix.units), mix, settings, force_field)


def _molecules(polymer: Chain, mix: BoxContents, settings: SystemSettings, force_field: ForceField) -> list[Molecule]:
    ions = {
        ion.name: force_field.ion(ion, settings.charge_scale)
        for salt in settings.salts if mix.ion_pairs
        for ion in (salt.cation, salt.anion)
    }  # fmt: skip
    salts = itertools.islice(itertools.cycle(settings.salts), mix.ion_pairs)
    return [force_field.polymer(polymer.mol)] * mix.chains + [ions[ion.name] for salt in salts for ion in salt.ions]


def build(
    unit: RepeatUnit,
    settings: SystemSettings,
    seed: int,
    force_field: ForceField,
    on_progress: Callable[[int], None] = lambda placed: None,
) -> System:
    """A box of chains and salt at `settings.build_density_g_per_cm3`, the same for the same seed.

    `on_progress` is told how often a unit or an ion was tried so far.
    Raises SimulationFailure: `build-overlap` when no arrangement is found, `parameters-missing` from the force field.
    """
    rng = np.random.default_rng(seed)
    mix = composition(unit, settings)
    polymer = chain(unit, mix.units)
    parts_of_box = _molecules(polymer, mix, settings, force_field)
    molecule = parts_of_box[0]
    mass = sum(float(m.masses.sum()) for m in parts_of_box)
    edge = edge_of(mass, settings.build_density_g_per_cm3)
    tried = itertools.count(1)
    ladder = _Ladder(unit, polymer, mix.units, rng, lambda: on_progress(next(tried)))
    for _ in range(TRIES_PER_BOX):
        space = Space(edge)
        parts: list[Floats] = []
        for part in parts_of_box:
            if part.template is None:
                heavy = np.array([e != "H" for e in part.elements])
                placed = ladder.grow(heavy, space)
            else:
                heavy = np.ones(len(part), dtype=bool)
                placed = insert(part.template, heavy, space, rng)
            if placed is None:
                break
            space.add(placed, heavy)
            parts.append(placed)
            on_progress(next(tried))
        else:
            polymer_mass = float(molecule.masses.sum()) * mix.chains
            labels = {
                "monomer_smiles": unit.smiles,
                "units_per_chain": mix.units,
                "chains": mix.chains,
                "salt": " + ".join(salt.name for salt in settings.salts) if mix.ion_pairs else "",
                "ion_pairs": mix.ion_pairs,
                "n_polymer_atoms": len(molecule) * mix.chains,
                "polymer_mass_g_per_mol": polymer_mass,
                "concentration_actual_molal": mix.ion_pairs / polymer_mass * 1000.0,
                "estimated_terms": list(molecule.estimated_terms),
                "force_field_flags": list(molecule.force_field_flags),
            }
            system = System(
                parts_of_box, np.concatenate(parts), np.full(3, edge), labels, pair_rule=force_field.pair_rule
            )
            if not _is_speared(polymer, mix.chains, system):
                return system
    raise SimulationFailure("build-overlap", f"no arrangement of {mix} without overlaps in {TRIES_PER_BOX} tries")


def _is_speared(polymer: Chain, chains: int, system: System) -> bool:
    """Whether a bond goes through a ring of a chain; the chains come first."""
    of_one = polymer.mol.GetRingInfo().AtomRings()
    rings = [tuple(atom + offset for atom in ring) for offset in system.offsets[:chains] for ring in of_one]
    return bool(speared(rings, system.bonds, system.positions, system.box))


@dataclass(frozen=True)
class _Shapes:
    """m conformers of the capped unit, (m, n, 3), with the head at the origin and its open bond along -z.

    `torsions` (m,) are those of the links to the unit before, NaN for any; `azimuths` (m,) those about z of the
    backbone atom after the head.
    """

    positions: Floats
    torsions: Floats
    azimuths: Floats

    @classmethod
    def of(cls, positions: list[Floats], torsions: list[float], polymer: Chain) -> "_Shapes":
        """Conformers as they came, turned into place."""
        turned = []
        for x in positions:
            inward = _direction(x[polymer.head_cap] - x[polymer.head])
            turned.append((x - x[polymer.head]) @ _basis(-inward).T)
        local = np.array(turned)
        after = local[:, _path(polymer)[2]]
        return cls(local, np.array(torsions), np.arctan2(after[:, 1], after[:, 0]))


Shapes = dict[str, _Shapes]  # for the "first", "inner" and "last" place in a chain


class _Ladder:
    """Grows chains from shapes of lone units; where one finds no place, from shapes that know their neighbours.

    What a chain had to climb to stays for the chains after it.
    """

    def __init__(self, unit: RepeatUnit, polymer: Chain, n: int, rng: np.random.Generator, tick: Callable[[], None]):
        self._unit, self._polymer, self._n, self._rng, self._tick = unit, polymer, n, rng, tick
        self._shapes = _lone_unit_shapes(polymer, rng)
        self._bound = _within_three_bonds(polymer.mol)

    def grow(self, heavy: Bools, space: Space) -> Floats | None:
        """Coordinates of a chain, or None when all tries failed."""
        for _ in range(STARTS_PER_CHAIN):
            placed = _grow(self._polymer, self._shapes, self._n, heavy, self._bound, space, self._rng, self._tick)
            if placed is not None:
                return placed
            if self._n > 2:
                self._shapes = _inner_unit_shapes(self._unit, self._polymer, self._rng)
        return None


def _lone_unit_shapes(polymer: Chain, rng: np.random.Generator) -> Shapes:
    """Conformers of the methyl-capped repeat unit, the same for every place in the chain."""
    conformers = embedded(polymer.unit, CONFORMERS, rng)
    shapes = _Shapes.of(conformers, [math.nan] * len(conformers), polymer)
    return dict.fromkeys(("first", "inner", "last"), shapes)


def _inner_unit_shapes(unit: RepeatUnit, polymer: Chain, rng: np.random.Generator) -> Shapes:
    """Conformers cut from trimers, with the torsions of their links: real neighbours show what fits a crowded chain."""
    trimer = chain(unit, 3)
    found: dict[str, list[Floats]] = {"first": [], "inner": [], "last": []}
    torsions: dict[str, list[float]] = {"first": [], "inner": [], "last": []}
    for positions in embedded(trimer.mol, CONFORMERS_OF_TRIMER, rng):
        whole = [np.full((polymer.unit.GetNumAtoms(), 3), np.nan) for _ in range(3)]
        for x, k, copy in zip(positions, trimer.unit_of, trimer.copy_of, strict=True):
            whole[k][copy] = x
        for left, right in ((0, 1), (1, 2)):
            whole[left][polymer.tail_cap] = whole[right][polymer.head]
            whole[right][polymer.head_cap] = whole[left][polymer.tail]
        for k, place in enumerate(found):
            found[place].append(whole[k])
            torsions[place].append(_link_torsion(whole[k - 1], whole[k], polymer) if k else math.nan)
    return {place: _Shapes.of(found[place], torsions[place], polymer) for place in found}


def _link_torsion(before: Floats, after: Floats, polymer: Chain) -> float:
    """Torsion in rad about the link of two units, seen from the backbone atoms beside it."""
    path = _path(polymer)
    a, b, c, d = before[path[-3]], before[polymer.tail], after[polymer.head], after[path[2]]
    axis = _direction(c - b)
    first, second = np.cross(axis, a - b), np.cross(axis, d - c)
    return math.atan2(float(np.cross(first, second) @ axis), float(first @ second))


def _path(polymer: Chain) -> list[int]:
    """Atoms of the capped unit along the backbone, from one cap to the other."""
    return list(Chem.GetShortestPath(polymer.unit, polymer.head_cap, polymer.tail_cap))


def embedded(mol: Chem.Mol, n: int, rng: np.random.Generator) -> list[Floats]:
    """Up to `n` conformers (atoms, 3) of a molecule. Raises SimulationFailure (`build-overlap`) without any."""
    mol = Chem.Mol(mol)
    for random_start in (False, True):
        AllChem.EmbedMultipleConfs(
            mol, n, randomSeed=int(rng.integers(1 << 30)), useRandomCoords=random_start, maxAttempts=100
        )
        if mol.GetNumConformers():
            return [c.GetPositions() for c in mol.GetConformers()]
    raise SimulationFailure("build-overlap", "RDKit finds no three-dimensional structure")


def _grow(
    polymer: Chain,
    shapes: Shapes,
    n: int,
    heavy: Bools,
    bound: csr_array,
    space: Space,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> Floats | None:
    """Coordinates of one chain that clashes with nothing, or None when the tries are used up."""
    atoms = [np.flatnonzero(polymer.unit_of == k) for k in range(n)]
    copies = [polymer.copy_of[a] for a in atoms]
    link = _bond_length(polymer)
    reach = link + HEAVY + max(np.nanmax(np.linalg.norm(s.positions, axis=2)) for s in shapes.values())
    placed: list[Floats] = []
    failures = stuck = longest = 0
    while len(placed) < n:
        tick()
        k = len(placed)
        far = _joined(placed, copies, atoms, heavy, range(k - NEARBY_UNITS))
        if len(far[0]):
            away = far[0] - placed[-1][polymer.tail]
            away -= space.edge * np.round(away / space.edge)
            close = np.einsum("ij,ij->i", away, away) < reach**2
            far = far[0][close], far[1][close]
        nearby = range(max(0, k - NEARBY_UNITS), k)
        near = _joined(placed, copies, atoms, heavy, nearby)
        bound_to_near = bound[atoms[k]][:, np.concatenate([atoms[m] for m in nearby])].toarray() if k else None
        choices = shapes["first" if k == 0 else "last" if k == n - 1 else "inner"]
        best: Floats | None = None
        best_clearance = LEAST_CLEARANCE
        for _ in range(TRIES_PER_UNIT // TRIES_AT_ONCE):
            tried = _started(choices, space, rng) if k == 0 else _attached(choices, placed[-1], polymer, link, rng)
            x, h = tried[:, copies[k]], heavy[atoms[k]]
            clearances = space.between_each(x, h, *near, NEARBY_SCALE, bound_to_near)
            for one in np.argsort(-clearances, kind="stable"):
                if clearances[one] <= best_clearance:
                    break
                clearance = min(clearances[one], space.between(x[one], h, *far), space.clearance(x[one], h))
                if clearance > best_clearance:
                    best, best_clearance = tried[one], clearance
            if best_clearance == 1.0:
                break
        if best is not None:
            placed.append(best)
            if len(placed) > longest:
                longest, stuck = len(placed), 0
        else:
            failures, stuck = failures + 1, stuck + 1
            if failures > max(LEAST_TRIES_PER_CHAIN, n):
                return None
            # the longer it gets no further, the further it backs up
            del placed[max(0, k - stuck) :]
    return np.concatenate([placed[k][copies[k]] for k in range(n)])


def _within_three_bonds(mol: Chem.Mol) -> csr_array:
    """Which atoms (n, n) are at most three bonds apart: their distance is a matter of bonds, angles and torsions."""
    ends = np.array([(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()])
    n = mol.GetNumAtoms()
    bonds = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n)).tocsr()
    step = bonds + bonds.T + eye_array(n, format="csr")
    return (step @ step @ step).astype(bool)


def _joined(
    placed: list[Floats], copies: list[Integers], atoms: list[Integers], heavy: Bools, units: range
) -> tuple[Floats, Bools]:
    """Coordinates and kinds of the atoms of several placed units."""
    if not len(units):
        return np.zeros((0, 3)), np.zeros(0, dtype=bool)
    return np.concatenate([placed[m][copies[m]] for m in units]), np.concatenate([heavy[atoms[m]] for m in units])


def _started(shapes: _Shapes, space: Space, rng: np.random.Generator) -> Floats:
    """Several shapes anywhere in the box, (m, n, 3)."""
    return np.array([anywhere(shapes.positions[i], space, rng) for i in rng.integers(len(shapes.positions), size=5)])


def _attached(shapes: _Shapes, before: Floats, polymer: Chain, link: float, rng: np.random.Generator) -> Floats:
    """Several shapes (m, n, 3) whose heads continue the open bond of the unit before, with their torsions or any."""
    outward = _direction(before[polymer.tail_cap] - before[polymer.tail])
    basis = _basis(outward)
    which = rng.integers(len(shapes.positions), size=TRIES_AT_ONCE)
    angles = rng.random(TRIES_AT_ONCE) * 2 * math.pi
    jitter = rng.normal(0.0, TORSION_JITTER, TRIES_AT_ONCE)
    x, y, _ = basis @ (before[_path(polymer)[-3]] - before[polymer.tail])
    wanted = shapes.torsions[which] + jitter + math.atan2(y, x) - shapes.azimuths[which]
    angles = np.where(np.isnan(wanted), angles, wanted)
    turned = Rotation.from_rotvec(angles[:, None] * np.array([0.0, 0.0, 1.0])).as_matrix()
    local = shapes.positions[which] @ turned.transpose(0, 2, 1)
    return local @ basis + before[polymer.tail] + outward * link


def _basis(axis: Floats) -> Floats:
    """Three unit vectors as rows, right-handed, the last of them `axis`."""
    first = _direction(np.cross([1.0, 0.0, 0.0] if abs(axis[0]) < 0.9 else [0.0, 1.0, 0.0], axis))
    return np.array([first, np.cross(axis, first), axis])


def _direction(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)


def _bond_length(polymer: Chain) -> float:
    radius = Chem.GetPeriodicTable().GetRcovalent
    return sum(radius(polymer.unit.GetAtomWithIdx(i).GetAtomicNum()) for i in (polymer.head, polymer.tail))
