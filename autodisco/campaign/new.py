"""Campaign files that come with the program, and a file of one's own made from one of them."""

import re
import tomllib
from pathlib import Path

import autodisco
from autodisco.campaign.settings import NAME
from autodisco.errors import InputError
from autodisco.files import write_atomic
from autodisco.text import joined

PACKAGE = Path(autodisco.__file__).parent


def shipped_folder() -> Path:
    """Where the campaign files are: inside the package if it was installed from a wheel, else beside it."""
    inside = PACKAGE / "shipped_campaigns"
    return inside if inside.is_dir() else PACKAGE.parent / "campaigns"


def shipped_campaigns() -> list[str]:
    """The names of the campaign files."""
    return sorted(file.stem for file in shipped_folder().glob("*.toml"))


def write_new(name: str, source: str, folder: Path) -> list[Path]:
    """Write ``NAME.toml`` into a folder, as the shipped campaign file `source` with another name, and the files that it
    reads; returns the paths of what was written.

    Raises
    ------
    InputError
        for a name that no campaign can have, an unknown `source`, and a file that would be overwritten.
    """
    if not re.fullmatch(NAME, name):
        raise InputError(
            f"name {name!r}: allowed are letters, digits, '.', '_' and '-', beginning with a letter or digit"
        )
    if source not in shipped_campaigns():
        raise InputError(f"--from {source!r}: there is no such campaign file; allowed: {joined(shipped_campaigns())}")
    file, shipped = folder / f"{name}.toml", shipped_folder() / f"{source}.toml"
    # the shipped files lie in a folder beside that of data sets; here both are in one folder
    text = shipped.read_text().replace('"../', '"')
    made = {file: re.sub(r"^name = .*$", f'name = "{name}"', text, count=1, flags=re.MULTILINE).encode()}
    seeds = tomllib.loads(text)["seeds"]["file"]
    if seeds:
        made[folder / seeds] = (shipped.parent / seeds).read_bytes()
    written = [path for path, content in made.items() if not path.exists() or path.read_bytes() != content]
    if there := next((path for path in (file, *written) if path.exists()), None):
        raise InputError(f"{there}: is there already, and is not overwritten; choose another name or folder")
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, made[path])
    return written
