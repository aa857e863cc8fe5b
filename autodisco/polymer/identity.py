"""Which repeat units are the same polymer: the infinite chain as a word over its blocks.

A bond of the backbone that is single and in no ring (a bridge of the infinite chain) is a place where the chain could
have been cut instead. These bonds divide the chain into blocks, each with a left and a right neighbour: a CH2, an ester
carbonyl, a phenylene with all its side groups, a double bond with its configuration. The infinite chain is therefore
an endless periodic word of oriented blocks, and two chains are the same graph exactly when their words are equal after
dropping repetition (smallest period), shifting (where the cut is) and reading backwards. No ring is ever closed, so
that small backbones and aromaticity need no special case, and no character of a SMILES is ever moved.

Chirality and cis/trans are compared where they are marked. Reading backwards turns the marks with the chain, so that an
isotactic chain is one polymer whichever mark is written, while enantiomers of a chain with a direction stay apart.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from rdkit import Chem

#: Isotope labels of the two attachment points inside this package: the left and the right end of a unit or block.
LEFT, RIGHT = 1, 2

#: Oriented blocks from left to right, each a canonical SMILES with its ends written [1*] (left) and [2*] (right).
Word = tuple[str, ...]

_CIS_OR_TRANS = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOTRANS,
}


def chain_word(unit: Chem.Mol, path: Sequence[int]) -> Word:
    """The canonical word of the infinite chain that `unit` repeats.

    `unit` holds two attachment points with the isotopes `LEFT` and `RIGHT`; `path` lists the atom indices of the
    shortest path from the left to the right one, both included.
    """
    cuts, labels = [], []
    for left, right in pairwise(path[1:-1]):
        bond = unit.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            cuts.append(bond.GetIdx())
            # The first label goes to the dummy that takes the place of the bond's first atom, i.e. to the other side.
            labels.append((LEFT, RIGHT) if bond.GetBeginAtomIdx() == left else (RIGHT, LEFT))
    pieces = Chem.FragmentOnBonds(unit, cuts, dummyLabels=labels) if cuts else unit
    # Not canonical on purpose: canonical forms of blocks are cached, so that a unit costs one plain SMILES.
    written = Chem.MolToSmiles(pieces, canonical=False).split(".")
    position = {atom: place for place, atom in enumerate(path)}
    order = [min(position[atom] for atom in block if atom in position) for block in Chem.GetMolFrags(pieces)]
    forward, backward = zip(*(_oriented(block) for _, block in sorted(zip(order, written, strict=True))), strict=True)
    return _canonical_rotation(forward, backward[::-1])


def key_of(word: Word) -> str:
    """Stable 16-digit hexadecimal key of a chain, fit for a folder name."""
    return hashlib.sha256("\n".join(word).encode()).hexdigest()[:16]


@lru_cache(maxsize=1 << 14)
def smiles_of(word: Word) -> str:
    """The canonical repeat unit of a chain, one smallest period of it, as a SMILES with two ``*``."""
    # Labels stay on while the canonical SMILES is made: without them the ends of *[C@H](C)* would be alike, and which
    # of the two centres is written would be an accident.
    smiles = str(Chem.MolToSmiles(join_blocks(word)))
    return smiles.replace(f"[{LEFT}*]", "*").replace(f"[{RIGHT}*]", "*")


def join_blocks(word: Sequence[str]) -> Chem.Mol:
    """One molecule from oriented blocks or whole units, joined left to right, stereo kept; ends `LEFT`, `RIGHT`."""
    chain = Chem.RWMol()
    ends: dict[int, list[int]] = {LEFT: [], RIGHT: []}
    configured = []
    for block in word:
        piece, before = Chem.MolFromSmiles(block), chain.GetNumAtoms()
        for atom in piece.GetAtoms():
            if atom.GetAtomicNum() == 0:
                ends[atom.GetIsotope()].append(before + atom.GetIdx())
        # Configurations are set again at the end: neither insertion nor a change of neighbours carries them reliably.
        for bond in piece.GetBonds():
            if bond.GetStereo() in _CIS_OR_TRANS:
                atoms = [
                    before + atom for atom in (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), *bond.GetStereoAtoms())
                ]
                configured.append((atoms, _CIS_OR_TRANS[bond.GetStereo()]))
        chain.InsertMol(piece)
    bridges = list(zip(ends[RIGHT][:-1], ends[LEFT][1:], strict=True))
    stands_in = {}
    for left_end, right_end in bridges:
        stands_in[left_end] = chain.GetAtomWithIdx(right_end).GetNeighbors()[0].GetIdx()
        stands_in[right_end] = chain.GetAtomWithIdx(left_end).GetNeighbors()[0].GetIdx()
    for left_end, right_end in bridges:
        left_atom, right_atom = stands_in[right_end], stands_in[left_end]
        _detach(chain, left_atom, left_end)
        _detach(chain, right_atom, right_end)
        chain.AddBond(left_atom, right_atom, Chem.BondType.SINGLE)
    for bond in chain.GetBonds():
        bond.SetBondDir(Chem.BondDir.NONE)
    for (begin, end, *neighbours), stereo in configured:
        bond = chain.GetBondBetweenAtoms(begin, end)
        bond.SetStereoAtoms(*(stands_in.get(atom, atom) for atom in neighbours))
        bond.SetStereo(stereo)
    for spare in sorted(stands_in, reverse=True):
        chain.RemoveAtom(spare)
    # Perception starts from directions of single bonds and would drop configurations that are only set on the bond.
    Chem.SetDoubleBondNeighborDirections(chain)
    Chem.SanitizeMol(chain)
    Chem.AssignStereochemistry(chain, cleanIt=True, force=True)
    return chain.GetMol()


def _detach(chain: Chem.RWMol, atom: int, end: int) -> None:
    """Remove the bond between `atom` and its `end` so that a bond added next means the same to the atom's chirality."""
    centre = chain.GetAtomWithIdx(atom)
    others = [bond.GetOtherAtomIdx(atom) for bond in centre.GetBonds()]
    # Chirality is stored relative to the order of bonds, and the new bond will be the last one.
    if (len(others) - 1 - others.index(end)) % 2:
        centre.InvertChirality()
    chain.RemoveBond(atom, end)


@lru_cache(maxsize=1 << 16)
def _oriented(block: str) -> tuple[str, str]:
    """Canonical SMILES of a block as met from the left, and as met from the right."""
    return _canonical(block), _canonical(_swapped(block))


def _swapped(block: str) -> str:
    return block.replace(f"[{LEFT}*]", "[0*]").replace(f"[{RIGHT}*]", f"[{LEFT}*]").replace("[0*]", f"[{RIGHT}*]")


def _canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def _canonical_rotation(forward: Word, backward: Word) -> Word:
    """Smallest rotation of the primitive root of `forward` or of `backward`, its reading from the other end."""
    period = _smallest_period(forward)
    return min(_smallest_rotation(forward[:period]), _smallest_rotation(backward[:period]))


def _smallest_period(word: Word) -> int:
    length = len(word)
    for period in range(1, length // 2 + 1):
        if length % period == 0 and word[:period] * (length // period) == word:
            return period
    return length


def _smallest_rotation(word: Word) -> Word:
    first = min(word)
    return min(word[start:] + word[:start] for start, block in enumerate(word) if block == first)
