"""What may befall a machine, on purpose: a disk that fills, fails or goes, a clock that jumps, an engine that is gone,
a database that is held, processes that are killed or stopped.

The disk is an ext4 file system in a file. Everything is mounted in the mount namespace of the process that calls this;
`python -m tests.campaign.chaos` is to be run under ``unshare --mount``. Only root may do so.
"""

import contextlib
import fcntl
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autodisco.simulation.engines import lammps
from tests.campaign.storm import family, kill

TOOLS = ("unshare", "mount", "umount", "losetup", "mkfs.ext4", "e2fsck", "cc")
DISK_BYTES = 4 << 30
CHILDREN_S = 30.0
EXT4_IOC_SHUTDOWN, WITHOUT_ITS_LOG = 0x8004587D, 2
SHARED_MEMORY = Path("/dev/shm")
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def missing() -> str:
    """What this machine lacks for a chaos run, as a sentence; empty if nothing."""
    if os.getuid():
        return "only root may mount a file system"
    if absent := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"not found: {', '.join(absent)}"
    if not Path("/dev/loop-control").exists():
        return "/dev/loop-control is missing: no loop devices"
    return ""


def call(*words: str | Path, allowed: Iterable[int] = (0,)) -> str:
    """What a program says on stdout. Raises RuntimeError if it ends with another code than those allowed."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


class Disk:
    """An ext4 file system of 4 GB in a sparse file, mounted at a folder."""

    def __init__(self, image: Path, folder: Path):
        self.image, self.folder = image, folder
        folder.mkdir()
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        call("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", image)
        self.mount()

    def mount(self) -> None:
        """Check it, as a machine does when it starts, and mount it."""
        device = call("losetup", "--find", "--show", self.image)
        call("e2fsck", "-p", device, allowed=(0, 1))
        call("mount", device, self.folder)
        call("losetup", "--detach", device)  # once it is not mounted any more

    def unmount(self) -> None:
        """Take it out of the folder; processes that have files on it keep these."""
        call("umount", "--lazy", self.folder)

    def fill(self) -> None:
        """Leave no block free."""
        with open(self.folder / "ballast", "ab") as file:
            while free := os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize:
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, max(4096, free // 2))

    def empty(self) -> None:
        """Make room again."""
        (self.folder / "ballast").unlink()

    def abort(self) -> None:
        """Make it read-only as the kernel does after an error: whoever has files open cannot write them any more."""
        call("mount", "-o", "remount,abort", self.folder)

    def shut_down(self) -> None:
        """Make it fail at every access, without what was not synced, like a device that was pulled out."""
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_ITS_LOG))
        finally:
            os.close(handle)


class Clock:
    """A wall clock for the processes with its environment."""

    def __init__(self, folder: Path):
        library, file = folder / "shifted_clock.so", folder / "shift"
        call("cc", "-O2", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("shifted_clock.c"))
        file.write_bytes(bytes(8))
        with open(file, "r+b") as handle:
            self._shift = mmap.mmap(handle.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(file)}

    def set(self, shift_s: int) -> None:
        """Be wrong by so much."""
        self._shift[:] = struct.pack("q", shift_s)


@dataclass
class Machine:
    """A machine on which a campaign runs in ``folder`` on its disk; what can befall it."""

    disk: Disk
    clock: Clock
    folder: Path

    @classmethod
    def made(cls, place: Path, name: str) -> "Machine":
        """One with its files in `place` and memory of its own for MPI."""
        call("mount", "-t", "tmpfs", "tmpfs", SHARED_MEMORY)
        disk = Disk(place / "disk.img", place / "disk")
        return cls(disk, Clock(place), disk.folder / name)

    @contextlib.contextmanager
    def fault(self, kind: str, pid: int, variant: random.Random) -> Iterator[None]:
        """A fault of the kind within the block; `pid` is the daemon's process."""
        with getattr(self, f"_{kind.replace(' ', '_').replace('-', '_')}")(pid, variant):
            yield

    @contextlib.contextmanager
    def _kill(self, pid: int, variant: random.Random) -> Iterator[None]:
        kill(family(pid))
        yield

    @contextlib.contextmanager
    def _killed_children(self, pid: int, variant: random.Random) -> Iterator[None]:
        """SIGKILL of replicas and engines, which the daemon has to notice."""
        until = time.monotonic() + CHILDREN_S
        while len(members := family(pid)) < 2 and time.monotonic() < until:
            time.sleep(0.1)
        kill(members[1:])
        yield

    @contextlib.contextmanager
    def _stop(self, pid: int, variant: random.Random) -> Iterator[None]:
        """SIGSTOP of everything, of the daemon alone, or of its children alone."""
        members = family(pid)
        chosen = variant.choice([members, members[:1], members[1:] or members])
        for member in chosen:
            _signal(member, signal.SIGSTOP)
        try:
            yield
        finally:
            for member in chosen:
                _signal(member, signal.SIGCONT)

    @contextlib.contextmanager
    def _full_disk(self, pid: int, variant: random.Random) -> Iterator[None]:
        self.disk.fill()
        try:
            yield
        finally:
            self.disk.empty()

    @contextlib.contextmanager
    def _read_only(self, pid: int, variant: random.Random) -> Iterator[None]:
        self.disk.abort()
        try:
            yield
        finally:
            self.disk.unmount()
            self.disk.mount()

    @contextlib.contextmanager
    def _lost_mount(self, pid: int, variant: random.Random) -> Iterator[None]:
        self.disk.shut_down()
        self.disk.unmount()
        try:
            yield
        finally:
            self.disk.mount()

    @contextlib.contextmanager
    def _held_database(self, pid: int, variant: random.Random) -> Iterator[None]:
        words = [sys.executable, "-c", HOLD, str(self.folder / "state.db")]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield

    @contextlib.contextmanager
    def _clock_jump(self, pid: int, variant: random.Random) -> Iterator[None]:
        self.clock.set(variant.choice((-1, 1)) * variant.choice((3_600, 86_400, 40 * 86_400)))
        try:
            yield
        finally:
            self.clock.set(0)

    @contextlib.contextmanager
    def _no_engine(self, pid: int, variant: random.Random) -> Iterator[None]:
        """Something that is no program lies over it, in this mount namespace."""
        (program,), _ = lammps.command()
        call("mount", "--bind", "/dev/null", program)
        try:
            yield
        finally:
            call("umount", program)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False
