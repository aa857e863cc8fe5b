"""Repeat units without labels, drawn from a small grammar of chain pieces.

They teach the generator how SMILES of sound polymers look, so that a campaign needs no download. A unit is a sequence
of pieces; which piece may follow which is decided on the closed sequence (the last piece is followed by the first),
because that is where most weak bonds of generated polymers sit. No property is attached to any of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autodisco.errors import InputError
from autodisco.polymer.repeat_unit import parse

#: Draws without a new polymer after which the grammar counts as exhausted for the asked limits.
_PATIENCE = 20_000
_DRAWS_AT_ONCE = 256


@dataclass(frozen=True)
class Piece:
    """A stretch of backbone, written left to right; `left` and `right` say what its end atoms are.

    Ends are ``C`` (carbon that bears any neighbour), ``D`` (carbon that holds an electron-drawing group or a double
    bond and must not bear a heteroatom as well), ``X`` (heteroatom), ``A`` (acyl carbon or sulfonyl) and ``Z``
    (heteroatom that bears an acyl group already).
    """

    smiles: str
    left: str
    right: str
    weight: float


PIECES: tuple[Piece, ...] = (
    Piece("C", "C", "C", 10.0),
    Piece("C(C)", "C", "C", 1.5),
    Piece("C(C)(C)", "C", "C", 0.5),
    Piece("C(COC)", "C", "C", 0.4),
    Piece("C(c1ccccc1)", "C", "C", 0.2),
    Piece("c1ccc(cc1)", "C", "C", 0.3),
    Piece("C(F)", "D", "D", 0.3),
    Piece("C(F)(F)", "D", "D", 0.6),
    Piece("C(F)(F)O", "D", "X", 0.2),
    Piece("C(C#N)", "D", "D", 0.4),
    Piece("C(O)", "D", "D", 0.3),
    Piece("C(OC)", "D", "D", 0.4),
    Piece("C(C(=O)OC)", "D", "D", 0.3),
    Piece("C=C", "D", "D", 0.3),
    Piece("O", "X", "X", 5.0),
    Piece("N", "X", "X", 2.0),
    Piece("N(C)", "X", "X", 0.6),
    Piece("S", "X", "X", 1.2),
    Piece("C(=O)", "A", "A", 0.8),
    Piece("S(=O)(=O)", "A", "A", 0.3),
    Piece("C(=O)O", "A", "Z", 0.9),
    Piece("OC(=O)", "Z", "A", 0.9),
    Piece("OC(=O)O", "Z", "Z", 0.7),
    Piece("C(=O)N", "A", "Z", 0.5),
    Piece("NC(=O)", "Z", "A", 0.5),
    Piece("OC(=O)N", "Z", "Z", 0.3),
)

#: Which ends may follow an end. Heteroatoms never meet; an acyl carbon meets carbon or a heteroatom that is still free.
_FOLLOWS = {"C": "CDXAZ", "D": "CDA", "X": "CA", "A": "CDX", "Z": "C"}
_HETEROATOM_ENDS = {"X", "Z"}


def units_from_grammar(
    n: int, rng: np.random.Generator, *, max_pieces: int = 8, max_characters: int | None = None
) -> list[str]:
    """`n` repeat units, no two of them the same polymer, in the order they were drawn.

    The pieces and what may follow what leave no bond that a default stability rule flags.

    Parameters
    ----------
    n : how many
    rng : source of all randomness; the same state gives the same units
    max_pieces : longest sequence of pieces; lengths are drawn evenly up to it
    max_characters : longest SMILES, its two ``*`` included

    Raises
    ------
    InputError
        if the grammar does not hold `n` polymers within these limits.
    """
    texts: set[str] = set()
    polymers: set[str] = set()
    units: list[str] = []
    idle = 0
    draws = _drawn(rng, max_pieces)
    while len(units) < n:
        text = next(draws)
        idle += 1
        if idle > _PATIENCE:
            raise InputError(
                f"the grammar gave only {len(units)} of {n} different repeat units with at most {max_pieces} pieces"
                + (f" and {max_characters} characters" if max_characters else "")
                + "; ask for fewer or allow longer ones"
            )
        if text is None or text in texts or (max_characters and len(text) > max_characters):
            continue
        texts.add(text)
        key = parse(text).key
        if key not in polymers:
            polymers.add(key)
            units.append(text)
            idle = 0
    return units


def draw_units(rng: np.random.Generator, *, max_pieces: int = 8, max_characters: int | None = None) -> Iterator[str]:
    """Repeat units one after the other without end, independent of each other; parameters as above.

    Raises
    ------
    InputError
        if the grammar holds none within these limits.
    """
    idle = 0
    for text in _drawn(rng, max_pieces):
        idle += 1
        if idle > _PATIENCE:
            raise InputError(f"the grammar holds no repeat unit of at most {max_characters} characters; allow more")
        if text and not (max_characters and len(text) > max_characters):
            idle = 0
            yield text


def _drawn(rng: np.random.Generator, max_pieces: int) -> Iterator[str | None]:
    """Sequences of pieces as text, None where two of them must not meet."""
    odds = np.array([piece.weight for piece in PIECES])
    odds /= odds.sum()
    while True:
        lengths = rng.integers(1, max_pieces + 1, size=_DRAWS_AT_ONCE)
        for length, row in zip(
            lengths, rng.choice(len(PIECES), size=(_DRAWS_AT_ONCE, max_pieces), p=odds), strict=True
        ):
            pieces = [PIECES[index] for index in row[:length]]
            yield "*" + "".join(piece.smiles for piece in pieces) + "*" if _fits(pieces) else None


def _fits(pieces: list[Piece]) -> bool:
    """Whether the endless repetition of `pieces` puts no two ends together that must not meet."""
    for place, piece in enumerate(pieces):
        before, after = pieces[place - 1], pieces[(place + 1) % len(pieces)]
        if after.left not in _FOLLOWS[piece.right]:
            return False
        # A sulfide beside a sulfone is a thiosulfonate; pieces that begin with S have no other backbone atom.
        if piece.smiles[0] == after.smiles[0] == "S":
            return False
        # One heteroatom between two acyl groups is an anhydride or imide.
        if piece.left == piece.right == "X" and before.right == after.left == "A":
            return False
        # A nitrogen that shares one backbone carbon with another heteroatom leaves it (hemiaminal); acetals are fine.
        if piece.left == "C" and not piece.smiles.startswith("c"):
            between_heteroatoms = {before.right, after.left} <= _HETEROATOM_ENDS
            if between_heteroatoms and "N" in (_last_atom(before), _first_atom(after)):
                return False
    return True


def _first_atom(piece: Piece) -> str:
    return piece.smiles[0]


def _last_atom(piece: Piece) -> str:
    return piece.smiles.partition("(C)")[0][-1]
