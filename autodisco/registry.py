"""Parts of the program that are chosen by name: engines, force fields, stages, objectives and the others.

A name means, in this order: a built-in part; an entry point ``autodisco.<kind>`` of an installed package; or an object
in a Python file, written ``path/to/file.py:object``. A built-in part is one line, ``name: "module:object"``; its module
is imported when the part is used for the first time.
"""

import difflib
import functools
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from autodisco.errors import InputError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

GROUP = "autodisco"
DIGITS = 8
T = TypeVar("T")

_FORMS = {"class": "a subclass", "instance": "an instance", "either": "a subclass or an instance"}


class Registry(Generic[T]):
    """The parts of one kind.

    `kind` is the word of the entry points (``engines``); `noun` is what messages call a part (``engine``). A part
    has to be a subclass of `base`, an instance of it, or either, as `form` says.
    """

    def __init__(
        self,
        kind: str,
        noun: str,
        built_in: Mapping[str, str],
        base: type | None = None,
        form: Literal["class", "instance", "either"] = "class",
    ):
        self.kind = kind
        self.noun = noun
        self._built_in = dict(built_in)
        self._base = base
        self._form = form

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: str) -> bool:
        return name in self._built_in or is_file(name) or name in self.names()

    def names(self) -> tuple[str, ...]:
        """Names of the built-in parts, in the order of registration, then those of installed packages."""
        added = sorted(point.name for point in self._entry_points())
        return tuple(dict.fromkeys([*self._built_in, *added]))

    def get(self, name: str) -> T:
        """The part `name`.

        Raises InputError if no part has this name, if the file or the object does not exist, if importing it fails,
        or if it is not a part of this kind.
        """
        if name in self._built_in:
            return _attribute(importlib.import_module(self._built_in[name].partition(":")[0]), self._built_in[name])
        if is_file(name):
            return self._checked(name, self._from_file(name))
        for point in self._entry_points().select(name=name):
            try:
                return self._checked(name, point.load())
            except InputError:
                raise
            except Exception as error:
                raise InputError(f"{self.noun} '{name}' of {point.value} cannot be imported: {told(error)}") from error
        close = difflib.get_close_matches(name, self.names(), n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise InputError(
            f"{self.noun} '{name}' does not exist{hint}; known: {', '.join(self.names())}, or path/to/file.py:object"
        )

    def _entry_points(self) -> "EntryPoints":
        from importlib.metadata import entry_points  # takes long to import, and a built-in part does without

        return entry_points(group=f"{GROUP}.{self.kind}")

    def _from_file(self, name: str) -> Any:
        path = name.rpartition(":")[0]
        try:
            module = _module(Path(path).resolve())
        except OSError as error:
            raise InputError(f"{self.noun} '{name}': {path} cannot be read: {error.strerror}") from error
        except Exception as error:
            raise InputError(f"{self.noun} '{name}': {path} cannot be imported: {told(error)}") from error
        return _attribute(module, name)

    def _checked(self, name: str, part: Any) -> T:
        problem = _problem(part, self._base, self._form) if self._base else ""
        if problem:
            raise InputError(f"{self.noun} '{name}' {problem}")
        return part


def is_file(name: str) -> bool:
    """Whether `name` has the form ``path/to/file.py:object``."""
    return name.rpartition(":")[0].endswith(".py")


def absolute(name: str, folder: Path) -> str:
    """`name` with the path of its file relative to `folder` made absolute; any other name unchanged."""
    path, _, attribute = name.rpartition(":")
    return f"{(folder / path).resolve()}:{attribute}" if is_file(name) else name


def label(name: str) -> str:
    """`name` as part of the name of a folder: for a file ``stem-object-digest``, with a short digest of its content.

    Raises InputError if the file cannot be read.
    """
    if not is_file(name):
        return name
    shown, _, digest = by_content(name).partition(" ")
    return f"{shown.replace(':', '-')}-{digest[:DIGITS]}"


def by_content(name: str) -> str:
    """`name` for a comparison: for a file ``stem:object sha256``, wherever it lies; any other name unchanged.

    Raises InputError if the file cannot be read.
    """
    if not is_file(name):
        return name
    path, _, attribute = name.rpartition(":")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"'{name}': {path} cannot be read: {error.strerror}") from error
    return f"{Path(path).stem}:{attribute} {hashlib.sha256(content).hexdigest()}"


def told(error: Exception) -> str:
    """Class and text of an error, on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@functools.cache
def _module(path: Path) -> ModuleType:
    """The module in a file, imported once."""
    if not path.is_file():
        raise FileNotFoundError(2, "no such file", str(path))
    name = f"autodisco_file_{hashlib.sha256(bytes(path)).hexdigest()[:12]}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a name that ends in .py has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _attribute(module: ModuleType, name: str) -> Any:
    attribute = name.rpartition(":")[2]
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        raise InputError(f"'{name}': {module.__file__} has no object '{attribute}'") from error


def _problem(part: object, base: type, form: str) -> str:
    """Why `part` does not have the form asked for, as the end of a sentence; empty if it has."""
    wanted = f"{_FORMS[form]} of {base.__name__} ({base.__module__})"
    if isinstance(part, type) and issubclass(part, base):
        if form == "instance":
            return f"is a class, and not {wanted}"
        missing = sorted(getattr(part, "__abstractmethods__", ()))
        return f"lacks methods of {base.__name__}: {', '.join(missing)}" if missing else ""
    if not isinstance(part, base):
        return f"is not {wanted}"
    return f"is an instance, and not {wanted}" if form == "class" else ""
