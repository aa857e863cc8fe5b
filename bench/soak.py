"""Hundreds of iterations on tiny real simulations: does anything grow that should not, and what does the loop cost?

    python bench/soak.py [--iterations 500] [--folder DIR] [--figure FILE]
    python bench/soak.py --made-up 20 --iterations 80 --folder DIR
    python bench/soak.py --campaign campaigns/quickstart.toml --folder DIR

One new polymer per iteration, one replica of the protocol `smoke` with steps of a fifth of their length, the model
retrained each time; or any campaign. With `--made-up N` there are N polymers per iteration, which the posterior chooses
and labels, and an executor that makes their values up takes the place of the simulations: all else is real.

The daemon is looked at every second: memory, open files, CPU time, and threads of it and of all processes that it
started that run or wait for a core, from /proc (Linux); the database with its write-ahead log; the state. Prints what
the first and the last fifth of the iterations took, where the time of the daemon went, and for which share of the cores
the campaign had no work, by state and in all after the first model; draws the figures over the iterations. The same
command goes on.
"""

import argparse
import contextlib
import csv
import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from autodisco.analysis.quantities import quantities
from autodisco.campaign import load
from autodisco.errors import AutodiscoError
from autodisco.simulation import claims, protocols
from autodisco.simulation.executors import Executor, Sighting
from autodisco.simulation.executors.job import write_job
from autodisco.simulation.task import ReplicaOutcome, ReplicaTask
from autodisco.store import Store
from autodisco.surrogate.similarity import Structures
from tests.campaign.conftest import write_campaign

EVERY_S = 1.0
FIELDS = ("state", "seconds", "cpu_s", "iteration", "memory_mib", "open_files", "threads", "database_mib", "at_work")
SERIES = {
    "memory_mib": "memory, MiB",
    "open_files": "open files",
    "threads": "threads",
    "database_mib": "database, MiB",
}
TIME = "time per iteration, s"
WAITS = ("simulate",)  # here others work; of the daemon's time only its CPU time counts
BOOKKEEPING = ("filter", "acquire")


def main() -> int:
    """Run the campaign to its end, then print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--campaign", type=Path)
    parser.add_argument("--made-up", type=int, default=0, metavar="N")
    parser.add_argument("--folder", type=Path, default=Path("soak"))
    parser.add_argument("--figure", type=Path, default=Path("soak.png"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.made_up:
        file = made_up_campaign(given.folder, given.iterations, given.made_up)
    else:
        file = given.campaign or campaign_file(given.folder, given.iterations)
    folder = load(file, given.folder / "runs").folder
    code = watch(file, folder, given.folder)
    with open(given.folder / "samples.csv") as handle:
        samples = list(csv.DictReader(handle))
    with Store.open_readonly(folder) as store:
        times = [(row.n, row.ended - row.started) for row in store.iterations() if row.ended and row.n]
        simulated = sum(row.wall_s or 0.0 for row in store.replicas())
    series = {
        label: np.array([(float(row["iteration"]), float(row[name])) for row in samples])
        for name, label in SERIES.items()
    }
    series[TIME] = np.array(times)
    growth(series)
    overhead(samples, simulated)
    idle(samples, len(os.sched_getaffinity(0)))
    if len(times) > 1:
        draw(series, given.figure)
    return code


def campaign_file(folder: Path, iterations: int) -> Path:
    """The campaign of the tests, with a shortened protocol and a saturation that never comes."""
    lines = []
    for line in (protocols.SHIPPED / "smoke.toml").read_text().splitlines():
        key, _, value = line.partition(" = ")
        shorter = key in ("duration_ps", "set_mean_box_over_ps", "frame_interval_ps", "max_iterations")
        lines.append(f"{key} = {float(value) / 5:g}" if shorter else line)
    (folder / "soak.toml").write_text("\n".join(lines).replace('name = "smoke"', 'name = "soak"') + "\n")
    file = write_campaign(folder, batch=1, iterations=iterations)
    text = file.read_text().replace('protocol = "smoke"', 'protocol = "soak.toml"')
    file.write_text(text + "[saturation]\nthreshold = 0.999\n")
    (folder / "seeds.csv").write_text((folder / "seeds.csv").read_text().replace(",smoke,", ",soak,"))
    return file


def made_up_campaign(folder: Path, iterations: int, batch: int) -> Path:
    """A campaign whose values are made up, judged by the posterior."""
    file = write_campaign(
        folder, batch=batch, iterations=iterations, pool=5 * batch, selection="batch-ucb", max_draws=100 * batch
    )
    executor = f'[executor]\nkind = "{Path(__file__).resolve()}:MadeUp"\n'
    file.write_text(file.read_text() + executor + "[saturation]\nthreshold = 0.999\n")
    return file


class MadeUp(Executor):
    """Values of the size of those of `quick` that depend on the repeat unit, at once."""

    here = False
    poll_s = 0.01

    def submit(self, task: ReplicaTask, claim: str) -> str:
        """Leave an outcome as a worker would."""
        rng = np.random.default_rng(list(f"{task.key} {task.replica}".encode()))
        structure = Structures.of([task.monomer_smiles])
        value = float(10 ** (-3.0 + 2.0 * structure.descriptors[0, 1] / 8.0 + 0.2 * rng.normal()))
        found = {
            "protocol": task.protocol, "temperature_k": 500.0, "conductivity_s_per_cm": value,
            **{key: value for quantity in quantities() for key in quantity.keys if key.startswith("conductivity_")},
        }  # fmt: skip
        write_job(task, claim)
        claims.leave(task, claim, ReplicaOutcome(True, found, None, "", 1.0, 1.0, atoms=500))
        return claim

    def poll(self, handles: Collection[str]) -> dict[str, Sighting]:
        """All have ended."""
        return dict.fromkeys(handles, Sighting("ended"))

    def cancel(self, handle: str) -> None:
        """Nothing runs."""


def watch(file: Path, campaign: Path, folder: Path) -> int:
    """Run the campaign in a process of its own and write a row of `FIELDS` every second; returns its exit code."""
    samples = folder / "samples.csv"
    new = not samples.exists()
    with open(samples, "a") as out, open(folder / "log.txt", "a") as log:
        writer = csv.writer(out)
        if new:
            writer.writerow(FIELDS)
        daemon = subprocess.Popen(
            [sys.executable, "-m", "autodisco", "run", str(file)],
            stdout=log, stderr=log, env=os.environ | {"AUTODISCO_RUNS": str(campaign.parent)},
        )  # fmt: skip
        before, cpu_before = time.monotonic(), 0.0
        while daemon.poll() is None:
            time.sleep(EVERY_S)
            now = time.monotonic()
            try:
                found = sample(daemon.pid, campaign)
            except (OSError, KeyError, ValueError, AutodiscoError):  # no database yet, or the process has just ended
                continue
            writer.writerow([found["state"], now - before, found["cpu_s"] - cpu_before, *map(found.get, FIELDS[3:])])
            out.flush()
            before, cpu_before = now, found["cpu_s"]
            print(f"\riteration {found['iteration']} ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return daemon.returncode


def sample(pid: int, campaign: Path) -> dict:
    """What a process and its campaign take now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    with Store.open_readonly(campaign) as store:
        facts = store.facts()
    return {
        "state": facts["state"],
        "iteration": facts["iteration"],
        "cpu_s": sum(psutil.Process(pid).cpu_times()[:2]),
        "at_work": at_work(psutil.Process(pid)),
        "memory_mib": int(status["VmRSS"].split()[0]) / 1024,
        "open_files": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "database_mib": sum(part.stat().st_size for part in campaign.glob("state.db*")) / 2**20,
    }


