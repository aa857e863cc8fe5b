import numpy as np
import pytest

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, join_blocks, parse, units_from_grammar
from autodisco.surrogate import similarity
from autodisco.surrogate.similarity import COMMON, Structures
from autodisco.surrogate.structure import DESCRIPTORS, Period, measured, structure

ODD = [
    "*C*", "*O*", "*CC*", "*C=C*", "*c1ccc(*)cc1", "*c1ccc(*)s1", "*C1CCC(*)CC1", "*c1ccc(*)nc1", "*C(F)(F)C(F)(F)*",
    "*OP(=O)(OC)O*", "*CC(c1ccccc1)*", "*[C@@H](C)C(=O)O*", "*/C=C/C*", "*CCOC(=O)c1ccc(C(=O)O*)cc1", "*S(=O)(=O)CC*",
    "*[Si](C)(C)O*", "*CC(Cl)*", "*C(C#N)C*", "*OO*", "*NN*", "*C1C2CC(C1*)CC2", "*" + "CCO" * 60 + "C*",
]  # fmt: skip
UNITS = ODD + units_from_grammar(60, np.random.default_rng(2))


@pytest.mark.parametrize("text", UNITS)
def test_every_spelling_of_a_polymer_has_the_same_structure(text):
    unit = parse(text, ORGANIC_ELEMENTS)
    expected = structure(text)
    rng = np.random.default_rng(0)
    others = [*unit.spellings[:6], unit.random_spelling(rng)]
    if len(text) < 120:
        others += [join_blocks(unit.word, 2), join_blocks(unit.word, 3)]
    for other in others:
        found = structure(other)
        assert (found.bits == expected.bits).all()
        assert (found.counts == expected.counts).all()
        assert (found.pattern_bits == expected.pattern_bits).all()
        assert (found.pattern_counts == expected.pattern_counts).all()
        assert (found.descriptors == expected.descriptors).all()


@pytest.mark.parametrize("text", UNITS)
def test_the_place_of_the_cut_does_not_matter_to_what_is_counted(text):
    """Not by way of the canonical unit: the period is shifted, turned and repeated."""
    unit = parse(text, ORGANIC_ELEMENTS)
    expected = measured(Period.of_word(unit.word))
    for word in [*ways(unit)[:8], unit.word * 2]:
        found = measured(Period.of_word(word))
        assert found.bits.tolist() == expected.bits.tolist()
        assert found.counts == pytest.approx(expected.counts)
        assert found.atoms.tolist() == expected.atoms.tolist()
        assert found.pattern_bits.tolist() == expected.pattern_bits.tolist()
        assert found.pattern_counts == pytest.approx(expected.pattern_counts)
        assert found.descriptors == pytest.approx(expected.descriptors)


def ways(unit):
    from autodisco.polymer.identity import readings

    return readings(unit.word)


def test_counts_and_descriptors_are_per_atom():
    oxide = structure("*CCO*")
    assert oxide.counts.sum() == pytest.approx(2.0)  # each atom once alone and once with its neighbours
    assert sorted(oxide.counts[oxide.atoms]) == pytest.approx([1 / 3, 2 / 3])  # ether oxygen and CH2
    value = dict(zip(DESCRIPTORS, oxide.descriptors, strict=True))
    for name, expected in {"carbon": 2 / 3, "ether": 1 / 3, "gap 2": 1 / 3, "longest gap": 2, "branched": 0}.items():
        _, centre, scale = DESCRIPTORS[name]
        assert value[name] * scale + centre == pytest.approx(expected)


def test_patterns_have_equal_weight_by_kind_and_pairs_are_counted_through_the_ends_of_the_period():
    oxide = structure("*CCO*")
    kinds = oxide.pattern_bits >> 44
    assert [oxide.pattern_counts[kinds == kind].sum() for kind in range(2)] == pytest.approx([1, 1])
    # Two atoms of the chain lie at each distance from an atom. O meets O, and C meets its like, at 3 and 6 bonds only;
    # shares are in 42nds: 3 atoms, 7 distances, 2 directions.
    found: dict[int, dict[bool, int]] = {d: {True: 0, False: 0} for d in range(1, 8)}
    for bit, share in zip(oxide.pattern_bits[kinds == 1].tolist(), oxide.pattern_counts[kinds == 1], strict=True):
        first, second, distance = bit >> 20 & 0xFFFF, bit >> 4 & 0xFFFF, bit & 15
        found[distance][first == second] += round(42 * share)
    assert found == {d: {True: 6, False: 0} if d in (3, 6) else {True: 2, False: 4} for d in range(1, 8)}


