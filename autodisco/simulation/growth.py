"""Growing chains in a box, unit by unit, from conformers of their repeat units."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from scipy.sparse import coo_array, csr_array, eye_array
from scipy.spatial.transform import Rotation

from autodisco.arrays import Floats, Indices
from autodisco.polymer.chains import CappedUnit, Chain
from autodisco.simulation.conformers import embedded
from autodisco.simulation.space import HEAVY, Bools, Space, anywhere

NEARBY_UNITS, NEARBY_SCALE = 4, 0.65  # units this near along the chain may come closer; minimisation parts them
# Crowded chains have no place at full distance; the best of the tries is then taken down to this share of it,
# which still keeps heavy atoms of different chains 1.68 Å apart, too far for a bond inside a six-ring (1.58 Å).
LEAST_CLEARANCE = 0.7
TRIES_PER_UNIT = 100
LEAST_TRIES_PER_CHAIN = 40  # units without a place before a chain starts again; longer chains get one per unit
STARTS_PER_CHAIN = 8
TRIES_AT_ONCE = 25
CONFORMERS, CONFORMERS_OF_TRIMER = 20, 12
TORSION_JITTER = 0.2  # rad


@dataclass(frozen=True)
class Shapes:
    """m conformers of a capped unit, (m, n, 3), with the head at the origin and its open bond along -z.

    `torsions` (m,) are those of the links to the unit before, NaN for any; `azimuths` (m,) those about z of the
    backbone atom after the head.
    """

    positions: Floats
    torsions: Floats
    azimuths: Floats

    @classmethod
    def of(cls, positions: list[Floats], torsions: list[float], unit: CappedUnit) -> "Shapes":
        """Conformers from RDKit, turned into place."""
        turned = []
        for x in positions:
            inward = _direction(x[unit.head_cap] - x[unit.head])
            turned.append((x - x[unit.head]) @ _basis(-inward).T)
        local = np.array(turned)
        after = local[:, unit.backbone[2]]
        return cls(local, np.array(torsions), np.arctan2(after[:, 1], after[:, 0]))


PLACES = ("first", "inner", "last")
ShapesByPlace = dict[tuple[str, int], Shapes]
"""By the place in a chain and the kind of the unit."""


class ChainGrower:
    """Grows the chains of one polymer from shapes of lone units; if they find no place, from shapes of units that have
    neighbours, which then serve all later chains too.

    `trimers` are chains of three units of each kind.
    """

    def __init__(self, trimers: list[Chain], rng: np.random.Generator, tick: Callable[[], None]):
        self._trimers, self._rng, self._tick = trimers, rng, tick
        self._shapes = _lone_unit_shapes([trimer.unit(0) for trimer in trimers], rng)

    def grow(self, chain: Chain, heavy: Bools, space: Space) -> Floats | None:
        """Coordinates of a chain, or None when all tries failed."""
        bound = _within_three_bonds(chain.mol)
        for _ in range(STARTS_PER_CHAIN):
            placed = _grow(chain, self._shapes, heavy, bound, space, self._rng, self._tick)
            if placed is not None:
                return placed
            if len(chain.sequence) > 2:
                self._shapes = {}
                for kind, trimer in enumerate(self._trimers):
                    self._shapes |= _inner_unit_shapes(trimer, kind, self._rng)
        return None


def _lone_unit_shapes(units: list[CappedUnit], rng: np.random.Generator) -> ShapesByPlace:
    """Conformers of the methyl-capped repeat units, the same for every place in the chain."""
    found: ShapesByPlace = {}
    for kind, unit in enumerate(units):
        conformers = embedded(unit.mol, CONFORMERS, rng)
        shapes = Shapes.of(conformers, [math.nan] * len(conformers), unit)
        found |= {(place, kind): shapes for place in PLACES}
    return found


def _inner_unit_shapes(trimer: Chain, kind: int, rng: np.random.Generator) -> ShapesByPlace:
    """Conformers cut from trimers, with the torsions of their links: real neighbours show what fits a crowded chain."""
    unit = trimer.unit(0)
    found: dict[str, list[Floats]] = {place: [] for place in PLACES}
    torsions: dict[str, list[float]] = {place: [] for place in PLACES}
    for positions in embedded(trimer.mol, CONFORMERS_OF_TRIMER, rng):
        whole = [np.full((unit.mol.GetNumAtoms(), 3), np.nan) for _ in range(3)]
        for x, k, copy in zip(positions, trimer.unit_of, trimer.copy_of, strict=True):
            whole[k][copy] = x
        for left, right in ((0, 1), (1, 2)):
            whole[left][unit.tail_cap] = whole[right][unit.head]
            whole[right][unit.head_cap] = whole[left][unit.tail]
        for k, place in enumerate(PLACES):
            found[place].append(whole[k])
            torsions[place].append(_link_torsion(whole[k - 1], whole[k], unit) if k else math.nan)
    return {(place, kind): Shapes.of(found[place], torsions[place], unit) for place in PLACES}


def _link_torsion(before: Floats, after: Floats, unit: CappedUnit) -> float:
    """Torsion in rad about the link of two units of one kind, seen from the backbone atoms beside it."""
    path = unit.backbone
    a, b, c, d = before[path[-3]], before[unit.tail], after[unit.head], after[path[2]]
    axis = _direction(c - b)
    first, second = np.cross(axis, a - b), np.cross(axis, d - c)
    return math.atan2(float(np.cross(first, second) @ axis), float(first @ second))


def _grow(
    chain: Chain,
    shapes: ShapesByPlace,
    heavy: Bools,
    bound: csr_array,
    space: Space,
    rng: np.random.Generator,
    tick: Callable[[], None],
) -> Floats | None:
    """Coordinates of one chain that clashes with nothing, or None when the tries are used up."""
    n = len(chain.sequence)
    atoms = [np.flatnonzero(chain.unit_of == k) for k in range(n)]
    copies = [chain.copy_of[a] for a in atoms]
    longest_link = max(_link_length(first, second) for first in chain.kinds for second in chain.kinds)
    reach = longest_link + HEAVY + max(np.nanmax(np.linalg.norm(s.positions, axis=2)) for s in shapes.values())
    placed: list[Floats] = []
    failures = stuck = longest = 0
    while len(placed) < n:
        tick()
        k = len(placed)
        far = _joined(placed, copies, atoms, heavy, range(k - NEARBY_UNITS))
        if len(far[0]):
            away = far[0] - placed[-1][chain.unit(k - 1).tail]
            away -= space.edge * np.round(away / space.edge)
            close = np.einsum("ij,ij->i", away, away) < reach**2
            far = far[0][close], far[1][close]
        nearby = range(max(0, k - NEARBY_UNITS), k)
        near = _joined(placed, copies, atoms, heavy, nearby)
        bound_to_near = bound[atoms[k]][:, np.concatenate([atoms[m] for m in nearby])].toarray() if k else None
        choices = shapes["first" if k == 0 else "last" if k == n - 1 else "inner", chain.sequence[k]]
        before = (placed[-1], chain.unit(k - 1), _link_length(chain.unit(k - 1), chain.unit(k))) if k else None
        best = None
        best_clearance = LEAST_CLEARANCE
        for _ in range(TRIES_PER_UNIT // TRIES_AT_ONCE):
            tried = _attached(choices, *before, rng) if before else _started(choices, space, rng)
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
    placed: list[Floats], copies: list[Indices], atoms: list[Indices], heavy: Bools, units: range
) -> tuple[Floats, Bools]:
    """Coordinates and kinds of the atoms of several placed units."""
    if not len(units):
        return np.zeros((0, 3)), np.zeros(0, dtype=bool)
    return np.concatenate([placed[m][copies[m]] for m in units]), np.concatenate([heavy[atoms[m]] for m in units])


def _started(shapes: Shapes, space: Space, rng: np.random.Generator) -> Floats:
    """Several shapes anywhere in the box, (m, n, 3)."""
    return np.array([anywhere(shapes.positions[i], space, rng) for i in rng.integers(len(shapes.positions), size=5)])


def _attached(shapes: Shapes, placed: Floats, before: CappedUnit, link: float, rng: np.random.Generator) -> Floats:
    """Several shapes (m, n, 3) whose heads continue the open bond of the unit before, with their torsions or any."""
    outward = _direction(placed[before.tail_cap] - placed[before.tail])
    basis = _basis(outward)
    which = rng.integers(len(shapes.positions), size=TRIES_AT_ONCE)
    angles = rng.random(TRIES_AT_ONCE) * 2 * math.pi
    jitter = rng.normal(0.0, TORSION_JITTER, TRIES_AT_ONCE)
    x, y, _ = basis @ (placed[before.backbone[-3]] - placed[before.tail])
    wanted = shapes.torsions[which] + jitter + math.atan2(y, x) - shapes.azimuths[which]
    angles = np.where(np.isnan(wanted), angles, wanted)
    turned = Rotation.from_rotvec(angles[:, None] * np.array([0.0, 0.0, 1.0])).as_matrix()
    local = shapes.positions[which] @ turned.transpose(0, 2, 1)
    return np.asarray(local @ basis + placed[before.tail] + outward * link)


def _basis(axis: Floats) -> Floats:
    """Three unit vectors as rows, right-handed, the last of them `axis`."""
    first = _direction(np.cross([1.0, 0.0, 0.0] if abs(axis[0]) < 0.9 else [0.0, 1.0, 0.0], axis))
    return np.array([first, np.cross(axis, first), axis])


def _direction(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)


def _link_length(before: CappedUnit, after: CappedUnit) -> float:
    """Sum of the covalent radii (Å) of the atoms of a link."""
    radius = Chem.GetPeriodicTable().GetRcovalent
    ends = (after.mol.GetAtomWithIdx(after.head), before.mol.GetAtomWithIdx(before.tail))
    return float(sum(radius(atom.GetAtomicNum()) for atom in ends))
