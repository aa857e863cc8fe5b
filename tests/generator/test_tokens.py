import pytest

from autodisco.errors import InputError
from autodisco.generator.tokens import END_INDEX, VOCABULARY, class_prefix, decode, encode, split


@pytest.mark.parametrize(
    "smiles",
    ["*OCC*", "*CC(*)c1ccccc1", "*C(=O)OCC(Cl)(Br)C#N*", "*[Si](C)(C)O*", "*C/C=C\\C*", "*[C@@H](C)C*", "*N%10CC%10*"],
)
def test_encoding_and_decoding_gives_the_string_back(smiles):
    assert decode(encode(smiles)) == smiles


def test_each_attachment_point_is_one_token():
    assert len(encode("*OCCOCCOC*")) == 10


def test_two_letter_elements_and_bracket_atoms_are_one_token():
    assert split("ClC[nH]%12Br") == ["Cl", "C", "[nH]", "%12", "Br"]


def test_decoding_stops_at_the_end_token():
    assert decode([*encode("*CC*"), END_INDEX, *encode("OO")]) == "*CC*"


def test_classes_differ_from_each_other_and_from_ring_digits():
    prefixes = [class_prefix(label) for label in ("high", "low", "unlabelled")]
    assert len({tuple(prefix) for prefix in prefixes}) == 3
    assert all(len(prefix) == 5 for prefix in prefixes)
    assert not {prefix[0] for prefix in prefixes} & set(encode("012"))


def test_vocabulary_has_no_token_twice():
    assert len(set(VOCABULARY)) == len(VOCABULARY)


def test_a_foreign_token_is_named():
    with pytest.raises(InputError, match=r"\[Pb\]"):
        encode("*C[Pb]C*")


def test_an_unknown_label_is_named():
    with pytest.raises(InputError, match="medium"):
        class_prefix("medium")


def test_several_classes_share_the_places_of_the_prompt():
    high, middle, low = (class_prefix(label)[0] for label in ("q9", "q5", "q0"))
    assert class_prefix("q9 q0") == [high, high, high, low, low]
    assert class_prefix("q9 q5 q0") == [high, high, middle, middle, low]
    for label, message in (("q9 best", "best"), ("", "''"), ("high " * 6, "6 classes")):
        with pytest.raises(InputError, match=message):
            class_prefix(label)
