"""What a process asks of its system, and gives back to it."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from autodisco.process import MPICH_MEMORY, ending_with, give_back_memory, unname_shared_memory

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


MAPS = """
import mmap, sys
with open(sys.argv[1], "w+b") as file:
    file.truncate(4096)
    mapped = mmap.mmap(file.fileno(), 4096)
print("mapped", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path(MPICH_MEMORY).parent.is_dir(), reason="no shared memory here")
def test_shared_memory_of_mpi_does_not_outlive_a_process_that_is_killed():
    name = Path(f"{MPICH_MEMORY}of_a_test_{id(object())}_0")
    words = [sys.executable, "-c", MAPS, str(name)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"mapped\n"
        assert name.exists()
        assert unname_shared_memory(process.pid)
        process.kill()
    assert not name.exists()
    assert not unname_shared_memory(process.pid)


def test_a_command_runs_with_its_arguments_and_its_exit_code():
    code = "import sys; print(sys.argv[1:]); sys.exit(7)"
    done = subprocess.run(
        ending_with(os.getpid(), [sys.executable, "-c", code, "a b", "--c"]), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (7, "['a b', '--c']\n")


def test_a_program_that_is_not_there_is_named():
    done = subprocess.run(ending_with(os.getpid(), ["no-such-program"]), capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "no-such-program: No such file or directory\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of the end of its parent")
def test_a_command_ends_with_the_process_that_started_it():
    code = (
        "import os, subprocess, sys; from autodisco.process import ending_with;"
        "child = subprocess.Popen(ending_with(os.getpid(), ['sleep', '600'])); print(child.pid, flush=True);"
        "sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    while child.name() != "sleep":
        time.sleep(0.02)
    parent.kill()
    parent.communicate()
    child.wait(60)
