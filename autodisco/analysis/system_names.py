"""Names of systems and of rows in tables, from the names of files that hold one temperature each."""

import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def system_names(groups: Sequence[Sequence[Path]]) -> list[str]:
    """The name of each system, from its files: what their names have in common, without the number that differs.

    ``peo-eo20-333K`` and ``peo-eo20-353K`` are ``peo-eo20``. Files with nothing in common are called by their folder if
    each system has its own, else ``system 1``, ``system 2``, … A single file is called by its own name.
    """
    shared = [_shared([path.stem for path in paths]) for paths in groups]
    folders = [{path.resolve().parent for path in paths} for paths in groups]
    own = Counter(next(iter(found)) for found in folders if len(found) == 1)
    names = []
    for n, (name, found) in enumerate(zip(shared, folders, strict=True), 1):
        folder = next(iter(found))
        told = folder.name if len(found) == 1 and own[folder] == 1 else ""
        names.append(name or told or f"system {n}")
    single = [paths[0] for paths in groups if len(paths) == 1]
    if len(single) == len(groups):
        return row_names(single)
    return names


def row_names(paths: Sequence[Path]) -> list[str]:
    """The name of each file without its suffix, with its folder in front where files of two folders have the same."""
    count = Counter(path.stem for path in paths)
    return [f"{path.resolve().parent.name}/{path.stem}" if count[path.stem] > 1 else path.stem for path in paths]


def _shared(stems: Sequence[str]) -> str:
    """The common beginning of names; of numbers that differ, such as 333 and 353, no digit belongs to it."""
    if len(stems) == 1:
        return stems[0]
    begin = "".join(a[0] for a in itertools.takewhile(lambda a: len(set(a)) == 1, zip(*stems, strict=False)))
    if any(stem[len(begin) : len(begin) + 1].isdigit() for stem in stems):
        begin = begin.rstrip("0123456789")
    return begin.rstrip("-_. ")
