"""Processes that end with the one that started them."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from autodisco.process import ending_with


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
