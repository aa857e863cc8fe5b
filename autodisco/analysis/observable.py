"""Observables: each accumulates over the frames of a run and then gives the values of its quantities.

A new observable is one file with one class::

    class Mine(Observable):
        quantities = (Quantity("my_length_angstrom", "my length", unit="Å"),)

        def add(self, frames): ...
        def result(self): return {"my_length_angstrom": ..., "my_length_angstrom_sem": ...}
"""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, TypeVar

from autodisco.analysis.frames import Frames, IonAtoms, Settings
from autodisco.analysis.quantity import Quantity
from autodisco.analysis.trajectory import Chunk, Trajectory
from autodisco.errors import AutodiscoError, InputError
from autodisco.registry import told
from autodisco_kernels import Unwrapper

Kind = TypeVar("Kind", bound="Observable")


class Observable(ABC):
    """Something that is measured over a run.

    It is made before the first frame, gets all frames in order, in chunks of any length, and gives its result after the
    last. What needs all frames of a particle at once, as displacements do, is written to a temporary file on the way,
    so that memory does not grow with the length of the run.

    Attributes
    ----------
    quantities : of which it gives values, all of them (a value may be None)
    needs_ions : whether it is left out for a box without ions
    run : trajectory, settings, number of frames
    """

    quantities: ClassVar[tuple[Quantity, ...]] = ()
    needs_ions: ClassVar[bool] = True

    def __init__(self, run: "Run") -> None:
        self.run = run

    @abstractmethod
    def add(self, frames: Frames) -> None:
        """Take in the frames that follow. Raises InputError for frames that cannot be right."""

    @abstractmethod
    def result(self) -> Mapping[str, Any]:
        """Values by the keys of `quantities`: ``name``, ``name_sem``, ``name_at_least``; keys left out are None.

        Called once, after the last frame. Raises InputError where the run cannot give the values.
        """

    def warnings(self) -> list[str]:
        """Sentences for the user about what is odd; called after `result`."""
        return []

    def plots(self) -> Mapping[str, Callable[[Any], None]]:
        """Names of files to functions that draw on matplotlib axes; called after `result`."""
        return {}

    def curves(self) -> Mapping[str, Mapping[str, Any]]:
        """Names of plots to their numbers: names of columns, with units, to as many values each."""
        return {}


class Derived(Observable):
    """An observable that is computed from others and looks at no frame itself."""

    def add(self, frames: Frames) -> None:
        """Nothing."""


@contextmanager
def located(kind: type[Observable]) -> Iterator[None]:
    """Turns an error within an observable from outside of the program into an InputError that names file and line."""
    try:
        yield
    except AutodiscoError:
        raise
    except Exception as error:
        if kind.__module__.startswith("autodisco."):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise InputError(f"observable {kind.__name__}: {told(error)} ({last.filename}, line {last.lineno})") from error


def reason(error: Exception) -> str:
    """Why an observable failed, on one line."""
    return str(error) if isinstance(error, AutodiscoError) else told(error)


class Run:
    """What the observables of a run know of it.

    Attributes
    ----------
    trajectory, settings : what is analysed and how
    composition, ion_atoms : the atoms of the box
    n_frames : number of frames up to now
    resources : closes what observables opened, such as temporary files, after their results
    """

    def __init__(self, trajectory: Trajectory, settings: Settings) -> None:
        self.trajectory, self.settings = trajectory, settings
        self.composition = trajectory.composition
        self.n_frames = 0
        self.resources = ExitStack()
        self._observables: dict[type[Observable], Observable] = {}
        self._needs: dict[type[Observable], set[type[Observable]]] = {}
        self._being_made: list[type[Observable]] = []
        self._expendable: set[type[Observable]] = set()
        self._failed: dict[type[Observable], Exception] = {}
        self.ion_atoms = IonAtoms(self.composition, settings)
        self._unwrapper, self._unwraps = Unwrapper(continuous=trajectory.unwrapped), False

    @property
    def length_ps(self) -> float:
        """Time between the first and the last frame."""
        return (self.n_frames - 1) * self.trajectory.frame_interval_ps

    def get(self, kind: type[Kind]) -> Kind:
        """The observable of this class in the same run; an observable asks in its `__init__` for those it needs."""
        if self._being_made:
            self._needs[self._being_made[-1]].add(kind)
        if kind not in self._observables:
            self._needs[kind] = set()
            self._being_made.append(kind)
            try:
                with located(kind):
                    made = kind(self)
            finally:
                self._being_made.pop()
            self._observables[kind] = made  # after those that it asks for
        return self._observables[kind]  # type: ignore[return-value]

    def make_expendable(self, kind: type[Observable]) -> None:
        """Make an observable that the run can do without, and those that it asks for; they may fail.

        Ask for those that the run needs before.
        """
        needed = set(self._observables)
        try:
            self.get(kind)
        except Exception as error:
            self._failed[kind] = error
        self._expendable |= set(self._observables) - needed

    def unless_failed(self, kind: type[Kind]) -> Kind:
        """An expendable observable. Raises the error with which it failed."""
        if kind in self._failed:
            raise self._failed[kind]
        return self.get(kind)

    def _fail(self, kind: type[Observable], error: Exception) -> None:
        """Go on without an observable and those that need it. Raises `error` if the run cannot do without it."""
        if kind not in self._expendable:
            raise error
        self._failed[kind] = error
        for other in self._observables.keys() - self._failed.keys():
            if kind in self._needs[other]:
                self._fail(other, error)

    def add(self, chunk: Chunk) -> None:
        """Hand the frames of a chunk to all observables. Raises InputError for frames that cannot be right."""
        frames = Frames(chunk, self.composition, self.settings, self._unwrapper, self.ion_atoms)
        frames.check(self.trajectory.source, self.n_frames)
        self.n_frames += len(frames)
        for kind, observable in self._observables.items():
            if kind in self._failed:
                continue
            try:
                with located(kind):
                    observable.add(frames)
            except Exception as error:
                self._fail(kind, error)
        # Unwrapping needs every frame from the first one on that somebody asked for.
        self._unwraps = self._unwraps or "continuous" in vars(frames)
        if self._unwraps:
            _ = frames.continuous