def at_work(process: psutil.Process) -> int:
    """Threads of a process and of all that it started that run or wait for a core."""
    states = []
    for one in (process, *process.children(recursive=True)):
        for thread in Path(f"/proc/{one.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):  # it has just ended
                states.append(thread.read_text().rpartition(")")[2].split()[0])
    return states.count("R")


def growth(series: dict[str, np.ndarray]) -> None:
    """Means and standard deviations over the first and the last fifth of the iterations."""
    print("| | first fifth | last fifth |\n|---|---|---|")
    for label, values in series.items():
        last = values[:, 0].max()
        parts = values[values[:, 0] <= last / 5, 1], values[values[:, 0] > 0.8 * last, 1]
        print(
            f"| {label} | " + " | ".join(f"{part.mean():.4g} ± {part.std():.2g}" for part in parts if part.size) + " |"
        )


def overhead(samples: list[dict[str, str]], simulated_s: float) -> None:
    """Seconds of the daemon by state, and those that are neither simulation nor the model's, as a share."""
    print("\n| state | seconds | of these CPU time of the daemon |\n|---|---|---|")
    spent = {}
    for state in dict.fromkeys(row["state"] for row in samples):
        rows = [row for row in samples if row["state"] == state]
        spent[state] = [sum(float(row[name]) for row in rows) for name in ("seconds", "cpu_s")]
        print(f"| {state} | {spent[state][0]:.0f} | {spent[state][1]:.1f} |")
    own = sum(spent.get(state, [0.0])[0] for state in BOOKKEEPING) + sum(
        spent.get(state, [0, 0.0])[1] for state in WAITS
    )
    print(f"\nsimulations {simulated_s:.0f} s; the loop itself {own:.1f} s: {100 * own / simulated_s:.2f} %")


def idle(samples: list[dict[str, str]], cores: int) -> None:
    """Share of the cores for which the campaign had no work, from the first draw on."""
    first = next((n for n, row in enumerate(samples) if row["state"] == "generate"), len(samples))
    rows = [(row["state"], float(row["seconds"]), min(cores, int(row["at_work"]))) for row in samples[first:]]
    print(f"\n| state, after the first model | seconds | share of {cores} cores without work |\n|---|---|---|")
    for name in [*dict.fromkeys(state for state, _, _ in rows), "all"]:
        those = [(seconds, busy) for state, seconds, busy in rows if name in (state, "all")]
        seconds = sum(seconds for seconds, _ in those)
        print(f"| {name} | {seconds:.0f} | {1 - sum(s * busy for s, busy in those) / (cores * seconds):.3f} |")


def draw(series: dict[str, np.ndarray], file: Path) -> None:
    """One panel per figure, over the iterations."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(len(series), 1, figsize=(7, 9), sharex=True, layout="constrained")
    for panel, (label, values) in zip(panels, series.items(), strict=True):
        panel.plot(values[:, 0], values[:, 1], ".", markersize=2)
        panel.set_ylabel(label)
        panel.set_ylim(bottom=0)
    panels[-1].set_xlabel("iteration")
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    sys.exit(main())
