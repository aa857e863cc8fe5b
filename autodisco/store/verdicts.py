"""Verdicts on draws, and what each means for the counts of an iteration.

A stage of a campaign can add verdicts of its own, each with a meaning in words; the campaign writes these into its
store (fact ``verdicts``).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """A verdict on a draw.

    Attributes
    ----------
    name, meaning
    new_string
        Whether the string was new as a string when it was drawn.
    new_polymer
        Whether the draw discovered its polymer, which is known afterwards, simulated or not.
    """

    name: str
    meaning: str
    new_string: bool = True
    new_polymer: bool = True


NOT_SELECTED = "not-selected"
FAULT = "fault"

VERDICTS = (
    Verdict("drawn", "a new string that the filter has not judged yet", new_polymer=False),
    Verdict("new", "a new polymer, which is simulated"),
    Verdict(NOT_SELECTED, "a new polymer that the selection has not chosen; from a pool it may be chosen later"),
    Verdict("rejected", "a new polymer that the settings of the filter exclude"),
    Verdict(FAULT, "a new string at which the program failed; the reason names the file with the traceback"),
    Verdict("duplicate-symmetry", "a new string of a known polymer", new_polymer=False),
    Verdict("duplicate-string", "a string that was seen before", new_string=False, new_polymer=False),
    Verdict("invalid", "no repeat unit; the reason is an error code", new_string=False, new_polymer=False),
)
"""The verdicts of the program. A verdict that a stage adds excludes a new polymer, as ``rejected`` does."""


def table() -> str:
    """The verdicts as Markdown, for the documentation."""
    rows = ["| verdict | meaning |", "|---|---|", *(f"| `{one.name}` | {one.meaning} |" for one in VERDICTS)]
    return "\n".join(rows)
