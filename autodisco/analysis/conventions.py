"""Modes of an analysis, and the pairs of ions that a contact joins to one cluster. Has no heavy imports."""

from collections.abc import Sequence

from autodisco.errors import InputError

MODES = ("default", "htp-md")
JOINS = ("cation-anion", "anion-anion", "cation-cation")
# HTP-MD's clusters come from LAMMPS' compute aggregate/atom over all coordinating atoms of ions, which joins any two.
DEFAULT_JOINS = ("cation-anion",)
JOINS_OF_MODE = {"default": DEFAULT_JOINS, "htp-md": JOINS}


def joins_of(mode: str, asked: str | Sequence[str] | None) -> tuple[str, ...]:
    """The pairs that join in `mode`, or those asked for; raises InputError for an unknown mode or pair."""
    if mode not in MODES:
        raise InputError(f"analysis mode {mode!r} is unknown; {' or '.join(MODES)} expected")
    chosen = JOINS_OF_MODE[mode] if not asked else (asked,) if isinstance(asked, str) else tuple(asked)
    if unknown := [name for name in chosen if name not in JOINS]:
        raise InputError(f"clusters are joined by {unknown[0]!r}; allowed is {', '.join(JOINS)}, or several of them")
    return chosen
