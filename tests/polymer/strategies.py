"""Random repeat units as sequences of pieces, so that cutting, mirroring and repeating need no chemistry toolkit."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

# Each piece as read from the left and as read from the right; where both are written alike, it looks the same from
# both sides or a mark-free text reads the same. Double bonds carry their direction marks on both sides.
PLAIN = [
    ("C", "C"),
    ("O", "O"),
    ("N", "N"),
    ("S", "S"),
    ("C(C)", "C(C)"),
    ("C(C)(CC)", "C(C)(CC)"),
    ("C(=O)", "C(=O)"),
    ("N(C)", "N(C)"),
    ("S(=O)(=O)", "S(=O)(=O)"),
    ("C(F)(F)", "C(F)(F)"),
    ("C(OCCO)", "C(OCCO)"),
    ("C(c1ccccc1)", "C(c1ccccc1)"),
    ("C=C", "C=C"),
    ("C#C", "C#C"),
    ("C(=C)", "C(=C)"),
    ("c1ccc(cc1)", "c1ccc(cc1)"),  # 1,4-phenylene
    ("c1cccc(c1)", "c1cccc(c1)"),  # 1,3-phenylene
    ("c1ccc(nc1)", "c1ccc(cn1)"),  # pyridine-2,5-diyl: the nitrogen changes sides
    ("c1ccc(o1)", "c1ccc(o1)"),  # furan-2,5-diyl
    ("c1ccc2cc(ccc2c1)", "c1ccc2cc(ccc2c1)"),  # naphthalene-2,6-diyl
    ("C1CCC(CC1)", "C1CCC(CC1)"),
    ("C1CC(C1)", "C1CC(C1)"),
    ("C1(CCCC1)", "C1(CCCC1)"),  # one backbone atom in a ring
    ("C1CCC2(CC1)CCC(CC2)", "C1CCC2(CC1)CCC(CC2)"),  # spiro
]
STEREO = [
    ("[C@H](C)", "[C@@H](C)"),
    ("[C@@H](C)", "[C@H](C)"),
    ("[C@](F)(CC)", "[C@@](F)(CC)"),
    ("C([C@H](F)C)", "C([C@H](F)C)"),  # a centre in a side group does not care for the direction of the chain
    ("[C@H]1CC[C@@H](CC1)", "[C@H]1CC[C@@H](CC1)"),  # cis and trans cyclohexane-1,4-diyl have a mirror plane
    ("[C@H]1CC[C@H](CC1)", "[C@H]1CC[C@H](CC1)"),
    ("/C=C/", "/C=C/"),
    ("/C=C\\", "/C=C\\"),
    ("/C(F)=C/", "/C=C(F)/"),
    ("/C(F)=C\\", "/C=C(F)\\"),
]


@dataclass(frozen=True)
class Pieces:
    """One period of a chain."""

    pieces: tuple[tuple[str, str], ...]

    @property
    def smiles(self) -> str:
        return "*" + "".join(forward for forward, _ in self.pieces) + "*"

    def cut_elsewhere(self, shift: int) -> "Pieces":
        shift %= len(self.pieces)
        return Pieces(self.pieces[shift:] + self.pieces[:shift])

    def read_backwards(self) -> "Pieces":
        return Pieces(tuple((backward, forward) for forward, backward in reversed(self.pieces)))

    def repeated(self, times: int) -> "Pieces":
        return Pieces(self.pieces * times)


def _marks_do_not_meet(pieces: list[tuple[str, str]]) -> bool:
    # Two direction marks on one bond cannot be written by putting texts in a row.
    closed = [*pieces, pieces[0]]
    return not any(left[0][-1] in "/\\" and right[0][0] in "/\\" for left, right in pairwise(closed))


plain_units = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=7).map(lambda pieces: Pieces(tuple(pieces)))
units = (
    st.lists(st.sampled_from(PLAIN[:8] + PLAIN[-9:] + STEREO), min_size=1, max_size=7)
    .filter(_marks_do_not_meet)
    .map(lambda pieces: Pieces(tuple(pieces)))
)


# Double bonds side by side, marked on the chain, beside it, or not at all; one mark per bond.
conjugated_units = st.lists(
    st.tuples(
        st.sampled_from(["", "/", "\\"]),
        st.sampled_from(
            [
                "C=C",
                "C(F)=C",
                "C(C)=C(C)",
                "C(=C/F)",
                "C(=C\\F)",
                "C(=C)",
                "C(/F)=C",
                "C(\\F)=C",
                "C=C(/F)",
                "O",
                "C",
                "N=C",
            ]
        ),
    ),
    min_size=1,
    max_size=5,
).flatmap(
    lambda parts: st.sampled_from(["", "/", "\\"]).map(lambda end: "*" + "".join(a + b for a, b in parts) + end + "*")
)
