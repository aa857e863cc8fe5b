"""The alphabet of the language model: pieces of SMILES, three class tokens and one end token.

The vocabulary is fixed, not collected from a training set, so that a model can be trained further on data it has
never seen. Class tokens have indices of their own: a `1` that closes a ring is another token than class `1`.
"""

import re
from collections.abc import Sequence

from autodisco.errors import InputError

END = "<end>"
#: The digit that stands for each class in the paper; `2` is ours, for repeat units without a label.
CLASS_DIGITS = {"high": "1", "low": "0", "unlabelled": "2"}
#: The class token is repeated, so that a prompt outweighs single tokens in the attention (as in the paper).
CLASS_REPEATS = 5

_ATOMS = "* B C N O F P S I Cl Br b c n o p s".split()
_BONDS = "= # - / \\ ( )".split()
_RINGS = [*"0123456789", *(f"%{number}" for number in range(10, 20))]
_BRACKETS = (
    "[H] [C@] [C@@] [C@H] [C@@H] [nH] [N+] [n+] [NH+] [NH2+] [NH3+] [N-] [O-] [S-] [o+] [S+] [S@] [S@@] "
    "[B-] [P+] [PH] [PH2] [P@] [P@@] [Si] [SiH] [SiH2] [SiH3] [Si@] [Si@@] [se] [Se]"
).split()

VOCABULARY = (END, *(f"<{digit}>" for digit in CLASS_DIGITS.values()), *_ATOMS, *_BONDS, *_RINGS, *_BRACKETS)
END_INDEX = 0
#: Indices that never occur inside a string.
CLASS_INDICES = tuple(range(1, 1 + len(CLASS_DIGITS)))

_INDEX = {token: index for index, token in enumerate(VOCABULARY)}
_PIECE = re.compile(r"\[[^\]]*\]|Cl|Br|%\d\d|.", re.DOTALL)


def split(smiles: str) -> list[str]:
    """The tokens of a SMILES: a bracket atom, `Cl`, `Br`, a two-digit ring number, else one character.

    >>> split("*OC([nH])Cl")
    ['*', 'O', 'C', '(', '[nH]', ')', 'Cl']
    """
    return _PIECE.findall(smiles)


def encode(smiles: str) -> list[int]:
    """Vocabulary indices of the tokens of `smiles`, without class and end tokens.

    Raises
    ------
    InputError
        A token is not in the vocabulary.
    """
    pieces = split(smiles)
    for piece in pieces:
        if piece not in _INDEX:
            raise InputError(f"{smiles!r} holds {piece!r}, which is not a token of the generator")
    return [_INDEX[piece] for piece in pieces]


def decode(indices: Sequence[int]) -> str:
    """The string that `indices` spell, up to the first end token or the last index."""
    text = []
    for index in indices:
        if index == END_INDEX:
            break
        text.append(VOCABULARY[index])
    return "".join(text)


def class_prefix(label: str) -> list[int]:
    """The class token of `label` repeated five times; raises InputError for an unknown label."""
    if label not in CLASS_DIGITS:
        raise InputError(f"label {label!r} is unknown; choose one of {', '.join(CLASS_DIGITS)}")
    return [_INDEX[f"<{CLASS_DIGITS[label]}>"]] * CLASS_REPEATS
