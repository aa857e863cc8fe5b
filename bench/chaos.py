"""Small campaigns (protocol `smoke`) on a machine that is befallen by everything, for an hour.

    python bench/chaos.py [--minutes 60] [--seed 1] [--lasts-s 30 130] [--folder DIR]

Faults come at random, by a plan that the seed makes (`tests/campaign/chaos.py`). The daemon is started, and started
again, as the unit of its service does. Every campaign is run undisturbed beside it, with the same seed. The two have to
end with the same tables, no finished replica may be run again, `verify` must find nothing, nothing may be left behind,
and each kind of fault must have had an effect. Prints what struck, a line per campaign and the sum; exit code 1 where
something of this does not hold. Needs root.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.campaign.befallen import befallen, set_up_in, unequal
from tests.campaign.chaos import BEFALLS
from tests.campaign.faulty_machine import missing
from tests.campaign.storm import PATIENCE_S, begin

CHANGES = {"batch": 2, "replicas": 2, "iterations": 2}
STRIKES = 2 * len(BEFALLS)
RESTART_S = 30


def main() -> int:
    """Run campaigns until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first campaign")
    parser.add_argument("--lasts-s", type=float, nargs=2, default=(30.0, 130.0), help="shortest and longest fault")
    parser.add_argument("--folder", type=Path, help="kept; without it a temporary one")
    given = parser.parse_args()
    if lack := missing():
        print(f"error: {lack}", file=sys.stderr)
        return 1
    place = given.folder or Path(tempfile.mkdtemp(prefix="chaos-"))
    until = time.monotonic() + 60 * given.minutes
    struck: Counter[str] = Counter()
    felt: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    wrong = []
    for seed in range(given.seed, sys.maxsize):
        (here := place / str(seed)).mkdir(parents=True)
        options = ["--strikes", STRIKES, "--pause-s", 20, "--lasts-s", *given.lasts_s, "--restart-s", RESTART_S]
        file, whole = set_up_in(here / "whole", seed=seed, **CHANGES)
        undisturbed = begin(file, whole.parent)
        _, folder = set_up_in(here / "befallen", seed=seed, **CHANGES)
        told = befallen(folder, here / "end", "--seed", seed, "--until", max(0.0, until - time.monotonic()), *options)
        assert undisturbed.wait(PATIENCE_S) == 0
        differs = unequal(whole, here / "end")
        struck.update(told["struck"])
        felt.update(told["felt"])
        sums.update({name: told[name] for name in ("starts", "killed_meanwhile", "repeated")})
        wrong += [f"campaign {seed}: {what}" for what in [*differs, *told["left"]]]
        print(f"campaign {seed}: {sum(told['struck'].values())} faults in {told['wall_s'] / 60:.0f} min, "
              f"{told['starts']} starts, state {told['state']}, "
              + (f"differs: {', '.join(differs)}" if differs else "same end"), flush=True)  # fmt: skip
        if time.monotonic() > until:
            break
    print("| fault | struck | had an effect |\n|---|---|---|")
    for kind in BEFALLS:
        print(f"| {kind} | {struck[kind]} | {felt[kind]} |")
    print(f"{sums['starts']} starts, {sums['killed_meanwhile']} kills during another fault, "
          f"{sums['repeated']} finished replicas repeated")  # fmt: skip
    wrong += [f"{kind}: never had an effect" for kind in BEFALLS if not felt[kind]]
    print("\n".join(wrong))
    if not given.folder:
        shutil.rmtree(place)
    return 1 if wrong or sums["repeated"] else 0


if __name__ == "__main__":
    sys.exit(main())