def test_atoms_weigh_more_than_their_neighbours_in_the_linear_kernel():
    """By hand, from RDKit's counts of both radii of *CCO* and of *COC*, which is the same chain."""
    found = Structures.of(["*CCO*", "*CC*"])
    product = found.alike(found)[2]
    atoms = {"O": 1 / 3, "C": 2 / 3}
    around = {"COC": 1 / 3, "CCO": 2 / 3}
    alone = 10 * sum(share**2 for share in atoms.values()) + sum(share**2 for share in around.values())
    assert product[0, 0] == pytest.approx(COMMON * alone)
    assert product[0, 1] == pytest.approx(COMMON * 10 * atoms["C"])  # CH2 alone; its neighbours differ
    assert product[1, 1] == pytest.approx(COMMON * 11)


def test_short_and_long_units_of_like_make_are_alike():
    assert similarity(["*CCO*"], ["*CCOCCOCCOCCOCCS*"])[0, 0] > 0.6
    assert similarity(["*CCO*"], ["*CC(c1ccccc1)*"])[0, 0] < 0.3
    assert similarity(["*OCC*"], ["*COC*"])[0, 0] == 1.0


def test_what_is_no_repeat_unit_is_refused():
    for text in ("CCO", "*CC", "*C[N+](C)(C)C*", "nonsense"):
        with pytest.raises(InvalidRepeatUnit):
            structure(text)


def close(a, b):
    bits = sorted({*a.bits.tolist(), *b.bits.tolist()})
    rows = [dict(zip(one.bits.tolist(), one.counts.tolist(), strict=True)) for one in (a, b)]
    assert [rows[0].get(bit, 0) for bit in bits] == pytest.approx([rows[1].get(bit, 0) for bit in bits], abs=1e-3)
    assert a.descriptors == pytest.approx(b.descriptors, abs=1e-2)


def test_a_random_copolymer_goes_over_into_the_homopolymers():
    close(structure("*OCC*.*CC(C)*|random|0.0001"), structure("*OCC*"))
    close(structure("*OCC*.*CC(C)*|random|0.9999"), structure("*CC(C)*"))


def test_half_of_the_dyads_of_an_equal_random_copolymer_alternate():
    pairs = [structure(text) for text in ("*OCC*", "*SCC*", "*OCCSCC*")]
    found = structure("*OCC*.*SCC*|random|0.5")  # units of three heavy atoms each
    assert found.descriptors == pytest.approx(np.average([one.descriptors for one in pairs], 0, [0.25, 0.25, 0.5]))


def test_a_blend_shows_nothing_of_the_bonds_between_its_units():
    apart, joined = structure("*CCC*.*OCOC*|blend|0.5"), structure("*CCC*.*OCOC*|random|0.5")
    assert not {*joined.bits.tolist()} <= {*apart.bits.tolist()}
    assert {*apart.bits.tolist()} == {*structure("*CCC*").bits.tolist(), *structure("*OCOC*").bits.tolist()}


def test_a_plasticiser_counts_by_its_heavy_atoms():
    ec = 6 / 88.06
    peo = 3 / 44.05
    share = 0.2 * ec / (0.2 * ec + 0.8 * peo)
    found = structure("*OCC*.O=C1OCCO1|plasticised|0.2")
    carbon = list(DESCRIPTORS).index("carbon")
    expected = (1 - share) * (2 / 3 - 0.64) / 0.07 + share * (3 / 6 - 0.64) / 0.07
    assert found.descriptors[carbon] == pytest.approx(expected, abs=1e-3)


def test_the_dice_similarity_of_counts_is_twice_what_is_shared_over_all():
    units = ["*CCO*", "*CC*", "*CC(C)O*"]
    found = Structures.of(units)
    shared = found.environments.dice(found.environments)
    for i, one in enumerate(map(structure, units)):
        for j, other in enumerate(map(structure, units)):
            counts = [dict(zip(of.bits.tolist(), of.counts, strict=True)) for of in (one, other)]
            least = sum(min(counts[0].get(bit, 0.0), counts[1].get(bit, 0.0)) for bit in {*counts[0], *counts[1]})
            assert shared[i, j] == pytest.approx(2 * least / (one.counts.sum() + other.counts.sum()))
