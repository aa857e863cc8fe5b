"""What a process asks of its system: to end with its parent, how many threads it may use, to take freed memory back.

Child processes never outlive the one that started them.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from autodisco.errors import AskedToEnd

PR_SET_PDEATHSIG = 1
THREADS = "AUTODISCO_THREADS"
MPICH_MEMORY = "/dev/shm/mpich_shm_"


def threads() -> int:
    """Threads that the engine of this process may use, from the environment; one where nothing is said."""
    return max(1, int(os.environ.get(THREADS) or 1))


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when `parent`, which must be its parent, ends. Elsewhere it does nothing."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    except (OSError, AttributeError):
        return
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), signal.SIGKILL)


def ending_with(parent: int, command: Sequence[str]) -> list[str]:
    """A command that runs another one, which then ends with its parent as `die_with_parent` says.

    It is for processes with several threads: code of Python between fork and exec could wait there for ever.
    """
    return [sys.executable, "-m", "autodisco.process", str(parent), *command]


_asked = False


def end_when_asked() -> None:
    """From now on SIGTERM is a request, which `check_asked` tells of; a second one ends the process at once."""

    def asked(number: int, _: FrameType | None) -> None:
        global _asked
        _asked = True
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, asked)


def check_asked() -> None:
    """Raises AskedToEnd if this process was asked to end."""
    if _asked:
        raise AskedToEnd("SIGTERM asked this process to end")


def unname_shared_memory(pid: int) -> bool:
    """Remove the names of the shared memory of MPICH that a process without partners has mapped; whether there was any.

    It then goes with the process. MPICH removes the name only at an orderly end; each kill would leave 1 MB in memory.
    """
    try:
        with open(f"/proc/{pid}/maps") as maps:
            names = {line.split()[-1] for line in maps if line.split()[-1].startswith(MPICH_MEMORY)}
    except OSError:
        return False
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(name)
    return bool(names)


def give_back_memory() -> None:
    """Hand the pages of freed memory back to the system, which the GNU C library keeps otherwise: after each training
    some more of them lie between what is still used. Elsewhere it does nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[1]))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[2]}: {error.strerror}")
