"""SMILES as tokens, and the text of a block from its left end to its right one.

The canonical SMILES of RDKit may write the right end in any branch. Here it comes last, so that blocks can be put in a
row. Branches change places for that. A ring may begin in one branch and end in another, so each ring has a number of
its own while they move, and gets its digit afterwards.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rdkit import Chem

#: Isotope labels of the two attachment points inside this package: the left and the right end of a unit or block.
LEFT, RIGHT = 1, 2

LEFT_END, RIGHT_END = f"[{LEFT}*]", f"[{RIGHT}*]"
BONDS, MARKS, DIGITS = frozenset("-=#:/\\"), frozenset("/\\"), frozenset("0123456789%")
_TOKEN = re.compile(r"\[[^]]+]|Br|Cl|[BCNOPSFI*bcnops]|%\d\d|\d|[-=#:/\\]|[()]")

#: Tokens of a SMILES with the digits of rings replaced by numbers, one for each ring.
_Numbered = list[str | int]


def tokens_of(smiles: str) -> list[str]:
    """Atoms, bonds, ring digits and parentheses of a SMILES without dots."""
    return _TOKEN.findall(smiles)


@lru_cache(maxsize=1 << 14)
def in_line(block: str) -> tuple[bool, str, bool, str]:
    """Text of a canonical block from its left end to its right one, both left out; and whether its first and its last
    atom are aromatic.

    A mark of a double bond that stands on the bond to an end is kept. The last value is the mark that the bond to the
    right end would have to carry: where one atom has both ends and a marked double bond, RDKit marks one end only.
    """
    mol = Chem.MolFromSmiles(block)
    left = next(atom.GetIdx() for atom in mol.GetAtoms() if not atom.GetAtomicNum() and atom.GetIsotope() == LEFT)
    rooted = tokens_of(Chem.MolToSmiles(mol, rootedAtAtom=left))[1:]
    tokens, last = _spine(_numbered(rooted[1:] if rooted[0] == "-" else rooted))
    first = next(token for token in rooted if token not in BONDS)
    text = "".join(_with_digits(tokens))
    through = text[0] in MARKS and tokens[2:4] == ["(", "="] and _closing(tokens, 2) == len(tokens) - 1
    return _is_aromatic(first), text, _is_aromatic(last), text[0] if through else text[-1] if text[-1] in MARKS else ""


def _spine(tokens: _Numbered) -> tuple[_Numbered, str]:
    """The same atoms with the branch that leads to the right end behind all others, without that end; its neighbour."""
    place = int(tokens[0] in BONDS)  # of the first atom
    atom, behind = str(tokens[place]), place + 1
    while behind < len(tokens) and isinstance(tokens[behind + (tokens[behind] in BONDS)], int):
        behind += 1 + (tokens[behind] in BONDS)
    bond, rings = tokens[:place], tokens[place + 1 : behind]
    branches = []
    while behind < len(tokens) and tokens[behind] == "(":
        stop = _closing(tokens, behind)
        branches.append(tokens[behind + 1 : stop])
        behind = stop + 1
    if behind < len(tokens):
        branches.append(tokens[behind:])
    number = next(k for k, branch in enumerate(branches) if RIGHT_END in branch)
    spine = branches.pop(number)
    # The order of neighbours carries chirality: each branch that the spine is moved behind turns it once.
    if (len(branches) - number) % 2:
        atom = atom.replace("@@", "@") if "@@" in atom else atom.replace("@", "@@")
    head = [*bond, atom, *rings, *(token for branch in branches for token in ("(", *branch, ")"))]
    if spine[-1] == RIGHT_END and len(spine) <= 2:
        return head + [token for token in spine[:-1] if token != "-"], atom
    rest, last = _spine(spine)
    return head + rest, last


def _closing(tokens: _Numbered, start: int) -> int:
    """Where the parenthesis at `start` is closed."""
    depth = 0
    for place in range(start, len(tokens)):
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if depth == 0:
            return place
    raise ValueError("a parenthesis is not closed")


def _numbered(tokens: Sequence[str]) -> _Numbered:
    """Ring digits replaced by a number for each ring."""
    numbers: dict[str, int] = {}
    found: _Numbered = []
    n_rings = 0
    for token in tokens:
        if token[0] not in DIGITS:
            found.append(token)
        elif token in numbers:
            found.append(numbers.pop(token))
        else:
            numbers[token] = n_rings
            found.append(n_rings)
            n_rings += 1
    return found


def _with_digits(tokens: _Numbered) -> Iterator[str]:
    """Ring numbers replaced by the smallest digits that are free; one that an atom closes is free behind that atom."""
    digits: dict[int, int] = {}
    closed: list[int] = []
    for token in tokens:
        if isinstance(token, str):
            if token not in BONDS:
                for number in closed:
                    del digits[number]
                closed = []
            yield token
            continue
        if token in digits:
            closed.append(token)
        else:
            taken = set(digits.values())
            digits[token] = next(digit for digit in range(1, len(taken) + 2) if digit not in taken)
        digit = digits[token]
        yield str(digit) if digit < 10 else f"%{digit}"


def _is_aromatic(atom: str) -> bool:
    return atom.lstrip("[0123456789")[0].islower()
