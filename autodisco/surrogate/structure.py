"""Numbers that describe the infinite chain of a repeat unit: counts of atoms with their neighbours, and descriptors.

Both are taken from the atoms of one period in the middle of a chain that is long enough for them not to see its ends,
and are divided by the number of these atoms. They are therefore the same for every spelling of a polymer, whichever
the cut, the direction and the number of repeats, and they compare short repeat units with long ones. No ring is closed:
a ring of conjugated units would count as aromatic. Configurations are not told apart.

A material of several parts has the mean over its chains and molecules, weighted by heavy atoms; a random copolymer is
the mean of its dyads (`Material.chains`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.Chem.rdMolDescriptors import GetFeatureInvariants

from autodisco.arrays import Bools, Floats, Indices
from autodisco.polymer import ORGANIC_ELEMENTS, Molecule, RepeatUnit, join_blocks, read_material
from autodisco.polymer.identity import Word

FURTHEST_PAIR = 7
"""Bonds between the two atoms of a pair."""

REACH = FURTHEST_PAIR + 3
"""Bonds beyond the period that may matter: as far as a pair reaches, and what gives its far atom a role."""

LONGEST_GAP = 12
"""A longer distance between donors counts as this one, and so does a backbone without any."""

FURTHEST = 8.0
"""Scales from its centre at which a descriptor is cut off."""

_ATOMS = rdFingerprintGenerator.GetMorganGenerator(radius=0)
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=1)
_ROLES_AROUND = rdFingerprintGenerator.GetMorganGenerator(radius=3)
_ELEMENTS = {"C": 1, "N": 2, "O": 2, "S": 3}
"""Number of an element in the role of an atom; 0 for the others."""

_KIND_BITS = 44
"""Identifiers of patterns of one kind are below 2 to this power; the number of the kind stands above."""

_DONORS = ("O", "N")


@dataclass(frozen=True)
class Structure:
    """What the surrogate sees of one material.

    Attributes
    ----------
    bits : identifiers of the environments of radius 0 and 1 (Morgan), ascending, shape (k,)
    counts : how often each occurs per heavy atom, shape (k,)
    atoms : which of the environments are atoms alone, of radius 0, shape (k,)
    pattern_bits : identifiers of the patterns (`patterns`), ascending, shape (m,)
    pattern_counts : the share of each among those of its kind, shape (m,)
    descriptors : in the order of `DESCRIPTORS`, each minus its centre and divided by its scale, shape (d,)
    """

    bits: Indices
    counts: Floats
    atoms: Bools
    pattern_bits: Indices
    pattern_counts: Floats
    descriptors: Floats


@dataclass(frozen=True)
class Period:
    """The middle period of a chain.

    `atoms` and `backbone` are its heavy atoms and those of them on the shortest path through the chain; `inside` holds
    the indices of `atoms`.
    """

    mol: Chem.Mol
    atoms: list[Chem.Atom]
    backbone: list[Chem.Atom]
    inside: frozenset[int]

    @classmethod
    def of_word(cls, word: Word) -> "Period":
        """A period of a chain, with at least `REACH` backbone atoms on both sides of it."""
        one = Chem.MolFromSmiles(join_blocks(word))
        size = one.GetNumAtoms() - 2
        path = list(Chem.GetShortestPath(one, 0, size + 1))[1:-1]
        beside = -(-REACH // len(path))
        mol = Chem.MolFromSmiles(join_blocks(word, 2 * beside + 1))
        first = beside * size + 1
        atoms = [mol.GetAtomWithIdx(index) for index in range(first, first + size)]
        return cls(mol, atoms, [atoms[index - 1] for index in path], frozenset(range(first, first + size)))

    @classmethod
    def of_molecule(cls, molecule: Molecule) -> "Period":
        """A whole molecule; its backbone is the longest of the shortest paths between two atoms."""
        mol = molecule.mol
        distances = Chem.GetDistanceMatrix(mol)
        first, last = map(int, np.unravel_index(np.argmax(distances), distances.shape))
        path = Chem.GetShortestPath(mol, first, last) if first != last else (first,)
        atoms = list(mol.GetAtoms())
        return cls(mol, atoms, [atoms[index] for index in path], frozenset(range(len(atoms))))


@lru_cache(maxsize=1 << 16)
def structure(smiles: str) -> Structure:
    """The structure of a material. Raises InvalidRepeatUnit for a string that is none."""
    chains = read_material(smiles, ORGANIC_ELEMENTS).chains
    found = [_of_part(part) for part, _ in chains]
    return found[0] if len(found) == 1 else _mean(found, [share for _, share in chains])


@lru_cache(maxsize=1 << 14)
def _of_part(part: RepeatUnit | Molecule) -> Structure:
    period = Period.of_molecule(part) if isinstance(part, Molecule) else Period.of_word(part.word)
    return measured(period)


def _mean(found: Sequence[Structure], shares: Sequence[float]) -> Structure:
    bits, counts = _mean_counts([(one.bits, one.counts) for one in found], shares)
    atoms = np.isin(bits, np.concatenate([one.bits[one.atoms] for one in found]))
    patterns = _mean_counts([(one.pattern_bits, one.pattern_counts) for one in found], shares)
    descriptors = np.average([one.descriptors for one in found], axis=0, weights=shares)
    return Structure(bits, counts, atoms, *patterns, descriptors)


def _mean_counts(found: Sequence[tuple[Indices, Floats]], shares: Sequence[float]) -> tuple[Indices, Floats]:
    bits = np.unique(np.concatenate([bits for bits, _ in found]))
    counts = np.zeros(len(bits))
    for (own, of_own), share in zip(found, shares, strict=True):
        counts[np.searchsorted(bits, own)] += share * of_own
    return bits, counts


def measured(period: Period) -> Structure:
    """The structure of one period."""
    bits, counts = environments(period)
    atoms = np.isin(bits, _counted(_ATOMS, period)[0])
    values = [(measure(period) - centre) / scale for measure, centre, scale in DESCRIPTORS.values()]
    return Structure(bits, counts, atoms, *patterns(period), np.clip(values, -FURTHEST, FURTHEST))


def environments(period: Period) -> tuple[Indices, Floats]:
    """Bits and counts of a period (`Structure`)."""
    bits, counts = _counted(_MORGAN, period)
    return bits, counts / len(period.atoms)


def patterns(period: Period) -> tuple[Indices, Floats]:
    """Environments of roles up to radius 3, and pairs of roles. Each of the two kinds has a sum of 1."""
    roles = _roles(period.mol)
    kinds = [_counted(_ROLES_AROUND, period, roles), _pairs(period, np.array(roles))]
    # identifiers of different kinds may be equal
    every = np.concatenate([own + (kind << _KIND_BITS) for kind, (own, _) in enumerate(kinds)])
    return every, np.concatenate([of_own / max(of_own.sum(), 1e-9) for _, of_own in kinds])


def _roles(mol: Chem.Mol) -> list[int]:
    """What each atom does, whatever its neighbours: hydrogen-bond donor or acceptor, aromatic, halogen, basic, acidic
    (RDKit's feature invariants, after Gobbi and Poppinger, Biotechnol. Bioeng. 1998, 61, 47); carbon, N or O, S or
    another element; sp2; in a ring."""
    return [
        (feature << 4)
        | (_ELEMENTS.get(atom.GetSymbol(), 0) << 2)
        | ((atom.GetHybridization() == Chem.HybridizationType.SP2) << 1)
        | atom.IsInRing()
        for feature, atom in zip(GetFeatureInvariants(mol), mol.GetAtoms(), strict=True)
    ]


def _pairs(period: Period, roles: Indices) -> tuple[Indices, Floats]:
    """Pairs of roles up to `FURTHEST_PAIR` bonds apart, each counted once for every atom of it in the period."""
    inside = np.array(sorted(period.inside))
    distances = Chem.GetDistanceMatrix(period.mol)[inside].astype(np.int64)
    here, there = np.nonzero((distances > 0) & (distances <= FURTHEST_PAIR))
    ends = np.sort([roles[inside[here]], roles[there]], axis=0)
    bits, counts = np.unique((((ends[0] << 16) | ends[1]) << 4) | distances[here, there], return_counts=True)
    return bits, counts.astype(np.float64)


def _counted(generator: Any, period: Period, invariants: list[int] | None = None) -> tuple[Indices, Floats]:
    """Bits of a fingerprint, ascending, and how often each occurs in a period."""
    found = generator.GetSparseCountFingerprint(
        period.mol, fromAtoms=sorted(period.inside), customAtomInvariants=invariants or []
    ).GetNonzeroElements()
    bits = np.array(sorted(found), dtype=np.int64)
    return bits, np.array([found[bit] for bit in bits.tolist()], dtype=np.float64)


def _share(wanted: Callable[[Chem.Atom], bool]) -> Callable[[Period], float]:
    """The share of the heavy atoms that are of a kind."""
    return lambda period: sum(map(wanted, period.atoms)) / len(period.atoms)


def _element(*symbols: str) -> Callable[[Period], float]:
    return _share(lambda atom: atom.GetSymbol() in symbols)


def _pattern(smarts: str, symmetry: int = 1) -> Callable[[Period], float]:
    """Matches of a pattern per heavy atom that begin in the period; each is found as often as it is symmetric."""
    pattern = Chem.MolFromSmarts(smarts)

    def per_atom(period: Period) -> float:
        found = period.mol.GetSubstructMatches(pattern, uniquify=False, maxMatches=1_000_000)
        return float(sum(match[0] in period.inside for match in found)) / symmetry / len(period.atoms)

    return per_atom


def _oxygen_to_carbon(period: Period) -> float:
    return _element("O")(period) / max(_element("C")(period), 0.1)


def _mass(period: Period) -> float:
    """g/mol of heavy atom with its hydrogens."""
    return float(np.mean([atom.GetMass() + 1.008 * atom.GetTotalNumHs() for atom in period.atoms]))


def _branched(period: Period) -> float:
    return sum(bool(atom.GetDegree() > 2) for atom in period.backbone) / len(period.backbone)


def _gaps(period: Period) -> list[int]:
    """Backbone atoms between each donor and the next one, across the ends of the period too."""
    length = len(period.backbone)
    donors = [place for place, atom in enumerate(period.backbone) if atom.GetSymbol() in _DONORS]
    following = [*donors[1:], *(first + length for first in donors[:1])]
    return [after - before - 1 for before, after in zip(donors, following, strict=True)]


def _gap(wanted: int) -> Callable[[Period], float]:
    return lambda period: _gaps(period).count(wanted) / len(period.backbone)


def _longest_gap(period: Period) -> float:
    return min(max(_gaps(period), default=LONGEST_GAP), LONGEST_GAP)


DESCRIPTORS: dict[str, tuple[Callable[[Period], float], float, float]] = {
    "carbon": (_element("C"), 0.64, 0.07),
    "O:C": (_oxygen_to_carbon, 0.39, 0.16),
    "sulfur": (_element("S"), 0.0, 0.05),
    "halogen": (_element("F", "Cl", "Br", "I"), 0.0, 0.05),
    "N-H": (_pattern("[#7;H1,H2]"), 0.08, 0.07),
    "tertiary amine": (_pattern("[NX3;H0;!$(NC=O)]"), 0.01, 0.05),
    "O-H": (_pattern("[OX2H]"), 0.0, 0.05),
    "ether": (_pattern("[#6;!$(C=O)][OD2][#6;!$(C=O)]", 2), 0.01, 0.05),
    "carbonyl": (_pattern("[#6]=O"), 0.11, 0.05),
    "N-O": (_pattern("[#7]-[#8]"), 0.0, 0.05),
    "N-N": (_pattern("[#7]-[#7]", 2), 0.0, 0.05),
    "O-O": (_pattern("[#8]-[#8]", 2), 0.0, 0.05),
    "methyl": (_pattern("[CH3]"), 0.13, 0.08),
    "aromatic": (_share(lambda atom: atom.GetIsAromatic()), 0.0, 0.2),
    "mass": (_mass, 14.5, 0.43),
    "branched": (_branched, 0.38, 0.11),
    "gap 1": (_gap(1), 0.14, 0.05),
    "gap 2": (_gap(2), 0.14, 0.1),
    "longest gap": (_longest_gap, 2.8, 1.1),
}
"""Measure, centre and scale of each descriptor: per heavy atom or per backbone atom, so that long and short repeat
units compare. A gap is the number of backbone atoms between a donor (O, N) and the next one. Centres and scales are
mean and standard deviation over the 6,024 polymers of HTP-MD, the scales of shares at least 0.05 (`bench/prior_mean.py`
prints them)."""
