"""Files that settings name as ``path/to/file.py:object``, and their copies in the campaign folder, so that it can go on
without the files that it came from."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from autodisco.campaign.settings import Settings
from autodisco.files import write_atomic
from autodisco.registry import absolute, is_file
from autodisco.store import PARTS, available_part, part_copy


def write_part_copies(folder: Path, settings: Settings) -> None:
    """Copy the files of the parts that are not of the program into the campaign folder."""
    for name in _named(settings.model_dump()):
        path = Path(name.rpartition(":")[0])
        if path.is_file() and path.parent != (folder / PARTS).absolute():
            write_atomic(part_copy(folder, path), path.read_bytes())


def with_part_copies(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Settings as plain values, with the copies in the campaign folder of files that are gone.

    They are not validated yet, because to validate the settings of a generator is to load its file.
    """
    replaced: dict[str, Any] = _replaced(content, lambda name: available_part(folder, name))
    return replaced


def with_given_names(folder: Path, content: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Settings as plain values, with the names in `stored` settings in place of those of the copies they led to.

    What is stored has to be as it was given: the folder may be moved, and a file that is gone may come back.
    """
    given = {available_part(folder, name): name for name in _named(stored)}
    replaced: dict[str, Any] = _replaced(content, lambda name: given.get(name, name))
    return replaced


def with_absolute_names(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Plain values, with the paths of parts that are relative to `folder` made absolute."""
    replaced: dict[str, Any] = _replaced(content, lambda name: absolute(name, folder))
    return replaced


def _named(value: Any) -> Iterator[str]:
    """Every name of a part in a file that the settings hold."""
    if isinstance(value, str) and is_file(value):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _named(item)


def _replaced(value: Any, found: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, found) for item in value]
    return found(value) if isinstance(value, str) and is_file(value) else value
