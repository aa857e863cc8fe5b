"""What a process asks of its system: to end with its parent, how many threads it may use, to take freed memory back.

Child processes never outlive the one that started them.
"""

import contextlib
import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
THREADS = "AUTODISCO_THREADS"


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


def give_back_memory() -> None:
    """Hand the pages of freed memory back to the system, which the GNU C library keeps otherwise: after each training
    some more of them lie between what is still used. Elsewhere it does nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
