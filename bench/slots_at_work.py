"""Share of slots at work over a campaign, by the overlap of its batches: a model, not a measurement.

    python bench/slots_at_work.py [--slots 1000] [--iterations 20]

Durations are the CPU times of `quick` in docs/quick-protocol.csv scaled to a mean, each replica another 5 % apart; one
in twenty ends at a random moment and runs again. The rules are those of `autodisco.campaign.overlap`: a batch is chosen
when the first part of the one before has ended and the iteration before that is closed; to draw takes half of the
serial work of an iteration, acquire and retrain the other half. Places of builds of further tiers are left out.
"""

import argparse
import csv
import heapq
import math
import random
from pathlib import Path

TABLE = Path(__file__).parents[1] / "docs" / "quick-protocol.csv"
OVERLAPS = (0.0, 0.1, 0.3, 1.0)
PER_SLOT = (1, 4, 16)


def durations(number: int, mean_s: float, times: list[float], rng: random.Random) -> list[float]:
    scale = mean_s / (sum(times) / len(times))
    made = (rng.choice(times) * scale * rng.lognormvariate(0, 0.05) for _ in range(number))
    return [one * (1 + rng.random() * (rng.random() < 0.05)) for one in made]


def share_at_work(slots: int, batches: list[list[float]], overlap: float, serial_s: float) -> float:
    """Busy time over slots times the whole time, of batches of replicas that start in their order."""
    free = [0.0] * slots
    may_start, closed = 0.0, 0.0  # this batch; the iteration before
    for batch in batches:
        ends = []
        for duration in batch:
            ends.append(max(heapq.heappop(free), may_start) + duration)
            heapq.heappush(free, ends[-1])
        first = ends[: len(ends) - math.ceil(overlap * len(ends))]
        if overlap:
            may_start = max([closed, *first]) + serial_s / 2
            closed = max([may_start, *ends]) + serial_s / 2
        else:
            closed = max(ends) + serial_s / 2
            may_start = closed + serial_s / 2
    return sum(map(sum, batches)) / (slots * max(free))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slots", type=int, default=1000)
    parser.add_argument("--iterations", type=int, default=20)
    asked = parser.parse_args()
    with open(TABLE) as file:
        times = [float(row["cpu_s"]) for row in csv.DictReader(file)]
    overlaps = " | ".join(f"{one:g}" for one in OVERLAPS)
    print(f"| replica | serial work an iteration | replicas a slot | overlap {overlaps} |")
    print("|---|---|---|" + "---|" * len(OVERLAPS))
    for mean_s in (60, 600, 7200):
        for serial_s in (60, 600):
            for per_slot in PER_SLOT:
                rng = random.Random(1)
                number = asked.slots * per_slot
                batches = [durations(number, mean_s, times, rng) for _ in range(asked.iterations)]
                shares = (share_at_work(asked.slots, batches, overlap, serial_s) for overlap in OVERLAPS)
                cells = " | ".join(f"{100 * share:.0f} %" for share in shares)
                print(f"| {mean_s} s | {serial_s} s | {per_slot} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
