"""Repeat units as chemistry: read and checked, told apart, judged, scored, drawn and enumerated.

The public names are listed here once. Importing this package imports RDKit.
"""

from autodisco.polymer.draw import draw_svg
from autodisco.polymer.grammar import units_from_grammar
from autodisco.polymer.repeat_unit import ELEMENTS, RepeatUnit, parse
from autodisco.polymer.scores import sa_score, scores
from autodisco.polymer.stability import DEFAULT_RULES, Flag, Rule, stability_flags

__all__ = [
    "DEFAULT_RULES",
    "ELEMENTS",
    "Flag",
    "RepeatUnit",
    "Rule",
    "draw_svg",
    "parse",
    "sa_score",
    "scores",
    "stability_flags",
    "units_from_grammar",
]
