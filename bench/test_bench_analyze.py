"""`analyze` from end to end on a trajectory several times larger than its memory budget: time by stage, peak memory.

Every run is a process of its own, so that its peak memory is its own. The same trajectory, four times as long, must not
need more; and most of the time should go into reading.
"""

import json
import subprocess
import sys

import numpy as np
import pytest

ATOMS, PAIRS = 3000, 60
BUDGET_MB = 32
BOX = 32.0

SCRIPT = """
import json, resource, sys, time
from autodisco.analysis import analyze
from autodisco_kernels import LammpsDump
path, budget, just_read = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "read"
begin = time.process_time()
if just_read:
    with open(path, "rb", buffering=0) as stream:
        for frame in LammpsDump(stream, ["xu", "yu", "zu"]):
            pass
else:
    analyze(path, cation="type 1", anion="type 2", temperature_k=353.0, dt_ps=2.0, memory_mb=budget)
used = time.process_time() - begin
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps({"cpu_s": used, "peak_mb": int(peak) / 1000}))
"""


def write(path, n_frames):
    rng = np.random.default_rng(0)
    x = rng.random((ATOMS, 3)) * BOX
    kinds = np.array([1] * PAIRS + [2] * PAIRS + [3, 4] * ((ATOMS - 2 * PAIRS) // 2))
    masses = np.array([0, 6.94, 35.45, 15.999, 12.011])[kinds]
    with open(path, "w") as file:
        for frame in range(n_frames):
            x += rng.normal(scale=0.2, size=x.shape)
            file.write(f"ITEM: TIMESTEP\n{frame}\nITEM: NUMBER OF ATOMS\n{ATOMS}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write(f"0.0 {BOX}\n" * 3 + "ITEM: ATOMS id type mass xu yu zu\n")
            table = np.column_stack([np.arange(1, ATOMS + 1), kinds, masses, x])
            np.savetxt(file, table, fmt=["%d", "%d", "%g", "%.4f", "%.4f", "%.4f"])
    return path


def run(path, what):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), str(BUDGET_MB), what], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.bench
def test_analyze_is_bound_by_reading_and_its_memory_does_not_grow(tmp_path, benchmark):
    short, long = write(tmp_path / "short.lammpstrj", 450), write(tmp_path / "long.lammpstrj", 1800)
    run(short, "analyze")  # compiles
    first = run(short, "analyze")
    benchmark.group = "analyze, end to end"
    found = {}
    benchmark.pedantic(lambda: found.update(run(long, "analyze")), rounds=1)
    read = run(long, "read")
    positions = ATOMS * 1800 * 24 / 1e6
    benchmark.extra_info.update(
        text_mb=long.stat().st_size / 1e6,
        positions_mb=positions,
        budget_mb=BUDGET_MB,
        peak_mb_short=first["peak_mb"],
        peak_mb_long=found["peak_mb"],
        cpu_s=found["cpu_s"],
        reading_cpu_s=read["cpu_s"],
    )
    print(json.dumps(benchmark.extra_info, indent=1))
    assert positions > 4 * BUDGET_MB
    assert found["peak_mb"] < 1.1 * first["peak_mb"]
