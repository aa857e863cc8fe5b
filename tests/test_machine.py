"""What a process may use: the machine, or less where its control group says so."""

import os

import psutil
import pytest

from autodisco.machine import cores, free_memory_bytes, memory_bytes

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of 64 GiB with 32 GiB free; takes the files of the control group that the process is in."""

    def made(group="/", **files):
        for folder in ("proc/self", "sys/fs/cgroup" + group):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
        others = "".join(f"{name}: 9 kB\n" for name in "MemFree Buffers Cached Shmem Active Inactive".split())
        memory = f"MemTotal: {64 * 2**20} kB\nMemAvailable:  {32 * 2**20} kB\n"
        (tmp_path / "proc/meminfo").write_text(memory + others)
        (tmp_path / "proc/self/cgroup").write_text(f"0::{group}\n")
        for name, content in files.items():
            (tmp_path / ("sys/fs/cgroup" + group) / name.replace("_", ".", 1)).write_text(content)
        return tmp_path

    return made


def test_here_there_is_some_of_everything():
    assert 0 < free_memory_bytes() <= memory_bytes() < 1e5 * GIB
    assert 1 <= cores() <= os.cpu_count()


def test_without_limits_it_is_what_the_machine_has(machine):
    root = machine(memory_max="max\n", memory_current="5\n", cpu_max="max 100000\n")
    assert (memory_bytes(root), free_memory_bytes(root)) == (64 * GIB, 32 * GIB)
    assert cores(root) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("group", ["/", "/slurm/job_7/step"])
def test_the_limit_of_a_container_or_a_job_counts(machine, group):
    stat = f"anon 5\ninactive_file {GIB}\n"
    limits = {
        "memory_max": f"{4 * GIB}\n",
        "memory_current": f"{3 * GIB}\n",
        "memory_stat": stat,
        "cpu_max": "150000 100000",
    }
    root = machine(group, **limits)
    assert (memory_bytes(root), free_memory_bytes(root)) == (4 * GIB, 2 * GIB)
    assert cores(root) == 1


def test_the_limit_of_a_group_around_it_counts(machine):
    root = machine("/job", memory_max=f"{2 * GIB}\n", memory_current=f"{GIB}\n")
    assert free_memory_bytes(machine("/job/step", memory_max="max\n", memory_current="1\n")) == GIB
    assert memory_bytes(root) == 2 * GIB
