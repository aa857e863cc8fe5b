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
        self.ion_atoms = IonAtoms(self.composition, settings)
        self._unwrapper, self._unwraps = Unwrapper(continuous=trajectory.unwrapped), False

    @property
    def length_ps(self) -> float:
        """Time between the first and the last frame."""
        return (self.n_frames - 1) * self.trajectory.frame_interval_ps

    def get(self, kind: type[Kind]) -> Kind:
        """The observable of this class in the same run; an observable asks in its `__init__` for those it needs."""
        if kind not in self._observables:
            with located(kind):
                made = kind(self)
            self._observables[kind] = made  # after those that it asks for
        return self._observables[kind]  # type: ignore[return-value]

    def add(self, chunk: Chunk) -> None:
        """Hand the frames of a chunk to all observables. Raises InputError for frames that cannot be right."""
        frames = Frames(chunk, self.composition, self.settings, self._unwrapper, self.ion_atoms)
        frames.check(self.trajectory.source, self.n_frames)
        self.n_frames += len(frames)
        for observable in self._observables.values():
            with located(type(observable)):
                observable.add(frames)
        # Unwrapping needs every frame from the first one on that somebody asked for.
        self._unwraps = self._unwraps or "continuous" in vars(frames)
        if self._unwraps:
            _ = frames.continuous
