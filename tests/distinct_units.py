"""Repeat units of different polymers, for tests that need many of them."""

import numpy as np

from autodisco.polymer import parse
from autodisco.polymer.grammar import units_from_grammar


def distinct_units(drawn: int, rng: np.random.Generator) -> list[str]:
    """Canonical repeat units of `drawn` draws from the grammar, each polymer once."""
    return list(dict.fromkeys(parse(text).smiles for text in units_from_grammar(drawn, rng)))
