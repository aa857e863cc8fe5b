"""What may follow in a repeat unit: nothing sound is forbidden, and what is allowed nearly always ends as one."""

import random
from pathlib import Path

import numpy as np
import pytest

from autodisco.errors import InvalidRepeatUnit
from autodisco.generator import read_dataset
from autodisco.generator.syntax import Syntax
from autodisco.generator.tokens import END_INDEX, VOCABULARY, encode
from autodisco.polymer import parse, units_from_grammar

PLAIN = [t for t, text in enumerate(VOCABULARY) if text in {"*", "C", "N", "O", "S", "F", "=", "#", "(", ")"}]


def is_accepted(text: str, left: int = 0) -> bool:
    """Whether every token of the text and its end are accepted with `left` tokens to spare."""
    syntax, tokens = Syntax(), encode(text)
    for place, token in enumerate(tokens):
        if not syntax.accepts(token, len(tokens) - place - 1 + left):
            return False
        syntax.push(token)
    return syntax.accepts(END_INDEX, left)


@pytest.mark.parametrize("left", [0, 1, 30])
def test_units_of_the_grammar_can_be_written_to_the_last_token(left):
    for unit in units_from_grammar(1500, np.random.default_rng(0)):
        assert is_accepted(unit, left), unit


def test_the_published_set_can_be_written(reference: Path):
    rows = read_dataset(reference / "polygen" / "PolyGen-train-set-from-HTP-MD.csv")
    refused = [row.smiles for row in rows if "[" not in row.smiles and not is_accepted(row.smiles)]
    assert refused == []


@pytest.mark.parametrize(
    "text",
    [
        "*OCC", "OCC*", "*O(C*", "*OC)*", "*C()C*", "*=CC*", "*C=*", "*C==C*", "*C(C)(C)(C)C*", "*OO=C*", "*FC*", "**",
        "*C1C*", "*C1C1*", "*C1*C1", "*N(C)(C)C*", "*C(*)(*)C", "*c*", "*c1ccccc*", "*c1cccc1*", "*OC(=F)C*", "*C#CC#*",
        "*CC(", "*CC=",
    ],
)  # fmt: skip
def test_what_is_no_unit_is_refused(text):
    assert not is_accepted(text)


@pytest.mark.parametrize(
    "text",
    ["*c1ccc(*)cc1", "*c1ccc(cc1)O*", "*C1CCC(*)CC1", "*c1ccc(o1)C*", "*Cc1c[nH]c(*)c1", "*C#CC*", "*S(=O)(=O)C*"],
)
def test_rings_and_multiple_bonds_can_be_written(text):
    parse(text)
    assert is_accepted(text)


@pytest.mark.parametrize("longest", [3, 4, 5, 7, 10, 20])
def test_whatever_is_chosen_ends_as_a_unit_in_time(longest):
    rng = random.Random(longest)
    for _ in range(300):
        syntax, written = Syntax(), []
        for left in range(longest - 1, -1, -1):
            choice = [token for token in (*PLAIN, END_INDEX) if syntax.accepts(token, left)]
            if not choice:
                assert syntax.accepts(END_INDEX, 0), "".join(written)
                break
            token = rng.choice(choice)
            if token == END_INDEX:
                break
            syntax.push(token)
            written.append(VOCABULARY[token])
        parse("".join(written))


def test_with_rings_few_ways_lead_nowhere():
    rng, lost = random.Random(1), 0
    for _ in range(300):
        syntax, written = Syntax(), []
        for left in range(9, -1, -1):
            choice = [token for token in range(len(VOCABULARY)) if syntax.accepts(token, left)]
            token = rng.choice(choice) if choice else END_INDEX
            if token == END_INDEX:
                break
            syntax.push(token)
            written.append(VOCABULARY[token])
        try:
            parse("".join(written), frozenset({"B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I"}))
        except InvalidRepeatUnit:
            lost += 1
    # Every token is as likely as any other here; a trained model seldom begins three rings in ten atoms.
    assert lost < 0.1 * 300
