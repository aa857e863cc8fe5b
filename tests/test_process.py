"""What a process gives back to its system."""

import ctypes
import sys
from pathlib import Path

import pytest

from autodisco.process import give_back_memory

PIECES, BYTES = 4000, 16_000


def resident_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs the GNU C library")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_memory_below_some_that_is_used_goes_back_to_the_system():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_size_t],
        [ctypes.c_void_p],
    )
    pieces = [libc.malloc(BYTES) for _ in range(PIECES)]
    for piece in pieces:
        ctypes.memset(piece, 1, BYTES)
    for piece in pieces[:-1]:
        libc.free(piece)
    before = resident_mib()
    give_back_memory()
    assert before - resident_mib() > 0.8 * PIECES * BYTES / 2**20
    libc.free(pieces[-1])
