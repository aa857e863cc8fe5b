import numpy as np
import pytest

from autodisco.errors import InvalidRepeatUnit
from autodisco.polymer import ORGANIC_ELEMENTS, join_blocks, parse, units_from_grammar
from autodisco.surrogate import similarity
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
        assert (found.descriptors == expected.descriptors).all()


@pytest.mark.parametrize("text", UNITS)
def test_the_place_of_the_cut_does_not_matter_to_what_is_counted(text):
    """Not by way of the canonical unit: the period is shifted, turned and repeated."""
    unit = parse(text, ORGANIC_ELEMENTS)
    expected = measured(Period.of_word(unit.word))
    for word in [*ways(unit)[:8], unit.word * 2]:
        bits, counts, values = measured(Period.of_word(word))
        assert bits.tolist() == expected[0].tolist()
        assert counts == pytest.approx(expected[1])
        assert values == pytest.approx(expected[2])


def ways(unit):
    from autodisco.polymer.identity import readings

    return readings(unit.word)


def test_counts_and_descriptors_are_per_atom():
    oxide = structure("*CCO*")
    assert oxide.counts.sum() == pytest.approx(2.0)  # each atom once alone and once with its neighbours
    value = dict(zip(DESCRIPTORS, oxide.descriptors, strict=True))
    for name, expected in {"carbon": 2 / 3, "ether": 1 / 3, "gap 2": 1 / 3, "longest gap": 2, "branched": 0}.items():
        _, centre, scale = DESCRIPTORS[name]
        assert value[name] * scale + centre == pytest.approx(expected)


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
