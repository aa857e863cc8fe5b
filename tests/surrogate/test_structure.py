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
