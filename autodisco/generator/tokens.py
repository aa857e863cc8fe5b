"""The alphabet of the language model: pieces of SMILES, three class tokens and one end token.

The vocabulary is fixed, not collected from a training set, so that a model can be trained further on data it has
never seen. Class tokens have their own indices: a `1` that closes a ring is not class `1`.
"""

import re
from collections.abc import Sequence

from autodisco.errors import InputError

END = "<end>"
#: Stands for a token that the diffusion model has not written yet.
MASK = "<mask>"
#: The digit for each class, as in the paper; `2`, for repeat units without a label, is an addition.
CLASS_DIGITS = {"high": "1", "low": "0", "unlabelled": "2"}
#: Classes by quantile, from the lowest; with k of them the highest is `q(k-1)`.
QUANTILES = tuple(f"q{number}" for number in range(10))
#: Length of the prompt: one class token is repeated, so that it outweighs single tokens in the attention (as in the
#: paper); several class tokens share these positions.
CLASS_REPEATS = 5

_ATOMS = "* B C N O F P S I Cl Br b c n o p s".split()
_BONDS = "= # - / \\ ( )".split()
_RINGS = [*"0123456789", *(f"%{number}" for number in range(10, 20))]
_BRACKETS = (
    "[H] [C@] [C@@] [C@H] [C@@H] [nH] [N+] [n+] [NH+] [NH2+] [NH3+] [N-] [O-] [S-] [o+] [S+] [S@] [S@@] "
    "[B-] [P+] [PH] [PH2] [P@] [P@@] [Si] [SiH] [SiH2] [SiH3] [Si@] [Si@@] [se] [Se]"
).split()

_CLASSES = {name: f"<{digit}>" for name, digit in CLASS_DIGITS.items()} | {name: f"<{name}>" for name in QUANTILES}

VOCABULARY = (END, MASK, *_CLASSES.values(), *_ATOMS, *_BONDS, *_RINGS, *_BRACKETS)
END_INDEX, MASK_INDEX = 0, 1
#: Indices that never occur inside a string.
PROMPT_INDICES = tuple(range(1, 2 + len(_CLASSES)))

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


def is_writable(smiles: str) -> bool:
    """Whether `encode` has a token for every piece of `smiles`."""
    return all(piece in _INDEX for piece in split(smiles))


def decode(indices: Sequence[int]) -> str:
    """The string that `indices` spell, up to the first end token or the last index."""
    text = []
    for index in indices:
        if index == END_INDEX:
            break
        text.append(VOCABULARY[index])
    return "".join(text)


def class_prefix(label: str) -> list[int]:
    """Five tokens for the class: the token of `label` repeated, or the tokens of its words side by side.

    A label of several words has one class for each of several properties, always in the same order: the position of a
    token gives the property.

    Raises
    ------
    InputError
        A word is no class, or there are more than five.
    """
    words = label.split()
    unknown = next((word for word in words if word not in _CLASSES), None if words else label)
    if unknown is not None:
        raise InputError(f"label {unknown!r} is unknown; choose one of {', '.join(_CLASSES)}")
    if len(words) > CLASS_REPEATS:
        raise InputError(f"label {label!r} has {len(words)} classes; at most {CLASS_REPEATS} fit")
    return [_INDEX[_CLASSES[words[place * len(words) // CLASS_REPEATS]]] for place in range(CLASS_REPEATS)]
