"""What readers at 10 Hz cost the daemon's writes.

    python bench/readers.py CAMPAIGN_FOLDER [--seconds 20]

Works on a copy of the campaign. One process writes as a daemon does (a journal entry and a replica's state in one
transaction, 50 times a second); its latencies are taken alone, then beside a process each that reads the status,
draws the monitor, reads what a report needs, and writes the whole report, ten times a second or as often as it can
(drawing a report takes most of a second). Prints quantiles in ms, and how often each reader got to it.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autodisco.store import Store

READ = """
import sys, time
from pathlib import Path
from autodisco.monitor import picture
from autodisco.report import write_report
from autodisco.report.content import gather
from autodisco.decide import status
from autodisco.store import Store
folder, what = Path(sys.argv[1]), sys.argv[2]
ways = {"status": status, "content": gather, "report": lambda store: write_report(store, folder / "of-the-bench")}
n, worst = 0, 0.0
while True:
    begin = time.monotonic()
    if what == "monitor":
        picture(folder, 120, 40)
    else:
        with Store.open_readonly(folder) as store:
            ways[what](store)
    n, worst = n + 1, max(worst, time.monotonic() - begin)
    print(n, f"{1000 * worst:.0f}", flush=True)
    time.sleep(max(0.0, 0.1 - (time.monotonic() - begin)))
"""
READERS = ("status", "monitor", "content", "report")


def latencies(store: Store, seconds: float) -> list[float]:
    """Durations in ms of the transactions of a writer, 50 a second."""
    row = store.replicas()[0]
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        begin = time.monotonic()
        with store.transaction():
            store.note("retry", "a bench", {"code": "nan"})
            store.update_replica(row.key, row.protocol, row.replica, status="waiting")
        found.append(1000 * (time.monotonic() - begin))
        time.sleep(max(0.0, 0.02 - found[-1] / 1000))
    return found


def main() -> None:
    """Measure alone, then beside readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as beside:
        folder = Path(beside) / "campaign"
        shutil.copytree(given.folder, folder, ignore=shutil.ignore_patterns("simulations"))
        with Store.open(folder) as store:
            print("| | median | 99 % | longest |\n|---|---|---|---|")
            _print("alone", latencies(store, given.seconds))
            readers = {
                what: subprocess.Popen(
                    [sys.executable, "-c", READ, str(folder), what], stdout=subprocess.PIPE, text=True
                )
                for what in READERS
            }
            for reader in readers.values():
                assert reader.stdout is not None
                reader.stdout.readline()  # it has begun
            _print("beside readers", latencies(store, given.seconds))
        for what, reader in readers.items():
            reader.kill()
            assert reader.stdout is not None
            last = (reader.stdout.read().splitlines() or ["0 0"])[-1].split()
            print(f"{what}: {last[0]} readings, the longest {last[1]} ms", file=sys.stderr)


def _print(what: str, found: list[float]) -> None:
    cuts = statistics.quantiles(found, n=100)
    print(f"| {what} | {statistics.median(found):.1f} ms | {cuts[98]:.1f} ms | {max(found):.0f} ms |", flush=True)


if __name__ == "__main__":
    main()
