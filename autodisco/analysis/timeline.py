"""The frames of one or several files as one run of evenly spaced frames: gaps, repeated frames and restarts.

A restarted simulation may write some frames again, or begin to count at 0 again. The positions of the atoms show which.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autodisco.analysis.trajectory import Chunk, Notes, StartAgain
from autodisco.arrays import Floats
from autodisco.errors import InputError
from autodisco.text import counted

WITNESSES = 12  # number of atoms whose positions identify a frame
LIKE_A_STEP = 2.0  # longest displacement from one frame to the next, in units of the usual displacement
SHORTEST_STEP, LONGEST_STEP = 0.05, 20.0  # fs; time steps of simulations
Mark = NDArray[np.float32]  # positions of the witnesses
LEAST_SAME, MOST_SAME = 0.002, 0.02  # Å; limits of the tolerance for equal positions, which files hold with few digits


@dataclass(frozen=True)
class Frame:
    """A frame as it is in a file.

    Attributes
    ----------
    source : the file
    stamp : time step, or time in ps, which orders the frames; None if the file has neither
    time_ps : None if the file does not hold it
    positions, cell : (n, 3) and (3, 3), Å
    lost : the defect of a damaged frame that was left out just before this one; None without such a frame

    Raises InputError for coordinates that are not finite and for a box without volume.
    """

    source: str
    stamp: float | None
    time_ps: float | None
    positions: Floats
    cell: Floats
    lost: str | None = None

    def __post_init__(self) -> None:
        at = "a frame" if self.stamp is None else f"the frame at {self.stamp:g}"
        if not np.isfinite(self.positions).all():
            raise InputError(f"{self.source}: {at} holds coordinates that are not finite: the run failed there")
        if not 0 < abs(np.linalg.det(self.cell)) < np.inf:
            raise InputError(f"{self.source}: {at} has a box without volume")


class _History:
    """The frames of the run so far, in little memory: stamp, number among all frames read, witness positions."""

    def __init__(self) -> None:
        self.stamps, self.numbers = array("d"), array("q")
        self._marks: list[bytes] = []

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, stamp: float, number: int, mark: Mark) -> None:
        """Add a frame."""
        self.stamps.append(stamp)
        self.numbers.append(number)
        self._marks.append(mark.tobytes())

    def mark(self, k: int) -> Mark:
        """Positions of the witnesses in frame k."""
        return np.frombuffer(self._marks[k], np.float32).reshape(-1, 3)

    def same(self, mark: Mark, cell: Floats, tolerance: float) -> int | None:
        """The frame in which the witnesses are where `mark` has them, to a tolerance in Å; None if there is none."""
        apart = [_apart(mark, self.mark(k), cell) for k in range(len(self))]
        best = int(np.argmin(apart)) if apart else 0
        return best if apart and apart[best] <= tolerance else None


class Timeline:
    """Selects the frames of a run from those of its files. It remembers which frames the next reading has to leave out.

    Parameters
    ----------
    unit : of the stamps, for messages
    dt_ps : time between frames as given by the user; with it, frames that all have the same stamp are accepted
    notes : gets a sentence about each restart
    """

    def __init__(self, unit: str, dt_ps: float | None, notes: Notes) -> None:
        self._unit, self._dt_ps, self._notes = unit, dt_ps, notes
        self._dropped: set[int] = set()

    def run(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames of the run in order.

        Raises
        ------
        StartAgain
            If a restart wrote frames again that were already returned. Call this again with all frames from the start.
        InputError
            For a frame at an unexpected time.
        """
        kept = _History()
        last: Frame | None = None
        self._interval: float | None = None
        self._time_step: float | None = None
        self._step_sum, self._n_steps, self._stands, self._offset = 0.0, 0, False, 0.0
        for number, frame in enumerate(frames):
            if number in self._dropped:
                continue
            if frame.stamp is None:
                yield frame
                continue
            mark = frame.positions[:: -(-len(frame.positions) // WITNESSES) or 1].astype(np.float32)
            if last is None or self._follows(frame, mark, kept, last):
                if kept:
                    self._step_sum += _apart(mark, kept.mark(-1), frame.cell) ** 2
                    self._n_steps += 1
                kept.add(frame.stamp + self._offset, number, mark)
                last = frame
                yield frame

    def _follows(self, frame: Frame, mark: Mark, kept: _History, last: Frame) -> bool:
        """Whether a frame is the next one of the run; False if it has to be left out."""
        assert frame.stamp is not None
        now, before = frame.stamp + self._offset, kept.stamps[-1]
        step = now - before
        # Some formats store times in single precision.
        allowed = 0.02 * (self._interval or 0.0) + 4e-7 * abs(now)
        if step == 0:
            if self._stands or _apart(mark, kept.mark(-1), frame.cell) <= self._tolerance():
                return self._stands
            if self._interval is None and self._dt_ps is not None:
                self._stands = True
                self._notes.say(f"{frame.source}: all frames have the same {self._unit}; --dt is the time between")
                return True
            if self._interval is None:
                raise InputError(
                    f"{frame.source}: frames of the same {self._unit} follow each other; give the time between them "
                    "with --dt, in ps"
                )
        elif step > 0:
            if self._interval is None:
                self._interval = step
                self._check_dt(frame.source, step)
            elif abs(step - self._interval) > allowed:
                raise self._uneven(frame, now, before, last)
            self._check_time(frame, last)
            return True
        return self._goes_back(frame, mark, kept, allowed)

    def _check_dt(self, source: str, steps: float) -> None:
        """Say so if the given time between frames makes a time step that no simulation has."""
        if self._unit != "steps" or self._dt_ps is None or steps <= 1:  # frames that are counted one by one
            return
        femtoseconds = 1e3 * self._dt_ps / steps
        if not SHORTEST_STEP <= femtoseconds <= LONGEST_STEP:
            self._notes.say(
                f"{source}: frames are {steps:g} steps apart, and --dt {self._dt_ps:g} ps makes a time step of "
                f"{femtoseconds:g} fs; {SHORTEST_STEP:g} to {LONGEST_STEP:g} fs expected: is --dt in ps?"
            )

    def _check_time(self, frame: Frame, last: Frame) -> None:
        """Check the times too, because the length of a time step may change during a run (`fix dt/reset` of LAMMPS)."""
        if frame.time_ps is None or last.time_ps is None or frame.time_ps < last.time_ps:
            return
        step = frame.time_ps - last.time_ps
        if self._time_step is None:
            self._time_step = step
        elif abs(step - self._time_step) > 0.02 * self._time_step + 4e-7 * abs(frame.time_ps):
            raise InputError(
                f"{frame.source}: a frame at {frame.time_ps:g} ps follows one at {last.time_ps:g} ps; one "
                f"{self._time_step:g} ps later expected, because displacements need frames that are evenly spaced"
            )

    def _goes_back(self, frame: Frame, mark: Mark, kept: _History, allowed: float) -> bool:
        """Handle a frame with an earlier stamp: a part that a restart wrote again, or a restart that counts anew."""
        assert frame.stamp is not None
        now, last = frame.stamp + self._offset, kept.stamps[-1]
        at = next((k for k in range(len(kept) - 1, -1, -1) if abs(kept.stamps[k] - now) <= allowed), None)
        usual, tolerance = self._usual(), self._tolerance()
        from_last = _apart(mark, kept.mark(-1), frame.cell)
        again = at is not None and _apart(mark, kept.mark(at), frame.cell) <= tolerance
        if at and not again:
            from_before = _apart(mark, kept.mark(at - 1), frame.cell)
            again = from_before <= LIKE_A_STEP * usual and from_before < from_last
        repeats = from_last <= tolerance
        said = f"begins again at {frame.stamp:g} {self._unit}"
        if not again and not repeats:
            at = kept.same(mark, frame.cell, tolerance)
            again = at is not None
            said = f"counts from {frame.stamp:g} {self._unit} again, and begins with a frame that was written before"
        if at is not None and again:
            n = len(kept) - at
            if at <= 1 and n > 1:
                raise InputError(
                    f"{frame.source}: begins again where the run before it began, and would replace {n} of its "
                    f"{len(kept)} frames: a replica from the same start, or a copy? Replicas are combined with a + "
                    "between them (TOPOLOGY TRAJECTORY + TOPOLOGY TRAJECTORY); of copies give one"
                )
            self._dropped |= set(kept.numbers[at:])
            self._notes.say(
                f"{frame.source}: {said}; of the {counted(n, 'frame')} from there on that "
                f"{'was written twice, the later one is' if n == 1 else 'were written twice, the later ones are'} used"
            )
            raise StartAgain
        if repeats or (self._interval is not None and from_last <= LIKE_A_STEP * usual):
            how = "its first frame repeats the last one" if repeats else "its first frame is used as the next one"
            self._offset = last - frame.stamp + (0.0 if repeats else self._interval or 0.0)
            self._notes.say(f"{frame.source}: counts from {frame.stamp:g} {self._unit} again after {last:g}; {how}")
            return not repeats
        raise self._uneven(frame, now, last, None)

    def _uneven(self, frame: Frame, now: float, last: float, before: Frame | None) -> InputError:
        usual = "more" if self._interval is None else f"{self._interval:g} {self._unit} later"
        back = "; its atoms are neither where those of an earlier frame were nor near the last" if now < last else ""
        between = before is not None and before.source != frame.source
        order = "; are the files in the order of their steps (sort -V)?" if between else ""
        lost = f"; a frame between them is incomplete ({frame.lost})" if frame.lost and now > last else ""
        return InputError(
            f"{frame.source}: a frame at {now:g} {self._unit} follows one at {last:g}; one {usual} expected, "
            f"because displacements need frames that are evenly spaced{back}{lost}{order}"
        )

    def _usual(self) -> float:
        """Root-mean-square displacement of the witnesses from one frame to the next, Å."""
        return float(np.sqrt(self._step_sum / self._n_steps)) if self._n_steps else 0.0

    def _tolerance(self) -> float:
        return max(LEAST_SAME, min(MOST_SAME, 0.3 * self._usual())) if self._n_steps else LEAST_SAME


def in_chunks(frames: Iterable[Frame], length: int) -> Iterator[Chunk]:
    """Frames in chunks of `length`."""
    placed: list[Floats] = []
    cells: list[Floats] = []
    for frame in frames:
        placed.append(frame.positions)
        cells.append(frame.cell)
        if len(cells) == length:
            yield Chunk(np.array(placed), np.array(cells))
            placed, cells = [], []
    if cells:
        yield Chunk(np.array(placed), np.array(cells))


def _apart(x: Mark, y: Mark, cell: Floats) -> float:
    """Root-mean-square distance between two sets of positions, to the nearest image, Å."""
    if x.shape != y.shape:
        return float("inf")
    steps = (x - y).astype(np.float64) @ np.linalg.inv(cell)
    return float(np.sqrt((((steps - np.rint(steps)) @ cell) ** 2).sum(axis=1).mean()))
