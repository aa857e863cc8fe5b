"""Which repeat units are the same polymer: the infinite chain as a word over its blocks.

A bond of the backbone that is single and in no ring (a bridge of the infinite chain) is a place where the chain could
have been cut instead. These bonds divide the chain into blocks, each with a left and a right neighbour: a CH2, an ester
carbonyl, a phenylene with all its side groups, a double bond with its configuration. The infinite chain is therefore
an endless periodic word of oriented blocks, and two chains are the same graph exactly when their words are equal after
dropping repetition (smallest period), shifting (where the cut is) and reading backwards. No ring is ever closed, so
that small backbones and aromaticity need no special case.

Blocks are cut out of a SMILES of the unit, read as what it is: a tree of atoms, and digits where bonds close rings. A
bond of the tree is a bridge when no closed ring runs across it, and putting an end in the place of one side of a bond
changes neither the order of neighbours, on which chirality rests, nor the marks of double bonds. Chemistry is left to
RDKit, which makes every block canonical, once. The canonical repeat unit is put together from the texts of its blocks.

Chirality and cis/trans are compared where they are marked. Reading backwards turns the marks with the chain, so that an
isotactic chain is one polymer whichever mark is written, while enantiomers of a chain with a direction stay apart.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rdkit import Chem, rdBase

from autodisco.polymer.spelling import BONDS, DIGITS, LEFT_END, MARKS, RIGHT_END, in_line, tokens_of

#: Oriented blocks from left to right, each a canonical SMILES with its ends written [1*] (left) and [2*] (right).
Word = tuple[str, ...]

_SINGLE = frozenset(("", "-", "/", "\\"))
_TURNED = str.maketrans("/\\", "\\/")


def chain_word(tokens: Sequence[str]) -> Word | None:
    """The canonical word of the infinite chain of a unit with one `LEFT_END` and one `RIGHT_END`.

    None where the tokens are no SMILES that RDKit can read, or where an end has not one single bond to one atom of the
    unit. What RDKit says of the blocks holds for the unit: valence, charge and aromaticity of an atom depend on the
    bonds around it and in its rings, and no block loses one of these.
    """
    word = _word(tokens)
    return _writable(word) if word and any(_has_marks(block) for block in word) else word


def _word(tokens: Sequence[str]) -> Word | None:
    tree = _read(tokens)
    if tree is None:
        return None
    path = tree.path()
    if not tree.is_sound(path):
        return None
    readings = [_oriented(block) for block in _blocks(tokens, tree, path)]
    known = [reading for reading in readings if reading]
    if len(known) < len(readings):
        return None
    forward, backward = zip(*known, strict=True)
    return _canonical_rotation(forward, backward[::-1])


def has_sound_ends(tokens: Sequence[str]) -> bool:
    """Whether each end of a unit has one bond, a single one, to an atom of the unit."""
    tree = _read(tokens)
    return tree is not None and tree.is_sound(tree.path())


def readings(word: Word) -> list[Word]:
    """Every way to cut one period of a chain and to read it, the canonical one first."""
    return [way[start:] + way[:start] for way in (word, turned(word)) for start in range(len(word))]


def turned(word: Word) -> Word:
    """The word of a piece of chain, read from its other end."""
    return tuple(_known(block)[1] for block in reversed(word))


def spellings(word: Word) -> list[str]:
    """The `readings` of a word as SMILES with two ``*``, each once."""
    return list(dict.fromkeys(repeated(way) for way in readings(word)))


def key_of(word: Word) -> str:
    """Stable 16-digit hexadecimal key of a chain, fit for a folder name."""
    return hashlib.sha256("\n".join(word).encode()).hexdigest()[:16]


def repeated(word: Word, times: int = 1) -> str:
    """`times` smallest periods of a chain in a row, as a SMILES that begins and ends with ``*``.

    Atoms come in the order of the chain, each block with its side groups, so that every period adds the same text.
    """
    whole, aromatic, mark = "*", False, ""
    for starts_aromatic, text, ends_aromatic, last_mark in [in_line(block) for block in word] * times:
        if mark and text[0] in MARKS:
            if text[0] != mark:  # turning all marks of a block keeps all its configurations
                text, last_mark = text.translate(_TURNED), last_mark.translate(_TURNED)
            whole = whole.removesuffix(mark)  # one bond, one mark
        elif aromatic and starts_aromatic:
            whole += "-"  # between two aromatic atoms, but not aromatic itself
        whole += text
        aromatic, mark = ends_aromatic, last_mark
    return f"{whole}*"


@dataclass(slots=True)
class _Tree:
    """The atoms of a SMILES, numbered as written.

    `parents` is the atom before each, -1 for the first, and `single` whether the bond to it is. `degrees` count bonds,
    those that close rings included; `in_ring` holds atoms whose bond to the parent is part of a ring.
    """

    parents: list[int]
    single: list[bool]
    degrees: list[int]
    in_ring: set[int]
    left: int
    right: int

    def path(self) -> list[int]:
        """Atoms from the left end to the right one."""
        up, down = [self.left], [self.right]
        while up[-1] != down[-1]:
            side = up if up[-1] > down[-1] else down
            side.append(self.parents[side[-1]])
        return up + down[-2::-1]

    def is_sound(self, path: list[int]) -> bool:
        """Whether each end has one bond, a single one, and not to the other end."""
        upper = [max(pair) for pair in (path[:2], path[-2:])]  # the atom of each end's bond that is not the parent
        return (
            len(path) > 2
            and self.degrees[self.left] == self.degrees[self.right] == 1
            and all(self.single[atom] for atom in upper)
        )


def _has_marks(text: str) -> bool:
    return "/" in text or "\\" in text


@lru_cache(maxsize=1 << 12)
def _writable(word: Word) -> Word:
    """The word itself if its text says what it says; else the word without any configuration of double bonds.

    A mark stands on a single bond and counts for the double bonds at both of its ends. Between two marked ones a double
    bond of unknown configuration cannot be written, and neither can some that share a bond; what cannot be written is
    left out, the same for every spelling of the chain.
    """
    if all(_word(_with_ends(text)) == word for text in (repeated(word, 2), *spellings(word))):
        return word
    unmarked = _word(_with_ends(repeated(word).replace("/", "").replace("\\", "")))
    assert unmarked is not None
    return unmarked


def _with_ends(unit: str) -> list[str]:
    """Tokens of a text that begins and ends with ``*``, its ends labelled."""
    return tokens_of(f"{LEFT_END}{unit[1:-1]}{RIGHT_END}")


def _read(tokens: Sequence[str]) -> _Tree | None:
    """The tree that the tokens write down; None for brackets, rings or bonds that do not belong to two atoms."""
    parents: list[int] = []
    single: list[bool] = []
    degrees: list[int] = []
    in_ring: set[int] = set()
    opened: dict[str, int] = {}
    behind: list[int] = []
    current, bond, left, right = -1, "", -1, -1
    for token in tokens:
        if token == "(":
            if bond or current < 0:
                return None
            behind.append(current)
        elif token == ")":
            if bond or not behind:
                return None
            current = behind.pop()
        elif token in BONDS:
            if bond or current < 0:
                return None
            bond = token
        elif token[0] in DIGITS:
            if current < 0:
                return None
            degrees[current] += 1
            if token in opened:
                a, b = opened.pop(token), current
                while a != b:
                    in_ring.add(max(a, b))
                    a, b = min(a, b), parents[max(a, b)]
            else:
                opened[token] = current
            bond = ""
        else:
            parents.append(current)
            single.append(bond in _SINGLE)
            degrees.append(0 if current < 0 else 1)
            if current >= 0:
                degrees[current] += 1
            current, bond = len(parents) - 1, ""
            if token == LEFT_END:
                left = current
            elif token == RIGHT_END:
                right = current
    if bond or behind or opened:
        return None
    return _Tree(parents, single, degrees, in_ring, left, right)


def _blocks(tokens: Sequence[str], tree: _Tree, path: list[int]) -> list[str]:
    """The unit cut at the bridges of its backbone, from left to right; each block a SMILES with both ends."""
    cuts: dict[int, tuple[str, str]] = {}
    for before, after in pairwise(path[1:-1]):
        child = max(before, after)
        if tree.single[child] and child not in tree.in_ring:
            # What takes the place of the child, and what that of the parent.
            cuts[child] = (RIGHT_END, LEFT_END) if child == after else (LEFT_END, RIGHT_END)
    text: list[str] = []
    texts = {0: text}
    behind: list[list[str]] = []
    bond, atom = "", -1
    for token in tokens:
        if token == "(":
            text.append(token)
            behind.append(text)
        elif token == ")":
            text = behind.pop()
            text.append(token)
        elif token in BONDS:
            bond = token
        elif token[0] in DIGITS:
            text.append(bond + token)
            bond = ""
        else:
            atom += 1
            if atom in cuts:
                child_end, parent_end = cuts[atom]
                text.append(bond + child_end)
                text = texts[atom] = [parent_end]
            text.append(bond + token)
            bond = ""
    # Blocks are filed under their first atom, that of the whole text under 0; the path turns at its lowest number.
    turn = path.index(min(path))
    going_left = [atom for atom in path[:turn] if atom in cuts]
    going_right = [atom for atom in path[turn:] if atom in cuts]
    return ["".join(texts[atom]) for atom in (*going_left, 0, *going_right)]


@lru_cache(maxsize=1 << 16)
def _oriented(block: str) -> tuple[str, str] | None:
    """Canonical SMILES of a block as met from the left, and as met from the right; None where there is none."""
    with rdBase.BlockLogs():
        forward, backward = _canonical(block), _canonical(_swapped(block))
    return (forward, backward) if forward and backward else None


def _known(block: str) -> tuple[str, str]:
    reading = _oriented(block)
    assert reading is not None  # it stands in a word
    return reading


def _swapped(block: str) -> str:
    return block.replace(LEFT_END, "[0*]").replace(RIGHT_END, LEFT_END).replace("[0*]", RIGHT_END)


def _canonical(smiles: str) -> str | None:
    """The SMILES that RDKit writes and writes again when it has read it; None for what it cannot read.

    For a few blocks with stereo the first text that it writes is not yet the one, or several follow each other.
    """
    texts: list[str] = []
    while smiles not in texts:
        texts.append(smiles)
        mol = Chem.MolFromSmiles(smiles)
        if mol is None:
            return None
        smiles = str(Chem.MolToSmiles(mol))
    return min(texts[texts.index(smiles) :])


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
