"""How many results of replicas a campaign takes in a second.

    python bench/results_taken.py [--results 1000] [--look 100]

Simulates one replica with `smoke`, and makes so many finished runs of other replicas from it, each in the folder of its
claim. An executor then says that they have ended, so many at each look. Prints the time from its first answer to the
last row in the database, in results per second and CPU time per result, and what the disk gives: syncs per second.
"""

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from autodisco.campaign import load
from autodisco.campaign.campaign import Campaign
from autodisco.campaign.replicas import settle
from autodisco.campaign.setup import set_up
from autodisco.campaign.tasks import Tasks
from autodisco.files import write_json
from autodisco.polymer import parse
from autodisco.simulation import cache, claims
from autodisco.simulation.batch import simulate_batch
from autodisco.simulation.executors import job
from autodisco.store import Store, run_folder

FILE = """\
name = "results"
[seeds]
grammar = 10
[generator]
kind = "random"
[simulation]
protocol = "smoke"
workers = 100000
least_free_memory_gb = 0
least_free_disk_gb = 0
[executor]
kind = "ended.py:Ended"
options = {{ look = {look} }}
"""
EXECUTOR = """\
import time
from autodisco.simulation.executors import Executor, Sighting

begun = []


class Ended(Executor):
    survives, here, poll_s = True, False, 0.0

    def __init__(self, workers=0, threads=1, look=100):
        super().__init__(workers, threads)
        self.look = look

    def submit(self, task, claim):
        raise RuntimeError("it was submitted before")

    def poll(self, handles):
        begun or begun.append((time.monotonic(), time.process_time()))
        ended = set(sorted(handles)[:self.look])
        return {one: Sighting("ended" if one in ended else "running", "it ended") for one in handles}

    def cancel(self, handle):
        pass
"""


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser()
    given.add_argument("--results", type=int, default=1000)
    given.add_argument("--look", type=int, default=100)
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="results-") as scratch:
        folder = Path(scratch)
        simulate_batch([parse("*OCC*")], "smoke", "pcff+", 1, folder / "one")
        (run,) = (file.parent for file in (folder / "one").glob("**/outcome.json"))
        (folder / "ended.py").write_text(EXECUTOR)
        (folder / "results.toml").write_text(FILE.format(look=options.look))
        campaign = load(folder / "results.toml", folder / "runs")
        with Store.create(campaign.folder) as store:
            set_up(campaign, store)
            _fill(campaign, store, options.results, run)
            settle(campaign, store)
            ended, cpu = time.monotonic(), time.process_time()
            done = sum(row.status == "done" for row in store.replica_states())
            assert done == options.results, f"{done} have a value"
        begun, used = sys.modules[type(campaign.pool.executor).__module__].begun[0]
        wall = ended - begun
        rate = options.results / wall
        print(f"{options.results} results in {wall:.2f} s: {rate:.0f} a second, {options.look} at each look")
        print(f"{1000 * (cpu - used) / options.results:.2f} ms of CPU time a result")
        print(f"{_syncs(folder):.0f} syncs of a new file a second")


def _fill(campaign: Campaign, store: Store, number: int, run: Path) -> None:
    """Rows of replicas that run, and the folders of their runs, which have ended."""
    protocol, kind = store.get("protocol"), campaign.settings.executor.kind
    with store.transaction():
        store.begin_iteration(1)
        store.set(iteration=1)
        for n in range(number):
            key, claim = f"{n:016x}", claims.new_claim()
            store.add_polymer(key, f"*{'C' * (n + 1)}O*", f"*{'C' * (n + 1)}O*", "generated", 1)
            store.plan_replica(key, protocol, 0, 1)
            store.update_replica(
                key, protocol, 0, status="running", executor=kind, handle=f"{n:06d}", claim=claim, started=time.time()
            )
    tasks = Tasks(campaign, store)
    for row in store.replica_states():
        task = tasks.of(row)
        here = run_folder(task.folder, row.claim or "")
        shutil.copytree(run, here)
        write_json(here / cache.TASK, cache.identity(replace(task, engine="lammps")))  # of its own choice
        job.write_job(task, row.claim or "")


def _syncs(folder: Path) -> float:
    """Small files written and synced in a second."""
    begun = time.monotonic()
    for n in range(100):
        write_json(folder / "syncs" / str(n), n)
    return 100 / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
